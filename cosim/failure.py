"""The first wrong answer, for people: what went in, what came out, how to see it again."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cosim.benches.records import UNKNOWN
from cosim.checker import Batch, Checker, Mismatch
from cosim.golden import decode
from cosim.operands import as_npz
from cosim.unit import Codes, Unit, count_of, part_of
from gen.config import Config, make_config
from gen.files import write_atomically

__all__ = ["Failure", "Value", "config_words", "describe", "reproduce", "save_operands"]

CONTEXT = 64
"""Vectors before a wrong answer that are tried when the operands alone do not bring it back."""


@dataclass(frozen=True)
class Value:
    """The code on one lane of a port, and what it stands for.

    Attributes
    ----------
    port
        Name of the port.
    lane
        Which of its lanes; None if it has one.
    format
        Format of the code; None if it is just bits.
    hex
        The code in hexadecimal.
    value
        What it stands for, in decimal.
    """

    port: str
    lane: int | None
    format: str | None
    hex: str
    value: str


@dataclass(frozen=True)
class Failure:
    """The first wrong answer of a run.

    Attributes
    ----------
    index
        Number of vectors that came before it.
    operands, got, want
        What went in, what came out and what should have.
    operands_file
        The operands, with all that is needed before them to bring the answer back (.npz).
    reproduced
        Whether they did bring it back when they were tried on their own.
    replay
        Command that runs these operands again.
    """

    index: int
    operands: list[Value]
    got: list[Value]
    want: list[Value]
    operands_file: Path
    reproduced: bool
    replay: str


def describe(unit: Unit, mismatch: Mismatch) -> tuple[list[Value], list[Value], list[Value]]:
    """Return operands, got and want of a wrong answer."""
    batch, at = mismatch.batch, mismatch.position
    was_valid = int(mismatch.got[unit.valid_out][0])
    timing = [port for port in unit.ports if port["name"] in (unit.valid_in, unit.reset)]
    valid = [port for port in unit.ports if port["name"] == unit.valid_out]
    if was_valid == mismatch.is_due:  # no need to speak of what is right
        timing, valid = [], []
    given = {name: codes[at] for name, codes in batch.operands.items()}
    want = {name: codes[at] for name, codes in batch.expected.items()}
    return (
        list(_values([*(p for p in timing if p["name"] in given), *unit.operands], given)),
        list(_values([*valid, *(unit.results if was_valid else [])], mismatch.got)),
        list(
            _values(
                [*valid, *(unit.results if mismatch.is_due else [])],
                want | {unit.valid_out: int(mismatch.is_due)},
            )
        ),
    )


def reproduce(unit: Unit, checker: Checker, mismatch: Mismatch) -> tuple[Codes, bool]:
    """Return the fewest operands that bring a wrong answer back, and whether they did.

    Operands on their own suffice nearly always; for a unit with a state, those since it was last
    made to forget. What a fault elsewhere left behind may need more.
    """
    operands, at = mismatch.batch.operands, mismatch.position
    stream = -(-count_of(operands) // mismatch.batch.streams)
    begin = at - at % stream
    starts = [max(begin, unit.state_start(operands, at)), begin]
    if not unit.is_stateful:
        starts.insert(1, max(begin, at - CONTEXT))
    for start in starts:
        chosen = part_of(operands, start, at + 1)
        if checker.run([Batch(chosen, *unit.respond(chosen))]).mismatches:
            return chosen, True
    return part_of(operands, begin, at + 1), False


def save_operands(operands: Codes, directory: Path, name: str) -> Path:
    """Write operands to a file that is named after a unit and its own content."""
    content = as_npz(operands)
    file = f"{name}_{hashlib.sha256(content).hexdigest()[:8]}.npz"
    write_atomically(directory, {file: content})
    return directory / file


def config_words(config: Config) -> list[str]:
    """Return the words of a command line that stand for a config, wherever it came from."""
    words = [config.unit]
    if make_config(config.unit, config.given()).name != config.name:
        words.append(f"name={config.name}")
    return words + [f"{key}={_toml(value)}" for key, value in _flat(config.given())]


def replay_command(config: Config, operands: Path, options: Iterable[str]) -> str:
    """Return the command that checks a unit with the operands in a file."""
    words = ["slipstick", "verify", *config_words(config), "--operands", str(operands), *options]
    return shlex.join(words)


def _values(ports: Iterable[Mapping[str, Any]], codes: Mapping[str, Any]) -> Iterator[Value]:
    for port in ports:
        lanes = np.atleast_1d(codes[port["name"]])
        for lane, code in enumerate(lanes.tolist()):
            bits = port["width"] // port["lanes"]
            yield Value(
                port["name"],
                lane if port["lanes"] > 1 else None,
                port["format"],
                f"0x{code:0{-(-bits // 4)}x}",
                _value(port, code),
            )


def _value(port: Mapping[str, Any], code: int) -> str:
    if port["role"] == "valid" and code == UNKNOWN:
        return "unknown"
    if port["format"] is None:
        return str(code)
    return str(decode(np.array([code], np.uint64), port["format"])[0].item())


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested tables under dotted keys; None is what is not there."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def _toml(value: Any) -> str:
    """Return a value as a word of the command line, strings without quotes where that works."""
    if isinstance(value, str) and re.fullmatch(r"(?!true$|false$|inf$|nan$)[A-Za-z]\w*", value):
        return value
    return json.dumps(value)
