# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from tests.hdl.dots import dot


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": 0}, "lanes = 0 is not in 1..1024"),
        ({"align": "loose"}, "align = 'loose' is not one of exact, window"),
        ({"y": "fp16", "sticky": True}, "fraction_bits and sticky need align = 'window'"),
        ({"y": "fp16", "align": "window"}, "fraction_bits = None is not in 1..40"),
        (
            {"y": "int8", "align": "window", "fraction_bits": 9},
            "align = 'window' needs floats, not int8",
        ),
        (
            {"accumulate": True, "c": "fp32", "y": "fp32"},
            "accumulate = true and c exclude each other: the accumulator is c",
        ),
        (
            {"accumulate": True, "y": "fp32", "accumulator": "carry_save"},
            "accumulator = 'carry_save' needs accumulate and overflow = 'wrap'",
        ),
        (
            {"accumulate": True, "y": "fp32", "accumulator": "decimal"},
            "accumulator = 'decimal' is not one of binary, carry_save",
        ),
        ({"accumulate": True}, "y can only be left out without accumulate"),
        ({"c": "int8"}, "y can only be left out with c where all operands are integers"),
        ({"y": "fp16", "lsb": 1}, "lsb = 1 needs an integer y of float operands"),
        ({"y": "int8", "c": "fp16", "lsb": 1}, "lsb and c exclude each other"),
    ],
)
def test_what_cannot_be_built(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dot("e4m3", "e4m3", **options)
