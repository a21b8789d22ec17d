"""Plain Verilog of what a unit computes, written from the semantics and nothing else.

No part of it comes from the hardware generator, and none tries to be small or fast: operands become
integers in one wide fixed-point word, products and sums are ``*`` and ``+``, and one rounder with a
loop for the leading one makes the result. It exists to be compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosim.formal.plain.selection import selection
from cosim.formal.plain.shape import ACCUMULATOR, Selection, Shape
from cosim.formal.plain.sums import sum_of_products
from cosim.formal.plain.tiles import matrix_product
from cosim.formal.plain.verilog import module
from cosim.golden.tile import dot_params
from hdl.formats import parse_format

__all__ = ["ACCUMULATOR", "reference_verilog"]


def reference_verilog(name: str, unit: str, params: Mapping[str, Any]) -> str:
    """Return a combinational module that answers in the same cycle.

    Its ports are those of the unit without clock and reset. A unit with an accumulator inside gets
    the port `ACCUMULATOR` for it.

    Parameters
    ----------
    name
        What to call the module.
    unit
        ``fma``, ``dot``, ``block_dot``, ``tile`` or ``sparse_mux``.
    params
        Normalised parameters of the unit.

    Raises
    ------
    LookupError
        If there is no reference for this unit.
    """
    match unit:
        case "fma" | "dot" | "block_dot":
            return sum_of_products(name, Shape.of(params))
        case "tile":
            _, inner = dot_params(params)
            return matrix_product(name, params["m"], params["n"], Shape.of(inner))
        case "sparse_mux":
            return _sparse_mux(name, params)
        case _:
            raise LookupError(f"unit {unit!r} has no reference description")


def _sparse_mux(name: str, params: Mapping[str, Any]) -> str:
    asked = Selection(params["n"], params["m"], params["groups"])
    bits = parse_format(params["x"]).bits
    inputs = [
        ("in_valid", 1),
        ("x", asked.groups * asked.m * bits),
        ("meta", asked.groups * asked.n * asked.index_bits),
    ]
    outputs = [("out_valid", 1), ("y", asked.groups * asked.n * bits), ("err", 1)]
    lines = ["assign out_valid = in_valid;", *selection(asked, bits, "x", "y")]
    return module(name, inputs, outputs, lines)
