import pytest

from hdl.formats import FormatError, LogFormat, PositFormat, PowerFormat, parse_format


def test_e8m0_of_the_mx_standard():
    assert parse_format("float8_e8m0fnu") == PowerFormat(8, 127)
    assert (PowerFormat(8, 127).max_code, PowerFormat(8, 127).nan_code) == (254, 255)


def test_log_numbers_have_one_in_the_middle():
    log = parse_format("log4.3")
    assert log == LogFormat(4, 3, 64)
    assert isinstance(log, LogFormat)
    assert (log.bits, log.sign_mask, log.max_code) == (8, 0x80, 0x7F)


def test_posits_of_the_standard_have_two_exponent_bits():
    posit = parse_format("posit16")
    assert posit == PositFormat(16, 2)
    assert isinstance(posit, PositFormat)
    # Posit Standard 2022, table 1: maxPos of 16 bits is 2^56.
    assert (posit.max_code, posit.nan_code, posit.max_exponent) == (0x7FFF, 0x8000, 56)


@pytest.mark.parametrize("name", ["log4.3", "log2.2b4", "posit8es0", "posit32es2"])
def test_names_are_canonical(name):
    assert parse_format(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("log0.3", "log0.3: a log format has 1 integer bit or more, and 16 bits at most"),
        ("log9.9", "log9.9: a log format has 1 integer bit or more, and 16 bits at most"),
        ("posit2es0", "posit2es0: a posit format has 3 to 32 bits"),
        ("posit8es4", "posit8es4: a posit format has 0 to 3 exponent bits"),
    ],
)
def test_what_is_no_format(name, message):
    with pytest.raises(FormatError) as error:
        parse_format(name)
    assert str(error.value) == message
