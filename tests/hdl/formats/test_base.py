import pytest

from hdl.formats import FormatError, aliases, families, named_formats, parse_format


def test_every_name_parses_to_itself():
    for alias, fmt in named_formats():
        assert parse_format(alias) is fmt
        assert fmt.name == alias
        for other in aliases(fmt):
            assert parse_format(other) is fmt


def test_an_alias_wins_over_the_family_of_the_same_name():
    assert parse_format("e4m3").kind == "float"
    assert parse_format("e4m3b7").name == "e4m3b7"
    assert parse_format("e4m3b7") != parse_format("e4m3")
    assert parse_format("e8m0").kind == "power"
    assert parse_format("e8m0b127").name == "e8m0b127"


def test_names_are_read_without_case_or_surrounding_space():
    assert parse_format(" MXFP8_E4M3 ").name == "mxfp8-e4m3"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(FormatError, match=r"^unknown format 'mxfp5'; nearest: mxfp4"):
        parse_format("mxfp5")


def test_a_name_like_no_other_is_answered_with_all_families():
    with pytest.raises(FormatError) as error:
        parse_format("?")
    assert all(family in str(error.value) for family in families())
