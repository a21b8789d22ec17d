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


def test_elements_over_two_scales():
    # Largest 3: 3 / (6 * 0.25) = 2 is the scale; elements are multiples of 0.5.
    numbers = [3, -0.25, 0.125, 0.375, 0.126, 1.25, 1.75, -1.7]
    x = packed(encode(numbers, "fp16").tolist(), 16)
    operands = [{"in_valid": 1, "x": x, "outer": 0x3E80}, {"in_valid": 1, "x": x, "outer": 0}]
    component = unit("fp16", "nvfp4v8", outer=parse_format("bf16"))
    (y, scale), (nothing, nan) = settle(component, operands, "y", "scale")
    assert scale == 0x40
    # 6, -0.5, 0.25 to even 0, 0.75 to 1, just more than 0.25, 2.5 to 2, 3.5 to 4, -3.4.
    assert [(y >> (4 * i)) & 15 for i in range(8)] == [7, 9, 0, 2, 1, 4, 6, 0xD]
    assert (nothing, nan) == (0, 0x7F)


def test_integer_scales_by_hand():
    numbers = [70, -35, 34, 5]
    x = packed([number & 0xFF for number in numbers], 8)
    outer = encode([3.0, np.inf], "bf16").tolist()
    operands = [{"in_valid": 1, "x": x, "outer": code} for code in outer]
    published, scaled = (
        settle(
            unit("int8", "vsq4v4", outer=parse_format("bf16"), order=order),
            operands,
            *("y", "scale", "err"),
        )
        for order in ("published", "scaled")
    )
    # 70 / 7 = 10 in units of 3: 3.33. Elements over 10: 7, -3.5, 3.4, 0.5; over 4 * 3 fewer.
    assert published[0] == (packed([7, 12, 3, 0], 4), 3, 0)
    assert scaled[0] == (packed([6, 13, 3, 0], 4), 4, 0)
    assert published[1] == scaled[1] == (0, 0, 1)


def test_the_outer_scale_is_that_of_the_last_row():
    component = unit("fp16", "nvfp4v4", 2, outer=parse_format("bf16"))
    one = packed(encode([6.0, 1.0], "fp16").tolist(), 16)
    outer = encode([1.0, 0.5, 2.0, 1.0, 1.0], "bf16").tolist()
    cycles = [{"in_valid": 1, "x": one, "outer": code} for code in outer]
    found = run_pipeline(component, [*cycles, {"in_valid": 0}], "out_valid", "scale")[2:]
    assert found == [(1, 0x40), (1, 0x40), (1, 0x38), (1, 0x38)]


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
        (("fp32", "int8"), {"lanes": 1}, "y is a block format, unlike int8"),
        (
            ("fp32", "mxfp4"),
            {"outer": parse_format("fp32")},
            "outer = fp32: mxfp4 has no outer scale",
        ),
        (
            ("fp32", "nvfp4"),
            {"outer": parse_format("int8")},
            "outer is e8m0 or a float with a sign, without fnuz, of at most 8 exponent bits, "
            "unlike int8",
        ),
        (
            ("e9m3", "nvfp4"),
            {},
            "x has at most 8 exponent bits for nvfp4, unlike e9m3",
        ),
        (
            ("fp32", "vsq16m16"),
            {},
            "y has at most 24 bits in an element and a scale, unlike vsq16m16",
        ),
        (
            ("fp32", "nvfp4"),
            {"order": "scaled"},
            "order = 'scaled' is for integer scales, not for nvfp4",
        ),
        (
            ("fp32", "vsq4"),
            {"order": "other"},
            "order = 'other' is not one of published, scaled",
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
