"""`log_add` against 60 decimal digits, and against the codec in double precision."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.log_add import log_add, tables
from hdl.formats import LogFormat, parse_format


def all_pairs(fmt):
    codes = np.arange(1 << fmt.bits)
    return (axis.ravel() for axis in np.meshgrid(codes, codes, indexing="ij"))


@pytest.mark.parametrize("name", ["log4.3", "log2.2", "log3.0", "log1.0", "log3.4b24", "log5.0"])
def test_the_nearest_logarithm(name):
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    a, b = all_pairs(fmt)
    # Double precision is enough: no sum of so few bits is that near to a midpoint.
    wanted = encode(decode(a, fmt) + decode(b, fmt), fmt)
    wanted = np.where(wanted == fmt.sign_mask, 0, wanted)
    np.testing.assert_array_equal(log_add(a, b, fmt=fmt), wanted)


def logarithms(fmt):
    """Return 2^F log2(1 + 2^-d) and 2^F log2(1 - 2^-d) for all distances d but 0."""
    steps = 1 << fmt.fraction_bits
    with localcontext() as context:
        context.prec = 60
        two = Decimal(2)
        for distance in range(1, fmt.max_code):
            ratio = two ** (Decimal(-distance) / steps)
            yield [steps * (1 + sign * ratio).ln() / two.ln() for sign in (1, -1)]


@pytest.mark.parametrize("name", ["log4.3", "log3.6", "log2.2", "log4.0"])
def test_tables(name):
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    correct, faithful = tables(fmt, "correct"), tables(fmt, "faithful")
    for distance, exact in enumerate(logarithms(fmt), start=1):
        for which, real in enumerate(exact):
            nearest = int(real.to_integral_value())
            assert int(correct[which][distance]) == nearest
            error = abs(Decimal(int(faithful[which][distance])) - real)
            is_integer = abs(real - nearest) < Decimal(10) ** -50
            assert error < (Decimal(10) ** -50 if is_integer else 1)
        assert int(correct.subtracted_floor[distance]) == int((exact[1] + 512) // 1) - 512 or (
            distance == 1 << fmt.fraction_bits
        )
    # 1 + 1 is 2, an octave more.
    assert correct.added[0] == faithful.added[0] == 1 << fmt.fraction_bits


@pytest.mark.parametrize("name", ["log4.3", "log2.6"])
def test_faithful_tables_change_less_often(name):
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    changes = [
        [np.count_nonzero(np.diff(table)) for table in tables(fmt, variant)[:2]]
        for variant in ("correct", "faithful")
    ]
    # Sums fall by at most half a step a step: every other integer is skipped.
    assert 2 * changes[1][0] <= changes[0][0] + 1
    assert changes[1][1] < changes[0][1]


def test_worked_sums():
    # 1 + 1 = 2; 2 - 1 = 1; 1 - 1 = 0; 1 + 2^-8 is nearest to 1; the largest number twice.
    a = [0x40, 0x48, 0x40, 0x40, 0x7F, 0x00, 0x80]
    b = [0x40, 0xC0, 0xC0, 0x00, 0x7F, 0xC3, 0x80]
    assert log_add(a, b, fmt="log4.3").tolist() == [0x48, 0x40, 0, 0x40, 0x7F, 0xC3, 0]


def test_differences_vanish_below_half_the_smallest_number():
    # Code c is 2^((c - 64) / 8). 2^(7/8) - 2^(6/8) of the smallest: 0.152 of it, zero; 8 and 1 are
    # an octave less 1/8 apart: 2^(7/8) - 1 = 0.834 times the smallest, which it becomes.
    assert log_add([0x08, 0x08], [0x87, 0x81], fmt="log4.3").tolist() == [0, 1]


def test_what_is_no_log_format():
    with pytest.raises(ValueError, match=r"^log_add: int8 is no log format$"):
        log_add([1], [1], fmt="int8")
