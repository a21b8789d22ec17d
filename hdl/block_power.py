"""Scales of vectors as powers of two: found from exponents, divided by with a shift."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, cast

from amaranth.hdl import Module, Signal, Value

from hdl.bricks.maximum import MaximumKind
from hdl.formats import PowerFormat
from hdl.pipeline import Pipeline
from hdl.stages.block_element import ShareScale
from hdl.stages.block_scale import Collected, PowerScale, RowReach, Shared

if TYPE_CHECKING:
    from hdl.block_quantize import BlockQuantize

__all__ = ["PowerDatapath"]


class PowerDatapath:
    """Scales that only the exponents of a vector's numbers decide.

    Parameters
    ----------
    unit
        The unit, for its options.

    Attributes
    ----------
    reach
        What is looked for in a row.
    range
        Of the quotients.
    delays
        Of the steps from a whole vector to quotients, by name.
    """

    def __init__(self, unit: BlockQuantize) -> None:
        self._x, self._element = unit.source, unit.block.element
        self._scale = cast(PowerFormat, unit.block.scale)
        kind: MaximumKind = "serial" if unit.objective == "area" else "tree"
        self.reach = RowReach(self._x, unit.lanes, kind)
        self._lanes = [ShareScale(self._x, self._element, self._scale) for _ in range(unit.lanes)]
        self.range = self._lanes[0].range
        self.delays = {
            "scale": 2 * log2(self._x.bits) + 4,
            "share": 2 * log2(self._x.bits) + 2 * log2(self.range.bits),
        }

    def share(self, m: Module, pipe: Pipeline, found: Collected) -> Shared:
        """Return the scale, and every number in its units."""
        m.submodules.power = power = PowerScale(self._x, self._element, self._scale)
        power.connect(m, found.reach)
        row: Value
        row, scale = pipe.after("scale", found.row, power.code)
        undefined = Signal()
        m.d.comb += undefined.eq(scale == self._scale.nan_code)
        for i, lane in enumerate(self._lanes):
            m.submodules[f"share_{i}"] = lane
            code = row.word_select(i, self._x.bits)
            m.d.comb += [lane.code.eq(code), lane.scale_code.eq(scale)]
        terms = [lane.term for lane in self._lanes]
        return pipe.after("share", Shared(terms, scale, undefined))
