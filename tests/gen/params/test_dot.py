import pytest
from pydantic import ValidationError

from gen.params.dot import DotParams

FLOATS = {"a": "e4m3", "b": "e4m3", "y": "fp16", "lanes": 4}
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
        (INTEGERS | {"y": "int32", "lsb": -3}, "is 0 where a and b are integers"),
        (FLOATS | {"y": "int9", "c": "e4m3", "lsb": -3}, "is 0 with c"),
        (INTEGERS | {"y": "int32", "accumulate": True, "c": "int8"}, "excludes c"),
        (INTEGERS | {"align": "window", "fraction_bits": 9}, "int8 has no exponent"),
        (FLOATS | {"align": "window"}, "is needed with align = window"),
        (FLOATS | {"fraction_bits": 9}, "needs align = window"),
        (FLOATS | {"sticky": True}, "needs align = window"),
        (INTEGERS | {"accumulator": "carry_save"}, "needs accumulate = true"),
        (FLOATS | {"accumulate": True, "accumulator": "carry_save"}, "overflow = wrap, not ieee"),
    ],
    ids=[
        "accumulator",
        "floats and an addend",
        "too wide",
        "another lsb",
        "lsb of a float",
        "lsb of integers",
        "lsb of an addend",
        "both addends",
        "window of integers",
        "window without width",
        "width without window",
        "sticky without window",
        "carries without an accumulator",
        "carries of floats",
    ],
)
def test_contradictions(params: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        DotParams.model_validate(params)
