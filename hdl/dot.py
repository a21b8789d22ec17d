"""Dot product of two vectors, with an addend or an accumulator, rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any, Literal, cast, get_args

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hdl.bricks.adder import Adder
from hdl.bricks.rounding import Rounding
from hdl.dot_window import WindowDatapath
from hdl.formats import FloatFormat, Format, IntFormat
from hdl.options import (
    Objective,
    Subnormals,
    adder_for,
    check_options,
    default_overflow,
    normalizer_for,
)
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port, members
from hdl.stages.align import Align as AlignAddend
from hdl.stages.align import frame_of
from hdl.stages.fixed import round_fraction
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.normalize import Normalize
from hdl.stages.pack import Overflow, Pack
from hdl.stages.place import Place
from hdl.stages.product import Product
from hdl.stages.reduce import AddAligned, SumIntegerProducts, SumTerms
from hdl.stages.specials import Specials
from hdl.stages.terms import (
    Case,
    Term,
    TermRange,
    operand_range,
    product_range,
    target_of,
)
from hdl.stages.unpack import Unpack
from hdl.stages.window import MAX_FRACTION_BITS

__all__ = ["ALIGNMENTS", "MAX_LANES", "Align", "Dot", "exact_sum", "exact_sum_format"]

Align = Literal["exact", "window"]
"""Whether all of every term is added, or what a window below the largest term keeps of it."""

ALIGNMENTS: tuple[Align, ...] = get_args(Align)

MAX_LANES = 1024

_JOINING_BITS = 16
"""Bits by which the word of the products may grow to hold an addend, too."""


def exact_sum(a: Format, b: Format, lanes: int, c: Format | None) -> tuple[IntFormat, int]:
    """Return the smallest integer format that holds every sum of `lanes` products plus `c`.

    With floats, infinities and NaN aside, it counts units of the lowest bit of a product, whose
    weight is returned as well, as a power of two.

    Raises
    ------
    FormatError
        If that takes more than 64 bits.
    ValueError
        If `c` is given and not all are integers.
    """
    if isinstance(a, IntFormat) and isinstance(b, IntFormat) and isinstance(c, IntFormat | None):
        return exact_sum_format(a, b, lanes, c), 0
    if c is not None:
        raise ValueError("y can only be left out with c where all operands are integers")
    product = product_range(operand_range(a), operand_range(b))
    largest = lanes * _largest(a) * _largest(b) << (product.max_weight - product.min_weight)
    return IntFormat(largest.bit_length() + 1), product.min_weight


def _largest(fmt: Format) -> int:
    """Return the largest significand at the largest weight."""
    if isinstance(fmt, IntFormat):
        return max(fmt.max_value, -fmt.min_value)
    assert isinstance(fmt, FloatFormat)
    hidden = 1 << fmt.mantissa_bits
    return fmt.max_code & (hidden - 1) | (hidden if fmt.max_code >= hidden else 0)


def exact_sum_format(a: IntFormat, b: IntFormat, lanes: int, c: IntFormat | None) -> IntFormat:
    """Return the smallest integer format that holds every sum of `lanes` products plus `c`.

    Raises
    ------
    FormatError
        If that takes more than 64 bits.
    """
    products = [x * y for x in (a.min_value, a.max_value) for y in (b.min_value, b.max_value)]
    low = lanes * min(products) + (c.min_value if c else 0)
    high = lanes * max(products) + (c.max_value if c else 0)
    if low >= 0:
        return IntFormat(max(1, high.bit_length()), signed=False)
    return IntFormat(max((-low - 1).bit_length(), high.bit_length()) + 1)


@dataclass(frozen=True)
class _Word:
    """The fixed-point word that holds an exact sum.

    Attributes
    ----------
    base
        Weight of its lowest bit.
    bits
        Its width, with a sign.
    addend
        Width and place of an addend in it; None without one.
    """

    base: int
    bits: int
    addend: tuple[int, int] | None


def _word_of(lanes: int, product: TermRange, addends: Sequence[TermRange]) -> _Word:
    """Return the word that holds the sum of so many products and of the addend, if there is one."""

    def extent(term: TermRange) -> int:
        return term.bits + term.max_weight - term.min_weight

    base = min(term.min_weight for term in (product, *addends))
    largest = lanes * ((1 << extent(product)) - 1) << (product.min_weight - base)
    places = [(extent(term), term.min_weight - base) for term in addends]
    largest += sum(((1 << bits) - 1) << place for bits, place in places)
    return _Word(base, largest.bit_length() + 1, places[0] if places else None)


class Dot(wiring.Component):
    """``y = round(sum(a[i] * b[i]) + c)`` with a single rounding.

    Every product is placed exactly in one fixed-point word, or cut off at a common place some bits
    below the largest term: in either case the order of the lanes does not matter. `c` is a port, or
    the previous `y` (an accumulator that a cycle with `first` restarts), or absent. One result a
    cycle, `latency` cycles after its operands.

    Parameters
    ----------
    a, b
        Formats of the vectors' elements.
    y
        Format of the result and of the accumulator. Default, without `accumulate`: the integer that
        holds every sum, see `exact_sum`.
    lanes
        Elements a cycle, 1 to 1024.
    c
        Format of the addend port; None for none.
    accumulate
        Whether `y` accumulates. Excludes `c`.
    lsb
        With an integer `y`: the weight of its lowest bit, as a power of two. With floats among `a`
        and `b` it may be any, so that `y` is a fixed-point number (a Kulisch accumulator).
    align
        ``exact``, or ``window`` (floats only): every term is shifted right to the largest exponent
        and truncated toward zero, as tensor cores do.
    fraction_bits
        With ``window``: fraction bits that are kept below the largest exponent, 1 to 40.
    sticky
        With ``window``: keep three bits more, of which the last one is set where anything below is.
    rounding, overflow, subnormals, stages, objective
        As in `hdl.fma.Fma`.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`, plus 1 for an accumulator.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    a, b : In(lanes * bits)
        Lane 0 in the low bits.
    c : In
    first : In(1)
        With `accumulate`: start a new sum in this cycle.
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        a: Format,
        b: Format,
        y: Format | None = None,
        lanes: int = 1,
        *,
        c: Format | None = None,
        accumulate: bool = False,
        lsb: int = 0,
        align: Align = "exact",
        fraction_bits: int | None = None,
        sticky: bool = False,
        rounding: Rounding = "rne",
        overflow: Overflow | None = None,
        subnormals: Subnormals = "ieee",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        if not 1 <= lanes <= MAX_LANES:
            raise ValueError(f"lanes = {lanes} is not in 1..{MAX_LANES}")
        if align not in ALIGNMENTS:
            raise ValueError(f"align = {align!r} is not one of {', '.join(ALIGNMENTS)}")
        if accumulate and c is not None:
            raise ValueError("accumulate = true and c exclude each other: the accumulator is c")
        if y is None:
            if accumulate:
                raise ValueError("y can only be left out without accumulate")
            y, lsb = exact_sum(a, b, lanes, c)
        if lsb and not (
            isinstance(y, IntFormat) and any(isinstance(f, FloatFormat) for f in (a, b))
        ):
            raise ValueError(f"lsb = {lsb} needs an integer y of float operands")
        if lsb and c is not None:
            raise ValueError("lsb and c exclude each other")
        self.vectors = (a, b)
        self.result = y
        self.lanes = lanes
        self.addend = y if accumulate else c
        self.accumulate = accumulate
        operands = [fmt for fmt in (a, b, c) if fmt is not None]
        self.rounding: Rounding = rounding
        self.overflow: Overflow = overflow or default_overflow(y, operands)
        check_options(
            operands,
            y,
            rounding=rounding,
            overflow=self.overflow,
            subnormals=subnormals,
            stages=stages,
            objective=objective,
        )
        self._check_window(align, fraction_bits, sticky)
        self.fraction_bits = fraction_bits
        self.sticky = sticky
        self.flush = subnormals == "flush"
        self.stages = stages
        self.objective: Objective = objective
        self.latency = stages + accumulate
        self.ports: tuple[Port, ...] = (
            Port("in_valid", "in", 1, "valid"),
            *((Port("first", "in", 1, "control"),) if accumulate else ()),
            data_port("a", "in", a, lanes),
            data_port("b", "in", b, lanes),
            *((data_port("c", "in", c),) if c else ()),
            Port("out_valid", "out", 1, "valid"),
            data_port("y", "out", y, lsb=lsb or None),
        )
        # In units of y's lowest bit, a float is one with another bias.
        factors = [a, b]
        at = 0 if isinstance(a, FloatFormat) else 1
        if lsb:
            factors[at] = replace(factors[at], bias=factors[at].bias + lsb)
        self._factors = factors
        super().__init__(members(self.ports))

    def _check_window(self, align: Align, fraction_bits: int | None, sticky: bool) -> None:
        if align == "exact":
            if fraction_bits is not None or sticky:
                raise ValueError("fraction_bits and sticky need align = 'window'")
            return
        if fraction_bits is None or not 1 <= fraction_bits <= MAX_FRACTION_BITS:
            raise ValueError(f"fraction_bits = {fraction_bits} is not in 1..{MAX_FRACTION_BITS}")
        for fmt in self._formats:
            if isinstance(fmt, IntFormat):
                raise ValueError(f"align = 'window' needs floats, not {fmt.name}")

    @property
    def _formats(self) -> tuple[Format, ...]:
        return (*self.vectors, self.result, *((self.addend,) if self.addend else ()))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.fraction_bits is not None:
            self._elaborate_window(m, self.fraction_bits)
        elif all(isinstance(fmt, IntFormat) for fmt in self._formats):
            self._elaborate_integer(m)
        else:
            self._elaborate_float(m)
        return m

    def _lane_codes(self) -> list[tuple[Value, Value]]:
        """Return the codes of `a` and `b` lane by lane."""
        a_bits, b_bits = (fmt.bits for fmt in self.vectors)
        return [
            (self.a.word_select(i, a_bits), self.b.word_select(i, b_bits))
            for i in range(self.lanes)
        ]

    def _elaborate_integer(self, m: Module) -> None:
        a, b = (cast(IntFormat, fmt) for fmt in self.vectors)
        y = cast(IntFormat, self.result)
        addend = cast("IntFormat | None", self.addend)
        # A sign bit for unsigned operands; a doubling for every doubling of the lanes, and one more
        # for the addend.
        bits = a.width + b.width + 1 + (self.lanes - 1).bit_length()
        if addend:
            bits = max(bits, addend.width + 1) + 1
        if self.overflow == "wrap":
            # Nobody looks at what is wrapped away.
            bits = min(bits, y.width)
        outer = None if self.accumulate else addend
        adder = adder_for(self.objective)
        m.submodules.products = products = SumIntegerProducts(a, b, self.lanes, outer, bits)
        m.submodules.propagate = propagate = Adder(bits, adder)
        delays = {
            "products": 4 * log2(min(a.width, b.width) * self.lanes + 1),
            "propagate": 2 * log2(bits) + 2,
            "fit": 3.0 + (2 * log2(bits) + 2 if self.accumulate else 0.0),
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # All partial products, and the addend if it comes from outside, in one heap.
        products.connect(m, self._lane_codes(), self._extra())
        restart = self.first if self.accumulate else Const(0)
        first, second, restart = pipe.after("products", products.first, products.second, restart)
        m.d.comb += [propagate.a.eq(first), propagate.b.eq(second)]
        total = Signal(signed(bits))
        m.d.comb += total.eq(propagate.total)
        total, restart = pipe.after("propagate", total, restart)

        # The accumulator's loop holds one adder and the clamp.
        accumulator = Signal(y.width)
        if self.accumulate:
            m.submodules.accumulate = loop = Adder(bits, adder)
            kept = Mux(restart, 0, integer_value(accumulator, y))
            m.d.comb += [loop.a.eq(total), loop.b.eq(kept)]
            total = Signal(signed(bits), name="running")
            m.d.comb += total.eq(loop.total)
        code, _ = fit_integer(m, total, y, saturate=self.overflow == "saturate")
        if self.accumulate:
            code = self._accumulate(m, pipe, accumulator, code)
        self._finish(m, pipe, "fit", code)

    def _joining_addend(self, product: TermRange) -> list[Unpack]:
        """Return what unpacks the addend if it has its place in the word of the products."""
        if self.addend is None or self.accumulate:
            return []
        addend = operand_range(self.addend, flush=self.flush)
        alone = _word_of(self.lanes, product, [])
        together = _word_of(self.lanes, product, [addend])
        if together.bits > alone.bits + _JOINING_BITS:
            return []
        return [Unpack(self.addend, flush=self.flush)]

    def _elaborate_float(self, m: Module) -> None:
        a_format, b_format = self._factors
        adder = adder_for(self.objective)
        unpack_a = [Unpack(a_format, flush=self.flush) for _ in range(self.lanes)]
        unpack_b = [Unpack(b_format, flush=self.flush) for _ in range(self.lanes)]
        multiply = [Product(unpack_a[0].range, unpack_b[0].range, adder) for _ in range(self.lanes)]
        term_range = multiply[0].range
        place = [Place(term_range) for _ in range(self.lanes)]
        for i in range(self.lanes):
            m.submodules[f"unpack_a_{i}"] = unpack_a[i]
            m.submodules[f"unpack_b_{i}"] = unpack_b[i]
            m.submodules[f"product_{i}"] = multiply[i]
            m.submodules[f"place_{i}"] = place[i]
        unpack_c = self._joining_addend(term_range)
        place_c = [Place(unpack.range) for unpack in unpack_c]
        word = _word_of(self.lanes, term_range, [unpack.range for unpack in unpack_c])
        for unpack, lane in zip(unpack_c, place_c, strict=True):
            m.submodules.unpack_c, m.submodules.place_c = unpack, lane
        # The longer the shift, the later its result: measured on E2M1 and E4M3.
        late = max(1.0, (term_range.max_weight - term_range.min_weight) / 4)
        m.submodules.sum = total = SumTerms(
            self.lanes,
            place[0].bits,
            word.bits,
            adder,
            arrival=late,
            weight=term_range.min_weight - word.base,
            addend=word.addend,
        )
        outside = None if unpack_c else self.addend
        fixed = isinstance(self.result, IntFormat) and (outside is None or self.accumulate)
        tail: _Tail | _FixedTail
        if fixed:
            tail = _FixedTail(self, word.bits - 1, word.base)
        else:
            tail = _Tail(self, word.bits - 1, word.base, term_range, outside)
        delays = {
            "unpack": 3.0,
            "multiply": 4 * log2(term_range.bits),
            "place": 2 * log2(place[0].bits) + 2,
            "sum": 4 * log2(self.lanes + 1),
        }
        delays |= tail.delays
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # Codes to fields.
        for i, (a_code, b_code) in enumerate(self._lane_codes()):
            m.d.comb += [unpack_a[i].code.eq(a_code), unpack_b[i].code.eq(b_code)]
        for unpack in unpack_c:
            m.d.comb += unpack.code.eq(self.c)
        a, b, c, extra = pipe.after(
            "unpack",
            [unpack.term for unpack in unpack_a],
            [unpack.term for unpack in unpack_b],
            [unpack.term for unpack in unpack_c],
            Const(0) if unpack_c else self._extra(),
        )

        # The exact products, and what of them is not a number.
        terms = [
            lane.connect(m, a[i], b[i], name=f"product_{i}") for i, lane in enumerate(multiply)
        ]
        terms, extra = pipe.after("multiply", [*terms, *c], extra)
        specials = Specials.of(m, terms)

        # Each to its place in the word, and their exact sum.
        place += place_c
        for lane, term in zip(place, terms, strict=True):
            lane.connect(m, term)
        signs, magnitudes, specials, extra = pipe.after(
            "place", [term.sign for term in terms], [lane.placed for lane in place], specials, extra
        )
        total.connect(m, signs, magnitudes)
        first, second, specials, extra = pipe.after(
            "sum", total.first, total.second, specials, extra
        )

        rows = first, second
        if not self.accumulate:
            code = tail.elaborate(m, pipe.after, rows, specials, extra, restart=Const(0))
            m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
            return
        accumulator = Signal(self.result.bits)
        if isinstance(tail, _FixedTail):
            *rows, specials, extra = tail.propagate(m, pipe.after, rows, specials, extra)
        code = tail.elaborate(m, _no_registers, rows, specials, accumulator, restart=extra)
        self._finish(m, pipe, "loop", self._accumulate(m, pipe, accumulator, code))

    def _elaborate_window(self, m: Module, fraction_bits: int) -> None:
        datapath = WindowDatapath(self, fraction_bits, sticky=self.sticky)
        pipe = Pipeline(m, self.in_valid, datapath.delays, self.stages)
        lanes = self._lane_codes()
        if not self.accumulate:
            code = datapath.elaborate(
                m, pipe, lanes, self._extra(), restart=Const(0), after=pipe.after
            )
            m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
            return
        accumulator = Signal(self.result.bits)
        code = datapath.elaborate(
            m, pipe, lanes, accumulator, restart=self.first, after=_no_registers
        )
        self._finish(m, pipe, "loop", self._accumulate(m, pipe, accumulator, code))

    def _extra(self) -> Value:
        """Return what accompanies the vectors: the addend, or whether to restart, or nothing."""
        if self.accumulate:
            return self.first
        return self.c if self.addend else Const(0)

    def _accumulate(self, m: Module, pipe: Pipeline, accumulator: Signal, code: Value) -> Signal:
        """Load the accumulator in valid cycles and return it, one cycle further down the pipe."""
        valid = Signal(name="accumulator_valid")
        m.d.sync += valid.eq(pipe.valid)
        with m.If(pipe.valid):
            m.d.sync += accumulator.eq(code)
        pipe.valid = valid
        return accumulator

    def _finish(self, m: Module, pipe: Pipeline, step: str, code: Value) -> None:
        code = pipe.after(step, code)
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]


class _Tail:
    """From the exact sum of the products to the code of the result: addend, rounding, packing."""

    def __init__(
        self, dot: Dot, sum_bits: int, weight: int, product: TermRange, addend: Format | None
    ) -> None:
        self._dot = dot
        self._addend = addend
        target = target_of(dot.result)
        sum_range = replace(
            product,
            bits=sum_bits,
            offset=weight,
            min_weight=weight,
            max_weight=weight,
            cases=(Case(0, weight),),
        )
        adder = adder_for(dot.objective)
        bits, low, high = sum_bits + 1, weight, weight
        self.delays: dict[str, float] = {}
        if addend is not None:
            self.propagate = Adder(sum_bits + 1, adder)
            self.unpack = Unpack(addend, flush=dot.flush)
            frame = frame_of(sum_range, self.unpack.range, target)
            self.align = AlignAddend(sum_range, self.unpack.range, frame, factors=(), adder=adder)
            self.add = AddAligned(sum_bits + 1, frame)
            bits, low, high = frame.width + 2, frame.min_base, frame.max_base
            self.delays["propagate"] = 2 * log2(sum_bits) + 2
            self.delays["align"] = 2 * log2(bits) + 4
        self.normalize = Normalize(
            bits, low, high, target, adder=adder, kind=normalizer_for(dot.objective)
        )
        self.pack = Pack(
            dot.result,
            self.normalize.max_exponent,
            rounding=dot.rounding,
            overflow=dot.overflow,
            flush=dot.flush,
        )
        self.delays["normalize"] = 6 * log2(bits) + 4
        self.delays["pack"] = 2 * log2(target.precision + 2) + 4
        if dot.accumulate:
            self.delays = {"loop": sum(self.delays.values())}

    def elaborate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        addend: Value,
        *,
        restart: Value,
    ) -> Value:
        """Return the code of the rounded sum of both `rows` and the addend.

        `restart` drops the addend. `after` places the registers, as `Pipeline.after` does.
        """
        sticky: Value = Const(0)
        base: Value = Const(0)
        if self._addend is not None:
            m.submodules.propagate = self.propagate
            m.d.comb += [self.propagate.a.eq(rows[0]), self.propagate.b.eq(rows[1])]
            value, addend, specials = after(
                "propagate", self.propagate.total[: self.propagate.bits], addend, specials
            )
            term, specials = self._align(m, value, specials, addend, restart)
            value, aligned, subtract, sticky, base, specials = after(
                "align",
                value,
                self.align.aligned,
                term.sign,
                self.align.sticky,
                self.align.base,
                specials,
            )
            m.submodules.add = self.add
            m.d.comb += [
                self.add.value.eq(value),
                self.add.aligned.eq(aligned),
                self.add.subtract.eq(subtract),
                self.add.sticky.eq(sticky),
            ]
            rows = self.add.first, self.add.second

        m.submodules.normalize = self.normalize
        self.normalize.connect(m, rows[0], rows[1], sticky, base)
        number, sign, specials = after(
            "normalize", self.normalize.normalized, self.normalize.negative, specials
        )

        m.submodules.pack = self.pack
        self.pack.connect(m, sign, number, specials.resolve(self._dot.rounding))
        return after("pack", self.pack.code)

    def _align(
        self, m: Module, value: Value, specials: Specials, addend: Value, restart: Value
    ) -> tuple[Term, Specials]:
        m.submodules.unpack_c, m.submodules.align = self.unpack, self.align
        m.d.comb += self.unpack.code.eq(addend)
        c = self.unpack.term
        # Without an addend there is nothing to add and nothing special.
        c = replace(
            c,
            significand=Mux(restart, 0, c.significand),
            is_zero=c.is_zero | restart,
            is_inf=c.is_inf & ~restart,
            is_nan=c.is_nan & ~restart,
        )
        self.align.connect(m, (), value == 0, c)
        return c, specials.with_term(c, restart)


class _FixedTail:
    """From the exact sum of the products to an integer: no normalization, and a short loop.

    The sum's carries are propagated before the accumulator's loop, which holds an addition, the
    rounding of a fraction where there is one, and the clamp.
    """

    def __init__(self, dot: Dot, sum_bits: int, weight: int) -> None:
        self._dot = dot
        result = cast(IntFormat, dot.result)
        self._fraction = max(0, -weight)
        self._shift = max(0, weight)
        adder = adder_for(dot.objective)
        self._propagate = Adder(sum_bits + 1, adder)
        bits = sum_bits + 1 + self._shift
        if dot.accumulate:
            # A sign for an unsigned accumulator, and a bit for the sum.
            bits = max(bits, result.width + 1 + self._fraction) + 1
            self._loop = Adder(bits, adder)
        self._bits = bits
        propagate, fit = 2 * log2(sum_bits) + 2, 2 * log2(bits) + 4
        self.delays = {"propagate": propagate, "loop" if dot.accumulate else "fit": fit}

    def propagate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        restart: Value,
    ) -> tuple[Value, Specials, Value]:
        """Add both rows."""
        m.submodules.propagate = self._propagate
        m.d.comb += [self._propagate.a.eq(rows[0]), self._propagate.b.eq(rows[1])]
        total = Signal(signed(self._propagate.bits))
        m.d.comb += total.eq(self._propagate.total)
        return after("propagate", total, specials, restart)

    def elaborate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        addend: Value,
        *,
        restart: Value,
    ) -> Value:
        """Return the code of the rounded sum, or with an accumulator of that and the `addend`.

        `rows` is the propagated sum alone where there is an accumulator.
        """
        dot, result = self._dot, cast(IntFormat, self._dot.result)
        if dot.accumulate:
            (total,) = rows
        else:
            total, specials, _ = self.propagate(m, after, rows, specials, Const(0))
        placed = Signal(signed(self._bits))
        m.d.comb += placed.eq(total << self._shift)
        if dot.accumulate:
            m.submodules.accumulate = self._loop
            kept = Mux(restart, 0, integer_value(addend, result)) << self._fraction
            m.d.comb += [self._loop.a.eq(placed), self._loop.b.eq(kept)]
            placed = Signal(signed(self._bits), name="running")
            m.d.comb += placed.eq(self._loop.total)
        rounded = round_fraction(m, placed, self._fraction, dot.rounding)
        fitted, _ = fit_integer(m, rounded, result, saturate=True)
        special = specials.resolve(dot.rounding)
        limit = Mux(special.inf_sign, result.min_value, result.max_value)
        code = Signal(result.width, name="code")
        m.d.comb += code.eq(Mux(special.is_nan, 0, Mux(special.is_inf, limit, fitted)))
        return after("fit", code)


def _no_registers(_step: str, *live: Any) -> Any:
    """Stand in for `Pipeline.after` where a loop allows no registers."""
    return live[0] if len(live) == 1 else live
