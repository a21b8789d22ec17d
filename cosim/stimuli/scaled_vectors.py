"""Vectors for scales that are found by a division, and outer scales beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.encoder import encode
from cosim.golden.values import decode, largest
from cosim.stimuli import operands
from hdl.formats import BlockFormat, FloatFormat, Format, PowerFormat, parse_format

__all__ = ["Vectors", "directed_vectors", "random_vectors"]

_MANY = 64
"""Scales that directed vectors aim at, at most; and elements under each."""

_LIVELY = 0.97
"""Share of outer scales that are positive numbers."""


class Vectors(NamedTuple):
    """Numbers and outer scales.

    Attributes
    ----------
    codes
        Shape (n, block).
    outer
        Codes of the outer scales, shape (n,); None where there are none.
    """

    codes: NDArray[Any]
    outer: NDArray[Any] | None


class _Rule:
    """How numbers, scales and elements hang together in a unit."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.x: str = params["x"]
        self.block = cast(BlockFormat, parse_format(params["y"]))
        self.top = largest(self.block.element)
        self.published = params.get("order") == "published"
        self.outer: Format | None = None
        if params["outer"] != "none":
            self.outer = parse_format(params["outer"])

    def outer_values(self, codes: NDArray[Any] | None, count: int) -> NDArray[np.float64]:
        """Return outer scales, 1 where there is none or it is no positive number."""
        if codes is None or self.outer is None:
            return np.ones(count)
        found = decode(codes, self.outer)
        return np.where(np.isfinite(found) & (found > 0), found, 1.0)

    def outer_near(self, wanted: ArrayLike) -> NDArray[Any]:
        """Return codes of outer scales."""
        assert self.outer is not None
        return encode(np.asarray(wanted, dtype=np.float64), self.outer, overflow="saturate")

    def outer_corners(self) -> NDArray[Any]:
        """Return codes of outer scales of all kinds."""
        assert self.outer is not None
        if isinstance(self.outer, PowerFormat):
            return np.array([0, 1, 126, 127, 128, 253, 254, 255], dtype=np.uint8)
        return operands.corner_codes(self.outer)

    def units(self, peak: NDArray[np.float64], outer: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what elements are multiples of in vectors of such largest magnitudes."""
        if self.published:
            return peak / self.top
        scale = self.block.scale
        ideal = peak / (self.top * outer)
        if isinstance(scale, FloatFormat):
            ideal = np.maximum(ideal, 2.0**scale.min_exponent)
            return decode(encode(ideal, scale, overflow="saturate"), scale) * outer
        return np.clip(np.ceil(ideal), 1, largest(scale)) * outer


def _targets(fmt: Format, most: int) -> NDArray[np.float64]:
    """Return numbers of a format that are not negative, and what is half way between two.

    As many as asked for at most, the smallest and the largest among them, and something beyond.
    """
    codes = np.arange(1 << min(fmt.bits, 16)).astype(np.uint32)
    found = decode(codes, fmt).astype(np.float64)
    numbers = np.unique(found[np.isfinite(found) & (found >= 0)])
    every = np.sort(np.concatenate([numbers, (numbers[:-1] + numbers[1:]) / 2]))
    if len(every) > most:
        ends = most // 4
        middle = np.linspace(ends, len(every) - ends - 1, most - 2 * ends).astype(int)
        every = np.concatenate([every[:ends], every[middle], every[-ends:]])
    return np.append(every, 1.25 * every[-1])


def directed_vectors(params: Mapping[str, Any]) -> Vectors:
    """Return vectors of corners, of steps of scales and elements, and of halves between them.

    Every corner of x comes alone and in all lanes, as does every power of two over a small and a
    large outer scale, and every corner of that below a number of its size. Steps and halves of
    scales, and their neighbours, come as largest numbers alone; those of elements beside largest
    numbers that lead to some of these scales.
    """
    rule = _Rule(params)
    length = rule.block.length
    corners = operands.corner_codes(rule.x)
    zero = operands.constant(rule.x, 0.0)
    alone = np.full((len(corners), length), zero, dtype=corners.dtype)
    alone[np.arange(len(corners)), np.arange(len(corners)) % length] = corners
    everywhere = np.repeat(corners[:, None], length, axis=1)
    low, high = operands.exponent_range(rule.x)
    middle = 2.0 ** ((low + high) // 2 - 4)
    parts = [Vectors(each, _repeated(rule, middle, len(corners))) for each in (alone, everywhere)]

    # All powers of two there are, over the least and the largest.
    powers = operands.nearest(rule.x, np.exp2(np.arange(low, high + 1, dtype=np.float64)))
    rows = np.repeat(powers[:, None], length, axis=1)
    parts += [Vectors(rows, _repeated(rule, 2.0**end, len(rows))) for end in (low, high)]

    if rule.outer is not None:
        outer = rule.outer_corners()
        peaks = rule.outer_values(outer, len(outer)) * rule.top
        parts.append(Vectors(_rows(rule, peaks, np.ones((len(outer), 1))), outer))

    scales = _targets(rule.block.scale, _MANY)
    elements = _targets(rule.block.element, _MANY)
    missing = -len(elements) % max(1, length - 1)
    elements = np.pad(elements, (0, missing)).reshape(-1, max(1, length - 1))
    for unit in (1.0, middle, 1.625 * middle, 2.0**high / rule.top):
        given = _repeated(rule, unit, len(scales))
        values = rule.outer_values(given, len(scales))
        peaks = scales * rule.top * values
        none = np.zeros((len(scales), 1))
        parts += [Vectors(_rows(rule, peaks, none, step), given) for step in (-1, 0, 1)]
        for peak in peaks[[0, 1, len(peaks) // 3, len(peaks) // 2, -2, -1]]:
            codes = operands.nearest(rule.x, np.full(1, peak))
            found = np.abs(operands.values(rule.x, codes))
            size = rule.units(found, values[:1])
            for step in (-1, 0, 1):
                rows = _rows(rule, np.full(len(elements), peak), elements * size, step)
                few = _repeated(rule, unit, len(rows))
                parts += [Vectors(rows, few), Vectors(operands.negated(rule.x, rows), few)]
    return _joined(parts)


def _repeated(rule: _Rule, value: float, count: int) -> NDArray[Any] | None:
    return None if rule.outer is None else np.repeat(rule.outer_near([value]), count)


def _rows(
    rule: _Rule, peaks: NDArray[np.float64], others: NDArray[np.float64], step: int = 0
) -> NDArray[Any]:
    """Return vectors of a largest number, and of others `step` codes away, filled up with zeros."""
    length = rule.block.length
    wanted = np.hstack([peaks[:, None], others])[:, :length]
    wanted = np.pad(wanted, [(0, 0), (0, length - wanted.shape[1])])
    codes = operands.nearest(rule.x, wanted)
    # Alone, it is the largest number that moves.
    moved = slice(0, 1) if not others.any() else slice(1, None)
    codes[:, moved] = operands.nudged(rule.x, codes[:, moved], step)
    return codes


def _joined(parts: list[Vectors]) -> Vectors:
    outer = [part.outer for part in parts if part.outer is not None]
    codes = np.concatenate([part.codes for part in parts])
    return Vectors(codes, np.concatenate(outer) if outer else None)


def random_vectors(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Vectors:
    """Return vectors whose scales and elements lie on steps, halves and beside them, or anywhere.

    A few have infinities or NaN, few numbers among zeros, any codes at all, or outer scales that
    are no positive numbers.
    """
    rule = _Rule(params)
    name, shape = rule.x, (count, rule.block.length)
    low, high = operands.exponent_range(name)
    outer = None
    if rule.outer is not None:
        reach = int(np.log2(rule.top * largest(rule.block.scale)))
        # From few numbers that are large enough for a scale, to few that are small enough.
        least = min(low - 2, high - reach)
        exponent = rng.integers(least, high - reach // 2, count, endpoint=True)
        # Few significant bits, so that there are numbers half way.
        significand = 1 + np.where(
            rng.random(count) < 0.6, rng.integers(0, 8, count) / 8, rng.random(count)
        )
        outer = rule.outer_near(np.ldexp(significand, exponent.clip(-300, 300)))
        none = outer == 0
        outer[none & (not isinstance(rule.outer, PowerFormat))] = 1
    values = rule.outer_values(outer, count)

    # The largest number, from the scale that it leads to.
    scales = rng.choice(_targets(rule.block.scale, 4 * _MANY), count)
    low_scale = max(2.0**-8, float(np.ldexp(1.0, low)))
    anywhere = np.exp2(rng.uniform(np.log2(low_scale), np.log2(largest(rule.block.scale)), count))
    scales = np.where(rng.random(count) < 0.6, scales, anywhere)
    # And larger ones than there are, with other elements below.
    beyond = largest(rule.block.scale) * np.exp2(rng.uniform(0, 6, count))
    scales = np.where(rng.random(count) < 0.1, beyond, scales)
    peaks = operands.nearest(name, scales * rule.top * values)
    peaks = operands.nudged(name, peaks, rng.integers(-1, 2, count))
    largest_number = np.abs(operands.values(name, peaks))
    units = rule.units(largest_number, values)[:, None]

    chosen = rng.choice(_targets(rule.block.element, 4 * _MANY), shape) * units
    spread = rng.uniform(0, 1, shape) * largest_number[:, None]
    wanted = np.where(rng.random(shape) < 0.6, chosen, spread)
    # What is larger would be the largest.
    wanted = np.minimum(wanted, largest_number[:, None])
    codes = operands.nearest(name, wanted)
    codes = operands.nudged(name, codes, rng.integers(-1, 2, shape))
    codes = np.where(rng.random(shape) < 0.5, operands.negated(name, codes), codes)
    lane, index = rng.integers(0, rule.block.length, count), np.arange(count)
    codes[index, lane] = peaks

    anything = rng.random(count) < 0.05
    codes[anything] = operands.finite_codes(name, (int(anything.sum()), shape[1]), rng)
    zero = codes.dtype.type(operands.constant(name, 0.0))
    sparse = rng.random(count) < 0.1
    kept = rng.random((int(sparse.sum()), shape[1])) < 0.1
    codes[sparse] = np.where(kept, codes[sparse], zero)
    special = operands.special_codes(name)
    poisoned = index[rng.random(count) > _LIVELY]
    codes[poisoned, lane[poisoned]] = rng.choice(special, len(poisoned))
    if outer is not None:
        odd = rng.random(count) > _LIVELY
        outer[odd] = rng.choice(rule.outer_corners(), int(odd.sum()))
    return Vectors(codes, outer)
