import pytest
from pydantic import ValidationError

from gen.params.base import Params, RuleError
from gen.params.fma import FmaParams
from hdl.formats import parse_format

FMA = {"a": "e4m3", "b": "int8", "c": "fp16", "y": "fp32"}


def test_own_parameters_come_before_shared_ones() -> None:
    assert Params.parameter_names() == ["stages", "period", "objective"]
    names = FmaParams.parameter_names()
    assert names[:5] == ["a", "b", "c", "y", "flags"]
    assert names[-3:] == ["stages", "period", "objective"]


def test_constructors_get_formats_for_their_names() -> None:
    arguments = FmaParams.model_validate(FMA).constructor_arguments()
    assert {key: arguments[key] for key in FMA} == {
        key: parse_format(name) for key, name in FMA.items()
    }
    assert arguments["stages"] == 0


@pytest.mark.parametrize("wrong", [{"stages": True}, {"stages": "1"}, {"depth": 1}])
def test_types_are_exact_and_keys_known(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FmaParams.model_validate(FMA | wrong)


def test_broken_rule_names_its_parameter() -> None:
    error = RuleError("overflow", "int8 takes wrap or saturate")
    assert (error.key, str(error)) == ("overflow", "int8 takes wrap or saturate")
