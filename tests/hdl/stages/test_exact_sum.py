import pytest

from hdl.formats import FormatError, IntFormat, parse_format
from hdl.stages.exact_sum import exact_sum, exact_sum_format, word_of
from hdl.stages.terms import operand_range, product_range


def integer(name):
    fmt = parse_format(name)
    assert isinstance(fmt, IntFormat)
    return fmt


@pytest.mark.parametrize(
    ("a", "b", "lanes", "c", "name"),
    [
        # Two's complement: (-8)^2 * 4 = 256 needs 9 bits and a sign.
        ("int4", "int4", 4, None, "int10"),
        ("uint4", "uint4", 1, None, "uint8"),
        ("int8", "uint8", 1, None, "int16"),
        ("int8", "int8", 1, "int32", "int33"),
    ],
)
def test_exact_sum_format(a, b, lanes, c, name):
    assert exact_sum_format(integer(a), integer(b), lanes, integer(c) if c else None).name == name


def test_exact_sum_of_floats_counts_the_lowest_bit():
    # 57344^2 * 4 in units of 2^-32: 14 bits of 7 * 7 * 2^62 * 4, and a sign.
    fmt, lsb = exact_sum(parse_format("e5m2"), parse_format("e4m3"), 2, None)
    largest = 2 * 57344 * 448 * 2**25
    assert (fmt.width, lsb) == (int(largest).bit_length() + 1, -25)


def test_a_word_holds_products_and_addend():
    # Products of E2M1: 8 bits, up to 255 / 4 each; an addend of INT4 at weight 0, up to 15.
    e2m1 = operand_range(parse_format("e2m1"))
    word = word_of(4, product_range(e2m1, e2m1), [operand_range(parse_format("int4"))])
    assert (word.base, word.addend) == (-2, (4, 2))
    assert word.bits == (4 * 255 + (15 << 2)).bit_length() + 1


def test_no_integer_holds_too_large_a_sum():
    int32 = IntFormat(32)
    with pytest.raises(FormatError, match=r"^int65: an integer format has 2 to 64 bits$"):
        exact_sum_format(int32, int32, 2, None)
