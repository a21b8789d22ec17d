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


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        (INTEGERS | {"accumulate": True}, "a running sum has no bound"),
        (INTEGERS | {"b": "e2m1"}, "not all operands are integers"),
        (INTEGERS | {"y": "int32", "accumulate": True, "c": "int8"}, "excludes c"),
        (INTEGERS | {"align": "window", "fraction_bits": 9}, "int8 has no exponent"),
        (FLOATS | {"align": "window"}, "is needed with align = window"),
        (FLOATS | {"fraction_bits": 9}, "needs align = window"),
        (FLOATS | {"sticky": True}, "needs align = window"),
    ],
    ids=[
        "accumulator",
        "floats",
        "both addends",
        "window of integers",
        "window without width",
        "width without window",
        "sticky without window",
    ],
)
def test_contradictions(params: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        DotParams.model_validate(params)
