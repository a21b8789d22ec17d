# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.formats import parse_format
from hdl.log_add import LogAdd
from tests.hdl.simulate import settle


def add(pairs, name="log4.3", **options):
    unit = LogAdd(parse_format(name), **options)
    return [y for (y,) in settle(unit, [{"a": a, "b": b} for a, b in pairs], "y")]


@pytest.mark.parametrize("objective", ["area", "delay"])
def test_worked_sums(objective):
    # 1 + 1 = 2; 2 - 1 = 1; 1 - 1 = 0; 1 + 0; the largest number twice; 0 + x; -0 - 0.
    pairs = [
        (0x40, 0x40),
        (0x48, 0xC0),
        (0x40, 0xC0),
        (0x40, 0x00),
        (0x7F, 0x7F),
        (0x00, 0xC3),
        (0x80, 0x80),
    ]
    assert add(pairs, objective=objective) == [0x48, 0x40, 0, 0x40, 0x7F, 0xC3, 0]


def test_small_differences():
    # Of the smallest number: 2^(7/8) - 2^(6/8) = 0.152, zero; 2^(7/8) - 1 = 0.834, the smallest.
    assert add([(0x08, 0x87), (0x08, 0x81), (0x81, 0x08)]) == [0, 1, 1]


def test_faithful_sums_are_next_to_the_nearest():
    pairs = [(0x40, code) for code in range(1, 128)]
    near, nearest = add(pairs, variant="faithful"), add(pairs)
    assert near != nearest
    assert max(abs(x - y) for x, y in zip(near, nearest, strict=True)) == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("e4m3", {}, "format = e4m3 is no log format"),
        ("log7.1", {}, "format = log7.1 has more than 6 integer bits or 12 in all"),
        ("log6.7", {}, "format = log6.7 has more than 6 integer bits or 12 in all"),
        ("log4.3", {"variant": "best"}, "variant = 'best' is not one of correct, faithful"),
        ("log4.3", {"objective": "x"}, "objective = 'x' is not one of area, delay, balanced"),
        ("log4.3", {"stages": 65}, "stages = 65 is not in 0..64"),
    ],
)
def test_what_cannot_be_built(name, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        LogAdd(parse_format(name), **options)
