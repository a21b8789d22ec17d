import pytest
from pydantic import ValidationError

from gen.params.dot import DotParams

FLOATS = {"a": "e4m3", "b": "e4m3", "y": "fp16", "lanes": 4}
SCALED = FLOATS | {"lanes": 32, "scale": {"kind": "mx"}}
INTEGERS = {"a": "int8", "b": "uint4", "lanes": 5}


@pytest.mark.parametrize(
    ("more", "result"),
    [
        # 5 products of at most 128 * 15 = 1920 in magnitude: 9600 < 2^14.
        ({}, "int15"),
        # With up to 2^19 more: 533888 < 2^20.
        ({"c": "int20"}, "int21"),
        ({"c": "int20", "y": "int8"}, "int8"),
    ],
    ids=["products", "addend", "given"],
)
def test_exact_result_by_default(more: dict[str, object], result: str) -> None:
    assert DotParams.model_validate(INTEGERS | more).y == result


def test_exact_result_of_floats() -> None:
    # 4 * 448 * 448 in units of 2^-18: below 2^(19.7 + 18), and a sign.
    params = DotParams.model_validate(FLOATS | {"y": None})
    assert (params.y, params.lsb) == ("int39", -18)


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        (INTEGERS | {"accumulate": True}, "a running sum has no bound"),
        (INTEGERS | {"b": "e2m1", "c": "int8"}, "not all operands are integers"),
        (FLOATS | {"y": None, "a": "bf16"}, "the exact sum has more than 64 bits"),
        (FLOATS | {"y": None, "lsb": -3}, "is -18 where y is left out"),
        (FLOATS | {"lsb": -3}, "needs an integer y: fp16 has an exponent"),
        (FLOATS | {"a": "posit8es2", "y": None}, "sums of posits need a y"),
        (FLOATS | {"b": "posit8es2", "y": "int9", "lsb": -3}, "need a y, in units of 1"),
        (FLOATS | {"b": "posit17es2"}, "posits of up to 16 bits can be multiplied"),
        (INTEGERS | {"y": "int32", "lsb": -3}, "is 0 where a and b are integers"),
        (FLOATS | {"y": "int9", "c": "e4m3", "lsb": -3}, "is 0 with c"),
        (INTEGERS | {"y": "int32", "accumulate": True, "c": "int8"}, "excludes c"),
        (INTEGERS | {"align": "window", "fraction_bits": 9}, "int8 has no exponent"),
        (FLOATS | {"align": "window"}, "is needed with align = window"),
        (FLOATS | {"fraction_bits": 9}, "needs align = window"),
        (FLOATS | {"sticky": True}, "needs align = window"),
        (
            INTEGERS | {"a": "nf4", "a_table": "int8", "gate_zero": True},
            "needs integers or floats, no codebooks",
        ),
        (INTEGERS | {"accumulator": "carry_save"}, "needs accumulate = true"),
        (FLOATS | {"accumulate": True, "accumulator": "carry_save"}, "overflow = wrap, not ieee"),
        (FLOATS | {"sparsity": "3:5"}, "divides the 4 lanes"),
        (FLOATS | {"sparsity": "4:2"}, "N:M has an N below M"),
        (FLOATS | {"sparsity": "a:b"}, "N weights of every M; nearest: 2:4"),
        (FLOATS | {"align": "window", "fraction_bits": 9, "group": 2}, "window with a scale"),
        (SCALED | {"group": 2}, "needs align = window"),
        (SCALED | {"align": "window"}, "is needed with align = window"),
        (SCALED | {"subnormals": "flush"}, "is ieee with scale"),
        (SCALED | {"lsb": 2}, "is 0 with scale"),
        (SCALED | {"gate_zero": True}, "is false with scale"),
        (SCALED | {"y": None}, "y can only be left out for integer scales"),
        (INTEGERS | {"scale": {"kind": "vsq"}}, "is signed with scale"),
        (
            {"a": "int4", "b": "e2m1", "lanes": 2, "scale": {"kind": "vsq"}},
            r"is an integer where its scales are \(uint6\)",
        ),
        (SCALED | {"lanes": 64}, "scale_a|an exact sum of blocks of e4m3 and e4m3 has"),
    ],
    ids=[
        "accumulator",
        "floats and an addend",
        "too wide",
        "another lsb",
        "lsb of a float",
        "posits without a result",
        "lsb of posits",
        "wide posits",
        "lsb of integers",
        "lsb of an addend",
        "both addends",
        "window of integers",
        "window without width",
        "width without window",
        "sticky without window",
        "zeros of a codebook",
        "carries without an accumulator",
        "carries of floats",
        "lanes of sparse weights",
        "more kept than there are",
        "no numbers",
        "groups without scales",
        "groups without window",
        "scaled window without width",
        "flushing scaled vectors",
        "lsb of scaled vectors",
        "zeros of scaled vectors",
        "exact scaled floats",
        "unsigned scaled vectors",
        "floats with integer scales",
        "exact sum of far blocks",
    ],
)
def test_contradictions(params: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        DotParams.model_validate(params)


def test_scales_and_sparsity_make_another_unit() -> None:
    plain = DotParams.model_validate(SCALED)
    assert plain.scale is not None
    assert plain.scale.model_dump() == {
        "kind": "mx",
        "a": "e8m0",
        "b": "e8m0",
        "bits": None,
        "vector": 32,
    }
    arguments = plain.constructor_arguments()
    assert (arguments["a"].element.name, arguments["a"].length, arguments["blocks"]) == (
        *("e4m3", 32),
        1,
    )
    rounded = DotParams.model_validate(
        {"a": "int4", "b": "int4", "lanes": 64, "scale": {"kind": "vsq", "bits": 5}}
    )
    # 8 bits of a product, 4 of 16 lanes, 5 of the factor, 2 of 4 vectors.
    assert (rounded.y, rounded.overflow) == ("int19", "wrap")
    sparse = DotParams.model_validate(INTEGERS | {"lanes": 8, "sparsity": "2:4"})
    assert "sparsity" not in sparse.constructor_arguments()
    assert "round(scale_a[j] * scale_b[j] to 5 bits)" in rounded.formula
    assert "a[position of meta]" in sparse.formula


def test_names_tell_scales_apart() -> None:
    window = {"align": "window", "fraction_bits": 9}
    more: list[dict[str, object]] = [
        {},
        {"scale": {"kind": "mx", "vector": 16}, **window},
        {"scale": {"kind": "mx", "vector": 16}, **window, "group": 2},
        {"scale": {"kind": "channel", "a": "e8m0"}},
        {"scale": {"kind": "nvfp4"}},
        {"sparsity": "2:4"},
        {"sparsity": "1:2"},
    ]
    params = [DotParams.model_validate(SCALED | one) for one in more]
    names = ["_".join((one.base_name, *one.suffixes)) for one in params]
    assert len(set(names)) == len(names)
    assert names[2] == "dot32_e4m3_fp16_w9_g2_mx_v16"
