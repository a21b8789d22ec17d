"""Coverage of any unit at all, from its ports: which kinds of codes its vectors brought about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.classes import class_names, classify
from cosim.coverage.groups import Coverage, Group
from cosim.stimuli import Operands, get_stimuli
from cosim.unit import Unit
from hdl.formats import FloatFormat, IntFormat, parse_format

__all__ = ["PortCoverage"]

ENUMERATED_BITS = 20
"""Operand bits up to which all operands are tried to learn which results there can be."""

LISTED_BITS = 8
"""Width of a lane up to which every code is a bin, where codes have no classes."""

CHUNK = 1 << 16
"""Operands tried at once."""


class PortCoverage:
    """Counts kinds of operands; those of results too where all operands can be tried.

    A lane of an integer or a float port has the classes of its format. Other lanes, of formats
    without such classes or of bits that are no number, have a bin for every code, or a bin for
    each value of each bit where they are wide.

    Parameters
    ----------
    name
        Name of the kind of unit.
    unit
        The unit.
    """

    def __init__(self, name: str, unit: Unit) -> None:
        self._operands = [_Bins.of(port) for port in unit.operands]
        self._results: list[_Bins] = []
        stimuli = get_stimuli(name)
        bits = stimuli.space_bits(unit.params)
        if unit.is_stateful:
            self._derivation = "operands are free; a state decides which results there can be"
        elif bits > ENUMERATED_BITS:
            self._derivation = f"operands are free; there are 2^{bits}, too many to try for results"
        else:
            self._results = [_Bins.of(port) for port in unit.results]
            for start in range(0, 1 << bits, CHUNK):
                count = min(CHUNK, (1 << bits) - start)
                expected, due = unit.respond(stimuli.enumerate_space(unit.params, start, count))
                for bins in self._results:
                    bins.count(expected[bins.port][due])
            for bins in self._results:
                bins.take_as_reachable()
            self._derivation = f"all 2^{bits} operands were tried"

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them."""
        for codes, all_bins in ((operands, self._operands), (results, self._results)):
            for bins in all_bins:
                bins.count(codes[bins.port])

    def coverage(self) -> Coverage:
        """Return what was counted so far."""
        groups = (bins.group for bins in (*self._operands, *self._results))
        return Coverage(tuple(groups), self._derivation)


@dataclass(frozen=True)
class _Bins:
    """The bins of one port; its lanes are alike."""

    port: str
    bits: int
    fmt: IntFormat | FloatFormat | None
    group: Group

    @classmethod
    def of(cls, port: Mapping[str, Any]) -> _Bins:
        bits = port["width"] // port["lanes"]
        fmt = None if port["format"] is None else parse_format(port["format"])
        if not isinstance(fmt, IntFormat | FloatFormat):
            fmt = None
        names = tuple(_names(bits) if fmt is None else class_names(fmt))
        return cls(port["name"], bits, fmt, Group.of(port["name"], names))

    def count(self, codes: NDArray[Any]) -> None:
        flat = codes.ravel()
        if self.fmt is not None:
            self.group.count(classify(flat, self.fmt))
        elif self.bits <= LISTED_BITS:
            self.group.count(flat.astype(np.intp))
        else:
            for bit in range(self.bits):
                value = flat >> flat.dtype.type(bit) & flat.dtype.type(1)
                self.group.count(2 * bit + value.astype(np.intp))

    def take_as_reachable(self) -> None:
        """Hold what was met so far to be all that there can be, and forget that it was."""
        self.group.reachable[...] = self.group.hits > 0
        self.group.hits[...] = 0


def _names(bits: int) -> Iterator[str]:
    if bits <= LISTED_BITS:
        yield from (f"0x{code:0{-(-bits // 4)}x}" for code in range(1 << bits))
    else:
        yield from (f"bit {bit} = {value}" for bit in range(bits) for value in (0, 1))
