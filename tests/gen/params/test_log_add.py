import pytest
from pydantic import ValidationError

from gen.params.log_add import LogAddParams


def test_names() -> None:
    usual = LogAddParams.model_validate({"format": "log4.3"})
    assert (usual.base_name, usual.suffixes) == ("log_add_log4p3", ())
    other = LogAddParams.model_validate({"format": "log4.3", "variant": "faithful", "stages": 1})
    assert other.suffixes == ("faithful", "s1")
    assert set(other.constructor_arguments()) == {"fmt", "variant", "stages", "objective"}


@pytest.mark.parametrize("name", ["log7.0", "log6.7"])
def test_long_formats(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} has more than 6 integer bits or 12 in all"):
        LogAddParams.model_validate({"format": name})
