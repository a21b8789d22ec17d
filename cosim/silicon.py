"""Holding golden model and Verilog of a dot product against what a tensor core has answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import convert
from cosim.operands import answer, load_operands
from cosim.results import Result
from cosim.unit import Codes
from cosim.verify import verify_operands
from gen.config import Config
from gen.errors import ConfigError
from hdl.formats import FloatFormat, parse_format

__all__ = ["Comparison", "Recording", "compare", "load_recording"]


@dataclass(frozen=True)
class Recording:
    """Results of one instruction: tiles of m rows, n columns and k products each.

    Attributes
    ----------
    preset
        Config that the instruction is meant to be, as on a command line; may be empty.
    instruction, device
        What was recorded, and on what.
    a
        Codes of the rows, shape (tiles, m, k).
    b
        Codes of the columns, shape (tiles, n, k).
    c, y
        Addends and results, shape (tiles, m, n): the 32-bit words of FP32 or INT32.
    """

    preset: str
    instruction: str
    device: str
    a: NDArray[Any]
    b: NDArray[Any]
    c: NDArray[np.uint32]
    y: NDArray[np.uint32]

    @property
    def products(self) -> int:
        """How many products are summed up for each result."""
        return self.a.shape[2]

    def vectors(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return operands and results, one row for each result."""
        tiles, rows, products = self.a.shape
        columns = self.b.shape[1]
        shape = (tiles, rows, columns, products)
        a = np.broadcast_to(self.a[:, :, None, :], shape).reshape(-1, products)
        b = np.broadcast_to(self.b[:, None, :, :], shape).reshape(-1, products)
        return a, b, self.c.reshape(-1), self.y.reshape(-1)


@dataclass(frozen=True)
class Comparison:
    """What came of a comparison.

    Attributes
    ----------
    vectors
        Results compared.
    mismatches
        In how many the golden model says something else than the silicon.
    first
        The first of these: codes of ``a``, ``b`` and ``c``, and the words that model (``want``)
        and silicon (``silicon``) give. None if there is none.
    verilog
        What came of comparing the Verilog with the golden model on the same operands, one result
        for each step of the chain.
    """

    vectors: int
    mismatches: int
    first: Mapping[str, Any] | None
    verilog: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether silicon, model and Verilog agree."""
        return self.vectors > 0 and not self.mismatches and all(one.passed for one in self.verilog)


def load_recording(file: Path) -> Recording:
    """Read a file that `examples/gpu/record.py` has written.

    Raises
    ------
    ConfigError
        If it is none.
    """
    arrays = load_operands(file)
    names = ("preset", "instruction", "device")
    missing = [key for key in (*names, "a", "b", "c", "y") if key not in arrays]
    if missing:
        raise ConfigError(f"{file}: {missing[0]}: no such array: this is not a recording")
    a, b, c, y = (arrays[key] for key in "abcy")
    fits = a.ndim == b.ndim == 3 and len(a) == len(b) > 0 and a.shape[2] == b.shape[2]
    if not fits or not c.shape == y.shape == (len(a), a.shape[1], b.shape[1]):
        shapes = ", ".join(f"{key} {arrays[key].shape}" for key in "abcy")
        raise ConfigError(
            f"{file}: shapes do not fit (tiles, m or n, k) and (tiles, m, n): {shapes}"
        )
    preset, instruction, device = (str(arrays[key]) for key in names)
    return Recording(preset, instruction, device, a, b, c, y)


def compare(recording: Recording, config: Config, source: str) -> Comparison:
    """Compare a recording with the golden model of a config, and that with its Verilog.

    A sum of more products than the config has lanes is a chain of steps, the lowest lanes first,
    each with the result of the step before as its addend.

    Raises
    ------
    ConfigError
        If the config is no dot product with an addend that the recording fits; `source` is what
        messages call the recording.
    """
    params = config.params_dict()
    _check(recording, config, params, source)
    a, b, c, recorded = recording.vectors()
    wide = "fp32" if isinstance(parse_format(params["y"]), FloatFormat) else "int32"
    words, results = c, []
    for start in range(0, recording.products, params["lanes"]):
        lanes = slice(start, start + params["lanes"])
        operands = {"a": a[:, lanes], "b": b[:, lanes], "c": words}
        results.append(verify_operands(config, operands)[0])
        words = _as_words(answer(config, operands, source), params["y"], wide)
    wrong = np.flatnonzero(words != recorded)
    return Comparison(
        len(words),
        len(wrong),
        next(_shown(wrong[:1], {"a": a, "b": b, "c": c, "want": words, "silicon": recorded}), None),
        tuple(results),
    )


def _check(recording: Recording, config: Config, params: Mapping[str, Any], source: str) -> None:
    if config.unit != "dot" or params["c"] not in ("fp32", "int32"):
        raise ConfigError(f"{config.name}: takes a dot with c = fp32 or int32")
    if recording.products % params["lanes"]:
        raise ConfigError(
            f"{source}: {recording.products} products are no multiple of lanes = {params['lanes']}"
        )
    for key, codes in (("a", recording.a), ("b", recording.b)):
        bits = parse_format(params[key]).bits
        if int(codes.max()) >> bits:
            raise ConfigError(f"{source}: {key}: codes of more than {bits} bits, {params[key]}'s")


def _as_words(answers: Codes, y: str, wide: str) -> NDArray[np.uint32]:
    """Return results as a tensor core has them in a register: FP32 or INT32."""
    words = answers["y"] if y == wide else convert(answers["y"], y, wide)
    return np.asarray(words).astype(np.uint32)


def _shown(
    positions: NDArray[np.intp], arrays: Mapping[str, NDArray[Any]]
) -> Iterator[dict[str, Any]]:
    for position in positions:
        yield {name: array[position].tolist() for name, array in arrays.items()}
