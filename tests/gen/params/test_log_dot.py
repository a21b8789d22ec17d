import pytest
from pydantic import ValidationError

from gen.params.log_dot import LogDotParams

DALLY = {"format": "log4.3", "lanes": 32}


def params(**changes: object) -> LogDotParams:
    return LogDotParams.model_validate(DALLY | changes)


def test_defaults_are_filled_in() -> None:
    # 2^(4 + 1) + log2(32) + 1 bits, one bin for each of 2^3 remainders.
    assert (params().bin_width, params().lut_entries) == (38, 8)
    assert params(drop=14).bin_width == 24


def test_pairs_of_lanes_are_sorted_where_products_are_powers_of_two() -> None:
    assert (params().sort, params(accumulator="pairs").sort) == (2, 2)
    for changes in ({"lanes": 3}, {"lut_entries": 4}, {"accumulator": "linear"}):
        assert params(**changes).sort == 1


@pytest.mark.parametrize(
    ("changes", "suffixes"),
    [
        ({}, ()),
        ({"bin_width": 38, "lut_entries": 8}, ()),
        (
            {"accumulator": "pairs", "constant_bits": 6, "bin_width": 24, "drop": 3},
            ("pairs", "g6", "w24", "drop3"),
        ),
        (
            {"lut_entries": 2, "midpoint_bits": 4, "midpoints": "arithmetic", "finish": "serial"},
            ("lut2", "m4", "arithmetic", "serial"),
        ),
        ({"sort": 2}, ()),
        ({"sort": 1, "stages": 2}, ("sort1", "s2")),
        ({"lut_entries": 4, "sort": 1}, ("lut4",)),
    ],
)
def test_names(changes: dict[str, object], suffixes: tuple[str, ...]) -> None:
    checked = params(**changes)
    assert (checked.base_name, checked.suffixes) == ("log_dot32_log4p3", suffixes)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"format": "e4m3"}, "e4m3 is no log format"),
        ({"format": "log2.7"}, "up to 6 integer and 6 fraction bits"),
        ({"lut_entries": 6}, "no power of two up to 2"),
        ({"drop": 40}, "40 is not in 0..30"),
        ({"lut_entries": 2, "bin_width": 4}, "a single product needs 5 bits"),
        ({"accumulator": "linear", "finish": "serial"}, "serial needs more than one bin"),
        ({"accumulator": "linear", "sort": 2}, "2 needs more than one bin"),
        ({"lanes": 12, "sort": 8}, "8 is no power of two that divides 12 lanes"),
    ],
    ids=["format", "fraction", "constants", "drop", "bin", "finish", "sort", "lanes"],
)
def test_contradictions(changes: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        params(**changes)


def test_component_gets_every_parameter() -> None:
    given = params(finish="serial").constructor_arguments()
    assert set(given) == {"fmt", *LogDotParams.parameter_names()} - {"format", "period"}
