import pytest

from hdl.formats import FixedFormat, FormatError, SignMagnitudeFormat, parse_format


def test_the_sign_is_one_of_the_integer_bits():
    q = parse_format("q4.4")
    assert isinstance(q, FixedFormat)
    assert (q.bits, q.min_integer, q.max_integer) == (8, -128, 127)


def test_unsigned_fractions():
    uq = parse_format("uq0.8")
    assert isinstance(uq, FixedFormat)
    assert (uq.bits, uq.min_integer, uq.max_integer, uq.is_signed) == (8, 0, 255, False)


def test_sign_magnitude():
    sm = parse_format("sm4")
    assert isinstance(sm, SignMagnitudeFormat)
    assert (sm.bits, sm.sign_mask, sm.max_value) == (4, 8, 7)


@pytest.mark.parametrize("name", ["q2.6", "q0.8", "uq0.1", "uq32.0", "sm2", "sm32"])
def test_names_are_canonical(name):
    assert parse_format(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("q0.1", "q0.1: a fixed-point format has 2 to 32 bits"),
        ("uq20.20", "uq20.20: a fixed-point format has 1 to 32 bits"),
        ("sm1", "sm1: a sign-magnitude format has 2 to 32 bits"),
    ],
)
def test_what_is_no_format(name, message):
    with pytest.raises(FormatError) as error:
        parse_format(name)
    assert str(error.value) == message
