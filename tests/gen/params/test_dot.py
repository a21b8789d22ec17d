import pytest
from pydantic import ValidationError

from gen.params.dot import DotParams

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
    ],
    ids=["accumulator", "floats", "both addends"],
)
def test_contradictions(params: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        DotParams.model_validate(params)
