# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import numpy as np
import pytest

from cosim.golden import encode
from cosim.golden.block_quantize import model, quantize_vectors
from hdl.block_quantize import BlockQuantize
from hdl.formats import parse_format
from tests.hdl.simulate import run_pipeline, settle


def unit(x, y, lanes=None, **options):
    return BlockQuantize(parse_format(x), parse_format(y), lanes, **options)


def packed(codes, bits):
    return sum(code << (bits * i) for i, code in enumerate(codes))


def test_a_whole_vector_at_once():
    # As in the test of the golden model: 7 saturates at 6, ties go to even.
    numbers = [7, 0.25, 0.75, 2.5, 5, -3.4, -0.2, 0.26] + [0] * 24
    x = packed(encode(numbers, "fp16").tolist(), 16)
    ((y, scale),) = settle(unit("fp16", "mxfp4"), [{"in_valid": 1, "x": x}], "y", "scale")
    assert scale == 127
    assert [(y >> (4 * i)) & 15 for i in range(9)] == [7, 0, 2, 4, 6, 0xD, 8, 1, 0]


@pytest.mark.parametrize("options", [{}, {"stages": 3, "objective": "area"}], ids=["1", "4"])
def test_rows_with_gaps_between(options):
    component = unit("fp16", "bfp5v8", 2, **options)
    assert (component.latency, component.rows) == (1 + options.get("stages", 0), 4)
    rng = np.random.default_rng(1)
    rows = encode(rng.standard_normal((40, 2)) * 2.0 ** rng.integers(-9, 9, (40, 1)), "fp16")
    first = np.zeros(40, dtype=np.uint8)
    first[[0, 13, 21]] = 1
    params = {"x": "fp16", "y": "bfp5v8", "lanes": 2, "rounding": "rne"}
    expected = model(params, {"x": rows, "first": first})
    cycles, due = [], []
    for k, (row, start) in enumerate(zip(rows.tolist(), first.tolist(), strict=True)):
        if rng.random() < 0.4:
            cycles.append({"in_valid": 0, "first": 1, "x": 0x7C00})
            due.append(None)
        cycles.append({"in_valid": 1, "first": start, "x": packed(row, 16)})
        answer = packed(expected["y"][k].tolist(), 5), int(expected["scale"][k])
        due.append(answer if expected["out_valid"][k] else None)
    latency = component.latency
    cycles += [{"in_valid": 0}] * latency
    found = run_pipeline(component, cycles, "out_valid", "y", "scale")[latency:]
    assert [tuple(rest) if valid else None for valid, *rest in found] == due


def test_elements_of_other_roundings():
    vector = np.array([[1.0, 0.26, -0.26, 0.24]])
    codes = encode(vector, "bf16")
    results = set()
    for rounding in ("rne", "rtz", "rup", "rdn", "rna"):
        component = unit("bf16", "bfp2v4", rounding=rounding)
        operands = [{"in_valid": 1, "x": packed(codes[0].tolist(), 16)}]
        ((y, _),) = settle(component, operands, "y", "scale")
        elements, _ = quantize_vectors(codes, x_format="bf16", y_format="bfp2v4", rounding=rounding)
        assert y == packed(elements[0].tolist(), 2)
        results.add(y)
    assert len(results) > 2


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("nf4", "mxfp4"), {}, "x is an integer or float of 2 to 32 bits, not nf4"),
        (("int40", "mxfp4"), {}, "x is an integer or float of 2 to 32 bits, not int40"),
        (
            ("e4m3fnuz", "mxfp4"),
            {},
            "x is a float with a sign and without fnuz, unlike e4m3fnuz",
        ),
        (
            ("fp32", "nvfp4"),
            {},
            "y is a block format whose scale is a power of two, unlike nvfp4",
        ),
        (
            ("fp32", "mxfp4"),
            {"lanes": 5},
            "lanes = 5 does not divide the 32 elements of mxfp4",
        ),
        (
            ("fp32", "mxfp4"),
            {"rounding": "up"},
            "rounding = 'up' is not one of rne, rtz",
        ),
    ],
)
def test_what_cannot_be_built(names, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        unit(*names, **options)
