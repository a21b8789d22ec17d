"""Exact sums of the products in groups of lanes."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value, signed

from hdl.bricks.adder import Adder, AdderKind
from hdl.formats import IntFormat
from hdl.options import Objective, adder_for
from hdl.pipeline import Pipeline
from hdl.stages.block_shape import BlockShape
from hdl.stages.decode import Decode, decoded_range
from hdl.stages.place import Place, is_short
from hdl.stages.product import Product
from hdl.stages.reduce import SumIntegerProducts, SumPlaced
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, product_range

__all__ = ["GroupSums", "products_of"]

Rows = list[tuple[Value, Value]]
"""For each group two numbers whose sum is that of its products."""


def products_of(
    m: Module,
    pipe: Pipeline,
    shape: BlockShape,
    adder: AdderKind,
    *,
    lanes: Sequence[tuple[Value, Value]],
    live: Any,
    one_hot: bool = False,
) -> tuple[list[Term], Any]:
    """Return the products of all lanes, and `live`, behind the registers of the step ``decode``.

    `live` are values that go along through the registers; exponents may come `one_hot`.
    """
    decode_a, decode_b = (
        [Decode(fmt.element) for _ in range(shape.lanes)] for fmt in shape.formats
    )
    for i, (x, y) in enumerate(lanes):
        m.submodules[f"decode_a_{i}"], m.submodules[f"decode_b_{i}"] = decode_a[i], decode_b[i]
        m.d.comb += [decode_a[i].code.eq(x), decode_b[i].code.eq(y)]
    a, b, live = pipe.after(
        "decode", [unit.term for unit in decode_a], [unit.term for unit in decode_b], list(live)
    )
    factors = decode_a[0].range, decode_b[0].range
    multiply = [Product(*factors, adder, one_hot=one_hot) for _ in lanes]
    terms: list[Term] = []
    for i, lane in enumerate(multiply):
        m.submodules[f"product_{i}"] = lane
        terms.append(lane.connect(m, a[i], b[i], name=f"product_{i}"))
    return terms, live


class GroupSums:
    """The steps from the elements of vectors to the exact sum of every group of their products.

    Not a component of its own: a unit puts these steps into its pipeline.

    Parameters
    ----------
    shape
        Formats, and how many lanes make a group.
    objective
        As in the units.

    Attributes
    ----------
    delays : dict
        Estimated delay of each step but the last, `propagate`, in datapath order.
    """

    def __init__(self, shape: BlockShape, objective: Objective) -> None:
        self._shape = shape
        self._adder: AdderKind = adder_for(objective)
        element_bits = max(fmt.element.bits for fmt in shape.formats)
        if shape.integer_elements:
            self.delays = {"products": 4 * log2(element_bits * shape.group + 1)}
        else:
            self.delays = {
                "decode": 3.0,
                "multiply": 4 * log2(2 * element_bits),
                "place": 2 * log2(shape.value_bits) + 2,
                "group_sum": 4 * log2(shape.group + 1),
            }

    def elaborate(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], live: Any
    ) -> tuple[Rows, Specials, Any]:
        """Return the sums in carry-save form, what of the products is no number, and `live`."""
        if self._shape.integer_elements:
            return self._integers(m, pipe, lanes, live)
        return self._floats(m, pipe, lanes, live)

    def propagate(self, m: Module, rows: Rows) -> list[Value]:
        """Return the sums as two's complement."""
        bits = self._shape.value_bits
        values: list[Value] = []
        for j, (first, second) in enumerate(rows):
            m.submodules[f"propagate_{j}"] = propagate = Adder(bits, self._adder)
            m.d.comb += [propagate.a.eq(first), propagate.b.eq(second)]
            value = Signal(signed(bits), name=f"value_{j}")
            m.d.comb += value.eq(propagate.total)
            values.append(value)
        return values

    def _integers(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], live: Any
    ) -> tuple[Rows, Specials, Any]:
        shape = self._shape
        a, b = (IntFormat(fmt.element.bits) for fmt in shape.formats)
        rows: list[Value] = []
        for j in range(shape.groups):
            m.submodules[f"products_{j}"] = products = SumIntegerProducts(
                a, b, shape.group, None, shape.value_bits
            )
            products.connect(m, lanes[j * shape.group : (j + 1) * shape.group], Const(0))
            rows += [products.first, products.second]
        terms = [Term(x[-1] ^ y[-1], *(Const(0) for _ in range(6))) for x, y in lanes]
        specials = Specials.of(m, terms)
        rows, specials, live = pipe.after("products", rows, specials, list(live))
        return _pairs(rows), specials, tuple(live)

    def _floats(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], live: Any
    ) -> tuple[Rows, Specials, Any]:
        shape = self._shape
        term_range = product_range(*(decoded_range(fmt.element) for fmt in shape.formats))
        short = is_short(term_range, self._adder)
        terms, live = products_of(
            m, pipe, shape, self._adder, lanes=lanes, live=live, one_hot=short
        )
        terms, live = pipe.after("multiply", terms, live)
        specials = Specials.of(m, terms)

        place = [Place(term_range, self._adder, one_hot=short) for _ in terms]
        for i, (lane, term) in enumerate(zip(place, terms, strict=True)):
            m.submodules[f"place_{i}"] = lane
            lane.connect(m, term)
        placed, specials, live = pipe.after(
            "place", [lane.placed for lane in place], specials, live
        )

        rows: list[Value] = []
        for j in range(shape.groups):
            m.submodules[f"sum_{j}"] = total = SumPlaced(
                [(place[0].bits, 0)] * shape.group, shape.value_bits
            )
            total.connect(m, placed[j * shape.group : (j + 1) * shape.group])
            rows += [total.first, total.second]
        rows, specials, live = pipe.after("group_sum", rows, specials, live)
        return _pairs(rows), specials, tuple(live)


def _pairs(rows: list[Value]) -> Rows:
    return list(zip(rows[::2], rows[1::2], strict=True))
