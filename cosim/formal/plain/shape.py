"""What there is to add up, and what becomes of it, from the parameters of a unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cosim.formal.plain.operands import Kind, Vector, kind_of
from cosim.golden.dot import tables_of
from hdl.formats import BlockFormat, FloatFormat, IntFormat, parse_format

__all__ = ["ACCUMULATOR", "Scales", "Selection", "Shape", "Window"]

ACCUMULATOR = "accumulated"
"""Input port with the running result, where a unit has one inside."""


@dataclass(frozen=True)
class Scales:
    """Factors that all lanes of a vector share.

    Attributes
    ----------
    a, b
        One for each vector.
    length
        Lanes of a vector.
    bits
        Bits that the product of two integer scales is rounded to; None for all.
    """

    a: Vector
    b: Vector
    length: int
    bits: int | None

    @property
    def dropped(self) -> int:
        """Bits by which the product of two integer scales is shortened."""
        full = self.a.bits + self.b.bits
        return full - (full if self.bits is None else self.bits)


@dataclass(frozen=True)
class Window:
    """Bits of each term that are kept below the largest exponent, and whether others leave one."""

    fraction_bits: int
    sticky: bool

    @property
    def kept_bits(self) -> int:
        """Places below the largest exponent that terms may have a bit in."""
        return self.fraction_bits + (3 if self.sticky else 0)


@dataclass(frozen=True)
class Selection:
    """N of every M operands, by their positions."""

    n: int
    m: int
    groups: int

    @property
    def index_bits(self) -> int:
        """Bits of a position."""
        return max(1, (self.m - 1).bit_length())


@dataclass(frozen=True)
class Shape:
    """A sum of products and an addend, rounded once.

    Attributes
    ----------
    a, b
        Factors, lane by lane.
    c
        Format of the addend; None for none.
    y
        Format of the result.
    lanes
        Products in a sum.
    scales, window, selection
        As far as there are any.
    accumulate
        Whether the addend is the result before, unless a port says that it is the `first`.
    flags
        Whether there are any.
    rounding
        How to round.
    saturate, flush
        What becomes of results too large, and of subnormal numbers.
    lsb
        Weight of the lowest bit of an integer y.
    """

    a: Vector
    b: Vector
    c: Kind | None
    y: IntFormat | FloatFormat
    lanes: int
    scales: Scales | None
    window: Window | None
    selection: Selection | None
    accumulate: bool
    flags: bool
    rounding: str
    saturate: bool
    flush: bool
    lsb: int

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Shape:
        """Return the shape of an `fma`, a `dot` or a `block_dot`.

        Raises
        ------
        LookupError
            If something in it has no description.
        """
        accumulate = params.get("accumulate", False)
        c, y = params["y"] if accumulate else params["c"], parse_format(params["y"])
        if params["rounding"] == "stochastic":
            raise LookupError("rounding = stochastic has no reference description")
        if params.get("group") not in (None, 1):
            raise LookupError(f"group = {params['group']} has no reference description")
        if params.get("outer") is not None:
            raise LookupError(f"outer = {params['outer']} has no reference description")
        if not isinstance(y, IntFormat | FloatFormat):
            raise LookupError(f"format {y.name!r} has no reference description")
        window = None
        if params.get("align", "exact") == "window":
            window = Window(params["fraction_bits"], params["sticky"])
        factors, scales = _factors(params)
        blocks = params.get("blocks", 1) * (scales.length if scales else 1)
        lanes = params.get("lanes", blocks)
        selection = None
        if params.get("sparsity") is not None:
            n, m = map(int, params["sparsity"].split(":"))
            selection = Selection(n, m, lanes // n)
        return cls(
            a=factors[0],
            b=factors[1],
            c=None if c is None else kind_of(parse_format(c)),
            y=y,
            lanes=lanes,
            scales=scales,
            window=window,
            selection=selection,
            accumulate=accumulate,
            flags=params.get("flags", False),
            rounding=params["rounding"],
            saturate=params["overflow"] == "saturate",
            flush=params.get("subnormals", "ieee") == "flush",
            lsb=params.get("lsb", 0),
        )

    @property
    def is_integer(self) -> bool:
        """Whether nothing but integers is multiplied and added."""
        scales = () if self.scales is None else (self.scales.a.fmt, self.scales.b.fmt)
        numbers = (self.a.fmt, self.b.fmt, *scales, self.c, self.y)
        return all(isinstance(fmt, IntFormat) for fmt in numbers if fmt is not None)

    @property
    def addend(self) -> Vector | None:
        """What is added to the products."""
        if self.c is None:
            return None
        return Vector(ACCUMULATOR if self.accumulate else "c", self.c.bits, self.c)

    def inputs(self) -> Iterator[tuple[str, int]]:
        """Yield name and width of the operands' ports."""
        selection = self.selection
        positions = selection.groups * selection.m if selection else self.lanes
        yield "a", self.a.bits * positions
        yield "b", self.b.bits * self.lanes
        if selection:
            yield "meta", selection.groups * selection.n * selection.index_bits
        if self.scales is not None:
            vectors = self.lanes // self.scales.length
            yield "scale_a", self.scales.a.bits * vectors
            yield "scale_b", self.scales.b.bits * vectors
        addend = self.addend
        if addend is not None:
            yield addend.port, addend.bits
        if self.accumulate:
            yield "first", 1

    def outputs(self) -> Iterator[tuple[str, int]]:
        """Yield name and width of the results' ports."""
        yield "y", self.y.bits
        if self.flags:
            yield "flags", 4
        if self.selection:
            yield "err", 1


def _factors(params: Mapping[str, Any]) -> tuple[list[Vector], Scales | None]:
    a, b = (parse_format(params[port]) for port in "ab")
    port = "selected" if params.get("sparsity") else "a"
    if isinstance(a, BlockFormat) and isinstance(b, BlockFormat):
        found = [_plain(name, fmt.element) for name, fmt in ((port, a), ("b", b))]
        scales = [_plain(f"scale_{name}", fmt.scale) for name, fmt in (("a", a), ("b", b))]
        return found, Scales(scales[0], scales[1], a.length, params["scale_bits"])
    tables = tables_of(params)
    found = [
        Vector(
            name,
            fmt.bits,
            kind_of(tables[key].fmt),
            None if (table := tables[key].table) is None else tuple(table.tolist()),
        )
        for key, name, fmt in (("a", port, a), ("b", "b", b))
    ]
    scale = params.get("scale")
    if scale is None:
        return found, None
    scales = [_plain(f"scale_{key}", parse_format(scale[key])) for key in "ab"]
    return found, Scales(scales[0], scales[1], scale["vector"], scale["bits"])


def _plain(port: str, fmt: Any) -> Vector:
    return Vector(port, fmt.bits, kind_of(fmt))
