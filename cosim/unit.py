"""A unit under test: what its manifest and its golden model say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import Model, code_dtype
from cosim.golden.values import as_codes_of
from gen.errors import ConfigError
from hdl.formats import FormatError, parse_format

__all__ = ["Codes", "Unit", "count_of", "part_of"]

Codes = dict[str, NDArray[Any]]
"""Codes by port: shape (n,), or (n, lanes) where a port has several lanes."""

START = "first"
"""The control port that makes a stateful unit forget what came before."""


@dataclass(frozen=True)
class Unit:
    """What is known of a unit without its Verilog.

    Attributes
    ----------
    manifest
        As `gen.emit` makes it, with or without what it says of the files.
    params
        Normalised parameters, as the model takes them.
    model
        Golden model. Beside the results it may return an array under the name of the port that
        says that there is a result: in which cycles there is one. Without, there always is.
    """

    manifest: Mapping[str, Any]
    params: Mapping[str, Any]
    model: Model

    @property
    def ports(self) -> list[Mapping[str, Any]]:
        return self.manifest["ports"]

    @property
    def latency(self) -> int:
        return self.manifest["latency"]

    @cached_property
    def operands(self) -> list[Mapping[str, Any]]:
        """Ports that the model has an operand for."""
        return [p for p in self.ports if p["dir"] == "in" and p["role"] in ("data", "control")]

    @cached_property
    def results(self) -> list[Mapping[str, Any]]:
        """Ports that the model computes."""
        return [p for p in self.ports if p["dir"] == "out" and p["role"] != "valid"]

    @cached_property
    def valid_in(self) -> str:
        """Name of the port that says that there are operands."""
        return next(p["name"] for p in self.ports if p["role"] == "valid" and p["dir"] == "in")

    @cached_property
    def valid_out(self) -> str:
        """Name of the port that says that there is a result."""
        return next(p["name"] for p in self.ports if p["role"] == "valid" and p["dir"] == "out")

    @cached_property
    def reset(self) -> str | None:
        """Name of the reset, if there is one."""
        return next((p["name"] for p in self.ports if p["role"] == "reset"), None)

    @cached_property
    def is_stateful(self) -> bool:
        """Whether a result depends on more than the operands of one cycle."""
        return any(port["role"] == "control" for port in self.operands)

    @cached_property
    def can_restart(self) -> bool:
        """Whether there is a port that makes a state forget what came before."""
        return any(port["name"] == START for port in self.operands)

    @cached_property
    def vector_bytes(self) -> int:
        """Bytes that the operands of one cycle take as codes."""
        return sum(p["lanes"] * _dtype_of(p).itemsize for p in self.operands)

    def checked(self, operands: Mapping[str, Any], source: str) -> Codes:
        """Return somebody's operands in the form that everything here expects.

        Beside the operands there may be an array for the valid port and one for the reset, which
        say what to drive on them cycle by cycle.

        Raises
        ------
        ConfigError
            If they do not fit the ports; `source` says where they come from.
        """
        extra = [p for p in self.ports if p["name"] in (self.valid_in, self.reset)]
        known = {port["name"]: port for port in [*self.operands, *extra]}
        unknown = next((name for name in operands if name not in known), None)
        if unknown is not None:
            raise ConfigError(f"{source}: {unknown}: no such port; there are {', '.join(known)}")
        missing = [p["name"] for p in self.operands if p["name"] not in operands]
        if missing:
            raise ConfigError(f"{source}: {missing[0]}: no codes for this port")
        checked = {name: _checked(operands[name], known[name], source) for name in operands}
        counts = {name: len(codes) for name, codes in checked.items()}
        if len(set(counts.values())) != 1:
            shown = ", ".join(f"{name} has {count}" for name, count in counts.items())
            raise ConfigError(f"{source}: ports need as many codes each, but {shown}")
        if count_of(checked) == 0:
            raise ConfigError(f"{source}: there are no codes in it")
        return checked

    def is_scheduled(self, operands: Codes) -> bool:
        """Whether operands say when the valid port or the reset is driven."""
        return self.valid_in in operands or self.reset in operands

    def respond(self, operands: Codes) -> tuple[Codes, NDArray[np.bool_]]:
        """Return what the unit must answer, and which cycles an answer is due for.

        Parameters
        ----------
        operands
            Consecutive cycles of one unit, from its reset on. Unless they say otherwise, every
            cycle is valid and none has a reset.
        """
        count = count_of(operands)
        if not self.is_scheduled(operands):
            return self._answer(operands)
        reset = operands.get(self.reset or "", np.zeros(count)) != 0
        accepted = (operands.get(self.valid_in, np.ones(count)) != 0) & ~reset
        expected = {
            port["name"]: np.zeros(
                (count, port["lanes"]) if port["lanes"] > 1 else count, _dtype_of(port)
            )
            for port in self.results
        }
        due = np.zeros(count, np.bool_)
        # A state lasts from one reset to the next.
        epoch = np.cumsum(reset) if self.is_stateful else np.zeros(count, int)
        for number in np.unique(epoch[accepted]):
            chosen = accepted & (epoch == number)
            answer, due[chosen] = self._answer(
                {p["name"]: operands[p["name"]][chosen] for p in self.operands}
            )
            for name, codes in expected.items():
                codes[chosen] = answer[name]
        # A reset in a cycle clears what was taken in the `latency - 1` cycles before, or in it.
        resets = np.append(np.flatnonzero(reset), count + self.latency)
        cycles = np.arange(count)
        next_reset = resets[np.searchsorted(resets, cycles)]
        return expected, due & (next_reset >= cycles + self.latency)

    def respond_apart(
        self, operands: Codes, streams: int
    ) -> tuple[Codes, Codes, NDArray[np.bool_]]:
        """Share operands among units; return them, the answers, and where these are due.

        Each of the `streams` units gets a contiguous part and begins with its reset. Where a port
        starts a state afresh it is made to do so there: one call of the model answers for all.
        """
        if streams > 1 and self.can_restart:
            first = operands[START].copy()
            first[:: -(-len(first) // streams)] = 1
            operands = operands | {START: first}
        elif streams > 1 and self.is_stateful:
            count = count_of(operands)
            part = -(-count // streams)
            starts = range(0, count, part)
            answers = [self.respond(part_of(operands, k, min(k + part, count))) for k in starts]
            expected = {
                port["name"]: np.concatenate([codes[port["name"]] for codes, _ in answers])
                for port in self.results
            }
            return operands, expected, np.concatenate([due for _, due in answers])
        return operands, *self.respond(operands)

    def _answer(self, operands: Codes) -> tuple[Codes, NDArray[np.bool_]]:
        """Return the model's answers to valid operands, and in which cycles there is one."""
        answer = dict(self.model(self.params, operands))
        due = answer.pop(self.valid_out, None)
        always = np.ones(count_of(operands), np.bool_)
        return answer, always if due is None else np.asarray(due) != 0

    def state_start(self, operands: Codes, position: int) -> int:
        """Return the last cycle up to `position` from which on the past does not matter."""
        if not self.is_stateful:
            return position
        begins = np.zeros(position + 1, np.bool_)
        if self.can_restart:
            begins |= operands[START][: position + 1] != 0
        if self.valid_in in operands:
            begins &= operands[self.valid_in][: position + 1] != 0
        if self.reset in operands:
            begins |= operands[self.reset][: position + 1] != 0
        starts = np.flatnonzero(begins)
        return int(starts[-1]) if len(starts) else 0


