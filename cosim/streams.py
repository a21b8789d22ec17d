"""Operands as an accelerator sees them, one set a cycle, with the answers that are due.

Stimuli look for faults, so most of them are corners. What a unit costs, and how accurate it is,
depends on ordinary operands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from cosim.golden import decode, encode, quantize
from cosim.golden.metrics import sqnr
from cosim.golden.values import largest
from cosim.operands import load_operands, unit_of
from cosim.stimuli import get_stimuli
from cosim.unit import START, Codes, Unit, count_of, part_of
from gen.config import Config
from gen.errors import ConfigError
from hdl.formats import (
    BlockFormat,
    FixedFormat,
    Format,
    IntFormat,
    SignMagnitudeFormat,
    parse_format,
)
from hdl.formats.block import usual_length

__all__ = ["Distribution", "Stream", "accuracy", "stream_of"]

Distribution = Literal["gaussian", "uniform"]
"""``gaussian``: normally distributed numbers, those of integers with a sigma of a quarter of the
largest, those of other formats with one of 1; ``uniform``: all finite codes alike."""

_NUMBERS = ("a", "b", "c", "x")
"""Ports whose operands are drawn from a distribution; all others take what the stimuli have."""

_SCALES = {"a": "scale_a", "b": "scale_b"}
"""Ports with the scales of block formats, by that of the elements."""

_OUTER = "outer"
"""The port with the scale of a tensor or channel: one that suits all numbers there are."""

_LAST = "last"
"""The control port that asks for the sum."""

_GRIDS = (IntFormat, FixedFormat, SignMagnitudeFormat)
"""Formats whose numbers are equally far apart: a tensor is scaled to fill their range."""

_PARTIAL_SUM = 16
"""An addend is as large as a sum of so many rows."""


@dataclass(frozen=True)
class Stream:
    """Operands of some units side by side, each with a contiguous part of them, and the answers.

    Attributes
    ----------
    operands, expected
        Codes by port, shape (n,) or (n, lanes).
    due
        In which cycles there is an answer.
    streams
        How many units.
    """

    operands: Codes
    expected: Codes
    due: NDArray[np.bool_]
    streams: int


def stream_of(
    config: Config,
    source: str | Path = "gaussian",
    *,
    streams: int = 512,
    cycles: int = 32,
    seed: int = 1,
) -> Stream:
    """Return ordinary operands for a unit and what it must answer.

    Parameters
    ----------
    config
        The unit.
    source
        A `Distribution`, or an .npz file with operands as `verify` takes them. These are used in
        their order, from the start again if there are too few.
    streams, cycles
        How many streams of how many cycles; an accumulator starts afresh with each, and is asked
        for its sum at the end of it.
    seed
        Where random operands start from.

    Raises
    ------
    ConfigError
        If the file does not fit the unit.
    """
    unit = unit_of(config)
    count = streams * cycles
    if source in get_args(Distribution):
        rng = np.random.default_rng(seed)
        operands = _draw(unit, config.unit, count, rng, str(source)).operands
    else:
        given = unit.checked(load_operands(Path(source)), str(source))
        if unit.is_scheduled(given):
            raise ConfigError(f"{source}: the valid port and the reset are driven here")
        index = np.arange(count) % count_of(given)
        operands = {name: codes[index] for name, codes in given.items()}
    if source in get_args(Distribution):
        _cut_into_runs(operands, unit, cycles)
    return Stream(*unit.respond_apart(operands, streams), streams)


def accuracy(config: Config, *, count: int = 4096, seed: int = 1) -> float | None:
    """Return the signal to noise ratio of a unit's results in dB, on Gaussian operands.

    The signal is what exact arithmetic gives for the operands before they were encoded, so the
    ratio counts what the formats lose as well as what the unit does. None for units that are
    neither a sum of products nor a conversion (or one of vectors in several cycles), and for
    formats in which all is lost.
    """
    unit = unit_of(config)
    ports = {port["name"]: port for port in unit.ports}
    y = ports.get("y")
    if y is None or y["format"] is None:
        return None
    rng = np.random.default_rng(seed)
    operands, reals, factor = _draw(unit, config.unit, count, rng, "gaussian")
    scales = {_SCALES[name] for name in reals if name in _SCALES}
    if set(operands) - set(reals) - scales - {START, _LAST, _OUTER}:
        return None  # something else decides the result
    run = 16
    _cut_into_runs(operands, unit, run)
    if {"a", "b"} <= reals.keys():
        exact = (reals["a"] * reals["b"]).reshape(count, -1).sum(axis=1)
        if unit.can_restart:
            exact = exact.reshape(-1, run).cumsum(axis=1).ravel()
        exact = exact + reals.get("c", 0.0)
    elif "x" in reals and not (_has_shared_scale(unit) and unit.is_stateful):
        exact = reals["x"]
    else:
        return None
    expected, due = unit.respond(part_of(operands, 0, count))
    codes = expected["y"]
    if codes.shape != exact.shape or not due.any():
        return None
    results = decode(codes, y["format"]).astype(np.float64) * factor * 2.0 ** y.get("lsb", 0)
    if _has_shared_scale(unit):
        scales = decode(expected["scale"], ports["scale"]["format"]).astype(np.float64)
        results = results * scales.reshape(count, *[1] * (results.ndim - 1))
    used = due & np.isfinite(results).reshape(count, -1).all(axis=1)
    return float(sqnr(exact[used], results[used])) if used.any() else None


def _has_shared_scale(unit: Unit) -> bool:
    """Whether results are elements of a block whose scale comes beside them."""
    return any(port["name"] == "scale" for port in unit.results)


def _cut_into_runs(operands: Codes, unit: Unit, cycles: int) -> None:
    """Start a sum, and ask for the one before, every so many cycles."""
    count = count_of(operands)
    if unit.can_restart:
        operands[START] = (np.arange(count) % cycles == 0).astype(np.uint8)
        if _LAST in operands:
            operands[_LAST] = (np.arange(count) % cycles == cycles - 1).astype(np.uint8)


class _Drawn(NamedTuple):
    """Operands; where they are Gaussian the numbers behind them, and what a result is short of."""

    operands: Codes
    reals: dict[str, NDArray[np.float64]]
    factor: float = 1.0


def _draw(unit: Unit, name: str, count: int, rng: np.random.Generator, distribution: str) -> _Drawn:
    operands: Codes = dict(get_stimuli(name).random(unit.params, count, rng))
    reals: dict[str, NDArray[np.float64]] = {}
    factor = 1.0
    ports = [*unit.operands, *unit.results]
    formats = {p["name"]: parse_format(p["format"]) for p in ports if p["format"]}
    lsb = next((p.get("lsb", 0) for p in unit.results if p["name"] == "y"), 0)
    for port in unit.operands:
        fmt = formats.get(port["name"])
        if port["name"] not in _NUMBERS or fmt is None:
            continue
        shape = (count, port["lanes"]) if port["lanes"] > 1 else (count,)
        if distribution == "uniform":
            operands[port["name"]] = _finite(fmt, shape, rng)
            continue
        block = _block_format(unit, port["name"])
        if block is not None:
            numbers = rng.standard_normal((count, port["lanes"]))
            codes, scales, outer = _in_blocks(numbers, block)
            reals[port["name"]] = numbers.reshape(shape)
            operands[port["name"]] = codes.reshape(shape)
            given = operands[_SCALES[port["name"]]]
            operands[_SCALES[port["name"]]] = scales.reshape(given.shape)
            factor *= outer
            continue
        sigma = _sigma(fmt)
        unit_size = factor * 2.0**lsb  # of an addend, which has the weight of the result
        if port["name"] == "c" and {"a", "b"} <= formats.keys():
            lanes = next(p["lanes"] for p in unit.operands if p["name"] == "a")
            of_a, of_b = (
                1.0 if _block_format(unit, term) else _sigma(formats[term]) for term in "ab"
            )
            sigma = of_a * of_b * np.sqrt(_PARTIAL_SUM * lanes) / unit_size
        numbers = sigma * rng.standard_normal(shape)
        if not fmt.is_signed:
            numbers = np.abs(numbers)
        reals[port["name"]] = numbers * (unit_size if port["name"] == "c" else 1.0)
        operands[port["name"]] = encode(numbers, fmt, overflow="saturate")
    if _OUTER in formats and reals:
        factor = _draw_outer(operands, reals, formats, factor)
    return _Drawn(operands, reals, factor)


def _draw_outer(
    operands: Codes,
    reals: dict[str, NDArray[np.float64]],
    formats: dict[str, Format],
    factor: float,
) -> float:
    """Put in the outer scale that suits the numbers, and return what a result is still short of."""
    fmt, before = formats[_OUTER], operands[_OUTER]
    quantizes = "x" in reals
    wanted = factor
    if quantizes:
        largest_block = largest(formats["y"]) * largest(formats["scale"])
        wanted = float(np.abs(reals["x"]).max()) / largest_block
    code = encode([wanted], fmt, overflow="saturate")
    operands[_OUTER] = np.repeat(code, len(before)).astype(before.dtype)
    applied = float(decode(code, fmt)[0])
    return applied if quantizes else factor / applied


def _block_format(unit: Unit, port: str) -> BlockFormat | None:
    """Return the block format of the vector on a port that has a scale beside it, if it has."""
    # What sparse weights select from has blocks of another length.
    if all(p["name"] != _SCALES.get(port) for p in unit.operands) or unit.params.get("sparsity"):
        return None
    fmt = parse_format(unit.params[port])
    return fmt if isinstance(fmt, BlockFormat) else None


def _in_blocks(
    numbers: NDArray[np.float64], fmt: BlockFormat
) -> tuple[NDArray[Any], NDArray[Any], float]:
    """Return elements and scales for rows of numbers, one row a cycle, and the outer scale.

    A unit whose blocks are shorter than those that its format usually has is one that takes a
    block in several cycles: these share a scale. The last cycles may be a shorter block.
    """
    per_row = numbers.shape[1] // fmt.length
    usual = usual_length(fmt)
    whole = usual if usual % numbers.shape[1] == 0 else fmt.length
    tensor = quantize(numbers.ravel(), replace(fmt, length=whole))
    scales = np.repeat(tensor.scales, whole // fmt.length)[: len(numbers) * per_row]
    outer = 1.0 if tensor.outer is None else float(tensor.outer.item())
    return (
        tensor.codes.reshape(numbers.shape),
        scales.reshape(len(numbers), per_row),
        outer,
    )


def _sigma(fmt: Format) -> float:
    """Return the standard deviation that suits a format: 1 if it is no grid and reaches 4."""
    # All codes, or of a wide format some: among so many, one is near the largest.
    step = max(1, (1 << fmt.bits) >> 16)
    codes = np.arange(0, 1 << fmt.bits, step, dtype=np.uint64)
    values = decode(codes, fmt).astype(np.float64)
    quarter = float(np.max(np.abs(values[np.isfinite(values)]))) / 4
    return quarter if isinstance(fmt, _GRIDS) else min(1.0, quarter)


def _finite(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    """Return codes that are uniform over those with a finite value."""
    codes = rng.integers(0, 1 << fmt.bits, shape, dtype=np.uint64)
    special = ~np.isfinite(decode(codes, fmt).astype(np.float64))
    codes[special] = rng.choice(codes[~special], int(special.sum()))
    return codes
