"""A module for a matrix product; that its elements are right is simulated in test_reference."""

from cosim.formal.plain.shape import Shape
from cosim.formal.plain.tiles import matrix_product
from cosim.golden.tile import dot_params
from gen.config import make_config


def test_rows_and_columns_meet():
    given = {"m": 2, "n": 3, "k": 2, "a": "int4", "b": "int4", "c": "int4"}
    _, inner = dot_params(make_config("tile", given).params_dict())
    text = matrix_product("t", 2, 3, Shape.of(inner))
    assert "input [15:0] a" in text
    assert "input [23:0] b" in text
    assert "input [23:0] c" in text
    # Row 1 and column 2: of b, elements (1, 2) and (0, 2).
    assert "t_element element_5 (.in_valid(in_valid), .a(a[8+:8]), .b({b[20+:4], b[8+:4]})" in text
    assert ".c(c[20+:4])" in text


def test_any_element_that_errs_is_told():
    given = {"m": 1, "n": 2, "k": 4, "a": "int4", "b": "int4", "sparsity": "2:4"}
    _, inner = dot_params(make_config("tile", given).params_dict())
    text = matrix_product("t", 1, 2, Shape.of(inner))
    assert "assign err = err_0 || err_1;" in text
    assert ".meta({meta[12+:4], meta[4+:4]})" in text
