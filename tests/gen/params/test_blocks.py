import pytest

from gen.params.base import RuleError
from gen.params.blocks import BlockSum, check_selection, complete, two_numbers
from hdl.formats import BlockFormat, parse_format


def asked(name, **more):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    usual = {"blocks": 1, "scale_bits": None, "window": None, "y": None, "c": None}
    usual |= {"accumulate": False, "rounding": "rne", "overflow": None}
    return BlockSum(a=fmt, b=fmt, **(usual | more))


def test_what_is_left_out():
    assert complete(asked("vsq4"), "a") == ("int24", "wrap")
    assert complete(asked("nvfp4", y="fp32"), "a") == ("fp32", "ieee")


@pytest.mark.parametrize(
    ("sum_", "key", "rule"),
    [
        (asked("nvfp4"), "y", "y can only be left out"),
        (asked("nvfp4", scale_bits=3, y="fp32"), "scale", "scale_bits is for integer scales"),
        (asked("vsq16m16"), "scale", "has sums of 68 bits, more than 60"),
        (asked("vsq4", c="int49"), "c", "has at most 48 bits, unlike int49"),
    ],
)
def test_rules_name_the_parameter(sum_, key, rule):
    with pytest.raises(RuleError, match=rule) as caught:
        complete(sum_, "scale")
    assert caught.value.key == key


def test_selection():
    assert two_numbers("2:12") == (2, 12)
    check_selection(None, 7)
    check_selection("2:4", 512)
    for sparsity, lanes in (("2:4", 7), ("2:4", 1024), ("32:64", 64)):
        with pytest.raises(RuleError) as caught:
            check_selection(sparsity, lanes)
        assert caught.value.key == "sparsity"