def count_of(operands: Codes) -> int:
    """Return how many cycles there are operands for."""
    return len(next(iter(operands.values())))


def part_of(operands: Codes, start: int, stop: int) -> Codes:
    """Return the cycles from `start` to `stop`."""
    return {name: codes[start:stop] for name, codes in operands.items()}


def _dtype_of(port: Mapping[str, Any]) -> np.dtype[Any]:
    return code_dtype(port["width"] // port["lanes"])


def _bits_of(array: NDArray[Any], port: Mapping[str, Any]) -> NDArray[Any]:
    """Return the codes in an array of the type that numpy or ml_dtypes has for a port's format."""
    if port["format"] is None or array.dtype.kind in "bu":
        return array
    fmt = parse_format(port["format"])
    if array.dtype.name == f"void{8 * code_dtype(fmt.bits).itemsize}":
        same = True  # what a file keeps of ml_dtypes' types
    else:
        try:
            same = parse_format(array.dtype.name) == fmt
        except FormatError:
            same = False
    return as_codes_of(array, fmt) if same else array


def _checked(given: Any, port: Mapping[str, Any], source: str) -> NDArray[Any]:
    codes = _bits_of(np.asarray(given), port)
    name, lanes = port["name"], port["lanes"]
    if lanes == 1 and codes.ndim == 2:  # a vector of one lane
        codes = codes[:, 0] if codes.shape[1] == 1 else codes
    if codes.shape[1:] != (() if lanes == 1 else (lanes,)) or codes.ndim == 0:
        wanted = "(n,)" if lanes == 1 else f"(n, {lanes})"
        raise ConfigError(f"{source}: {name}: codes have the shape {wanted}, not {codes.shape}")
    if codes.dtype.kind not in "bui":
        raise ConfigError(f"{source}: {name}: codes are integers, not {codes.dtype}")
    bits = port["width"] // lanes
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < 1 << bits:
        raise ConfigError(
            f"{source}: {name}: codes of {bits} bits are 0 to {(1 << bits) - 1}, "
            f"not {int(codes.min())} to {int(codes.max())}"
        )
    return codes.astype(_dtype_of(port), copy=False)
