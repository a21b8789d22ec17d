"""How the signals of one clock cycle lie in memory, for numpy and for the simulator alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNKNOWN", "Layout", "find_mismatches", "layout_of"]

ROW_ALIGNMENT = 16
"""Bytes; also the least size of a row, so that Verilator keeps every row as an array of words."""

UNKNOWN = 2
"""What stands for a valid port that is neither 0 nor 1, or that qualifies such bits."""


@dataclass(frozen=True)
class Layout:
    """Rows of bytes: one row a clock cycle, with the signals of all copies of a unit.

    Every lane of every port lies in a container of 8, 16, 32 or 64 bits of its own, so that numpy
    reads and writes it without touching bits. A field of a row has the shape (copies, lanes).

    Attributes
    ----------
    stimulus
        Type of a row of inputs: all input ports but the clock.
    result
        Type of a row of outputs.
    valid_in, valid_out
        Names of the ports that qualify a cycle.
    """

    stimulus: np.dtype[np.void]
    result: np.dtype[np.void]
    valid_in: str
    valid_out: str


def layout_of(ports: Iterable[Mapping[str, Any]], copies: int) -> Layout:
    """Return the layout for `copies` units with these ports, as a manifest lists them."""
    inputs = [port for port in ports if port["dir"] == "in" and port["role"] != "clock"]
    outputs = [port for port in ports if port["dir"] == "out"]
    return Layout(
        stimulus=_row(inputs, copies),
        result=_row(outputs, copies),
        valid_in=_valid(inputs),
        valid_out=_valid(outputs),
    )


def find_mismatches(
    layout: Layout, expected: NDArray[np.void], result: NDArray[np.void]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and copies of the wrong results, row by row.

    The valid port counts in every cycle, the others only where a result is due.
    """
    # Nearly always all words are equal, and words are compared much faster than fields.
    words = layout.result.itemsize // 8
    differing = np.flatnonzero(expected.view(np.uint64) != result.view(np.uint64))
    suspects = np.unique(differing // words)
    expected, result = expected[suspects], result[suspects]
    due = expected[layout.valid_out] != 0
    wrong = (expected[layout.valid_out] != result[layout.valid_out])[..., 0]
    for name in layout.result.names or ():
        wrong |= ((expected[name] != result[name]) & due).any(axis=-1)
    rows, copies = np.nonzero(wrong)
    return suspects[rows], copies


def _row(ports: Iterable[Mapping[str, Any]], copies: int) -> np.dtype[np.void]:
    fields = [
        (port["name"], _container(port["width"] // port["lanes"]), (copies, port["lanes"]))
        for port in ports
    ]
    fields.sort(key=lambda field: -field[1].itemsize)  # widest first: every field is aligned
    offsets: list[int] = []
    size = 0
    for _, container, shape in fields:
        offsets.append(size)
        size += container.itemsize * shape[0] * shape[1]
    return np.dtype(
        {
            "names": [name for name, _, _ in fields],
            "formats": [(container, shape) for _, container, shape in fields],
            "offsets": offsets,
            "itemsize": max(1, -(-size // ROW_ALIGNMENT)) * ROW_ALIGNMENT,
        }
    )


def _container(bits: int) -> np.dtype[Any]:
    for size in (8, 16, 32, 64):
        if bits <= size:
            return np.dtype(f"<u{size // 8}")
    raise ValueError(f"a lane has at most 64 bits, not {bits}")


def _valid(ports: Iterable[Mapping[str, Any]]) -> str:
    (name,) = (port["name"] for port in ports if port["role"] == "valid")
    return name
