"""`log_dot` against one sum at a time in plain integers, with roots compared by raising powers."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.log_dot import Bins, log_dot, midpoints, model, multiply, to_log
from hdl.formats import LogFormat, parse_format

LOG43 = LogFormat(4, 3, 64)


def nearest_root(step, steps, bits):
    """Return n with (2n - 1) / 2 < 2^(step / steps) * 2^bits < (2n + 1) / 2."""
    n = 1
    while (2 * n + 1) ** steps <= 2 ** (step + (bits + 1) * steps):
        n += 1
    return n


def reaches(significand, bits, k, steps, arithmetic):
    """Return whether a significand in units of 2^-bits is beyond midpoint k."""
    if not arithmetic:
        return significand ** (2 * steps) >= 2 ** (2 * k + 1 + 2 * steps * bits)
    with localcontext() as context:
        context.prec = 80
        two = Decimal(2)
        between = (two ** (Decimal(k) / steps) + two ** (Decimal(k + 1) / steps)) / 2
        return Decimal(significand) / 2**bits >= between


def oracle_to_log(total, exponent, fmt, bits, arithmetic):
    """Return the code of total * 2^exponent / 2^(2 bias / 2^F)."""
    if total == 0:
        return 0
    steps = 1 << fmt.fraction_bits
    size = abs(total).bit_length() - 1
    significand = abs(total) * 2**bits // 2**size
    rank = sum(reaches(significand, bits, k, steps, arithmetic) for k in range(steps))
    code = (size + exponent) * steps + rank - fmt.bias
    # At least half the smallest number, with the truncated significand?
    octaves = size + exponent - bits
    scaled = Fraction(significand) ** steps * Fraction(2) ** (steps * octaves - 2 * fmt.bias)
    if scaled < Fraction(2) ** (1 - fmt.bias - steps):
        return 0
    return min(max(code, 1), fmt.max_code) | (fmt.sign_mask if total < 0 else 0)


def oracle(
    a, b, first, fmt, *, g=8, width=None, drop=0, entries=None, kind="signed", m=8, means=""
):
    """Yield total, code and overflow row by row."""
    steps = 1 << fmt.fraction_bits
    entries = entries or steps
    low = steps // entries
    constants = [nearest_root(j, entries, g) for j in range(entries)]
    fraction = g + (fmt.fraction_bits if low > 1 else 0)
    factors = [steps + r % low if low > 1 else 1 for r in range(steps)]
    homes = [r // low for r in range(steps)]
    if kind == "linear":
        factors = [factor * constants[home] for factor, home in zip(factors, homes, strict=True)]
        homes, constants = [0] * steps, [1]
    factor_bits = max(factors).bit_length()
    lanes = len(a[0])
    if width is None:
        width = 2 ** (fmt.integer_bits + 1) - 1 - drop + factor_bits + (lanes - 1).bit_length() + 1
    bins: dict[tuple[int, int], int] = {}
    overflow = False
    for row_a, row_b, restart in zip(a.tolist(), b.tolist(), first.tolist(), strict=True):
        if restart:
            bins, overflow = {}, False
        sums = dict(bins)
        for x, w in zip(row_a, row_b, strict=True):
            if x % fmt.sign_mask == 0 or w % fmt.sign_mask == 0:
                continue
            p = x % fmt.sign_mask + w % fmt.sign_mask
            quotient, remainder = p // steps - drop, p % steps
            if quotient < 0:
                continue
            if quotient + factor_bits > width - 1:
                quotient, overflow = width - 1 - factor_bits, True
            sign = -1 if (x >= fmt.sign_mask) != (w >= fmt.sign_mask) else 1
            key = (homes[remainder], sign if kind == "pairs" else 0)
            unit = 1 if kind == "pairs" else sign
            sums[key] = sums.get(key, 0) + unit * factors[remainder] * 2**quotient
        bins = {k: min(max(v, -(2 ** (width - 1))), 2 ** (width - 1) - 1) for k, v in sums.items()}
        overflow = overflow or bins != sums
        total = sum((sign or 1) * constants[j] * v for (j, sign), v in bins.items())
        code = oracle_to_log(total, drop - fraction, fmt, m, means == "arithmetic")
        yield total, code, overflow


CASES = {
    "log4.3": ("log4.3", 4, {}, {}),
    "log2.2, pairs": (
        "log2.2",
        3,
        {"accumulator": "pairs", "bin_width": 7},
        {"kind": "pairs", "width": 7},
    ),
    "log3.0, drop": ("log3.0", 5, {"drop": 4, "bin_width": 8}, {"drop": 4, "width": 8}),
    "two constants": (
        "log4.3",
        2,
        {"lut_entries": 2, "constant_bits": 5},
        {"entries": 2, "g": 5},
    ),
    "linear": (
        "log3.2",
        4,
        {"accumulator": "linear", "bin_width": 24},
        {"kind": "linear", "width": 24},
    ),
    "linear, one constant": (
        "log3.2",
        4,
        {"accumulator": "linear", "lut_entries": 1},
        {"kind": "linear", "entries": 1},
    ),
    "arithmetic": (
        "log3.1",
        4,
        {"rounding": "arithmetic", "midpoint_bits": 3},
        {"means": "arithmetic", "m": 3},
    ),
    "beyond 64 bits": ("log5.2", 4, {"midpoint_bits": 12}, {"m": 12}),
    "a bias that is low": ("log3.2b6", 4, {}, {}),
    "a bias that is high": ("log3.2b30", 4, {}, {}),
}


@pytest.mark.parametrize(("name", "lanes", "options", "expected"), CASES.values(), ids=CASES)
def test_sums_one_at_a_time(name, lanes, options, expected):
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    rng = np.random.default_rng(len(name) + lanes)
    rows = 400
    a, b = (rng.integers(0, 1 << fmt.bits, (rows, lanes)) for _ in "ab")
    a[: rows // 4] |= fmt.max_code >> 1  # large: overflow
    first = rng.random(rows) < 0.2
    got = log_dot(a, b, fmt=fmt, first=first, **options)
    answers = zip(got.total.tolist(), got.code.tolist(), got.overflow.tolist(), strict=True)
    for row, (answer, wanted) in enumerate(
        zip(answers, oracle(a, b, first, fmt, **expected), strict=True)
    ):
        assert answer == wanted, row
    if "bin_width" in options:
        assert 0 < got.overflow.mean() < 1


def test_product_of_every_pair_of_codes():
    a, b = (axis.ravel() for axis in np.meshgrid(np.arange(256), np.arange(256)))
    negative, exponent, zero = multiply(a, b, LOG43)
    for row in range(0, len(a), 7):  # 7 and 256 have no common factor
        # Logarithms as fractions, each from its integer and its fraction field.
        logs = [Fraction(code >> 3 & 15) + Fraction(code & 7, 8) for code in (a[row], b[row])]
        assert Fraction(int(exponent[row]), 8) == sum(logs)
    np.testing.assert_array_equal(negative, (a < 128) != (b < 128))
    np.testing.assert_array_equal(zero, (a % 128 == 0) | (b % 128 == 0))


def test_carry_of_the_fraction_reaches_the_integer():
    # 2^((15 - 64) / 8) * 2^((1 - 64) / 8): EF 7 + 1 = 8 carries, so EI is 1 + 0 + 1 and EF is 0.
    exponent = int(multiply([0x0F], [0x01], LOG43).exponent[0])
    assert (exponent >> 3, exponent & 7) == (2, 0)
    # In bin 0 with quotient 2: 1.0 * 2^2, with 8 fraction bits.
    assert log_dot([[0x0F]], [[0x01]], fmt="log4.3").total.tolist() == [4 << 8]


def test_top_midpoint_wraps():
    # 511/256 is above 2^(7.5/8) = 1.915: the next number is 2, in the next octave, step 0. In units
    # of 2^-8 and of the products' weight 2^-16, 2 has the exponent 1: code (1 << 3) - bias < 1, so
    # it is taken 2^20 times larger.
    code = int(to_log(np.array([511 << 20]), -8, LOG43)[0])
    assert code == (21 << 3) - 64
    assert int(to_log(np.array([(490 << 20) + 5]), -8, LOG43)[0]) == (20 << 3) + 7 - 64


def test_worked_example():
    # 1.0 * 2^(3/8) - 2^(1/2) * 2^(1/4) + 2^(1/8) * 2^(1/4): exponents 131, 134, 131 with bias 128.
    a, b = [[0x40, 0xC4, 0x41]], [[0x43, 0x42, 0x42]]
    total, code, overflow = log_dot(a, b, fmt="log4.3")
    # Quotient 16, remainders 3, 6, 3: bin 3 holds 2 * 2^16, bin 6 -2^16; constants 332 and 431.
    assert total.tolist() == [(2 * 332 - 431) << 16]
    # 233/256 = 0.910: between 2^(-2/8) = 0.841 and 2^(-1/8) = 0.917, nearer to the latter.
    assert (code.tolist(), overflow.tolist()) == ([0x3F], [False])


def test_constants():
    bins = Bins.of(LOG43, 8, 8, "signed")
    assert bins.constant == (256, 279, 304, 332, 362, 395, 431, 470)
    assert bins.width(LOG43, 32, 0) == 2**5 + 5 + 1
    # The sum of the constants is 2829, below 2^12.
    assert bins.total_bits(38) == 50


@pytest.mark.parametrize(("entries", "worst"), [(1, 6.07), (2, 6.03), (4, 3.16), (8, 0.0)], ids=str)
def test_errors_of_fewer_constants(entries, worst):
    bins = Bins.of(LOG43, 24, entries, "linear")
    exact = np.exp2(np.arange(8) / 8)
    got = np.array(bins.factor) / 2.0**bins.fraction_bits
    assert 100 * np.abs(got / exact - 1).max() == pytest.approx(worst, abs=0.005)


def signal_to_error(bin_width, **options):
    """Return dB between exact sums of 512 Gaussian products and those of bins, 16 rows of 32."""
    rng = np.random.default_rng(5)
    sums, lanes, rows = 400, 32, 16
    values = rng.normal(size=(2, sums * rows, lanes))
    # The largest number of the format is at five sigma.
    a, b = encode(values / 5 * decode([127], "log4.3")[0], "log4.3")
    first = np.arange(sums * rows) % rows == 0
    products = decode(a, "log4.3") * decode(b, "log4.3")
    exact = products.reshape(sums, -1).sum(axis=1)
    # Bins as narrow as that begin where the widest sum of 512 still fits.
    drop = 2**5 + 9 + 1 - bin_width
    got = log_dot(a, b, fmt="log4.3", first=first, bin_width=bin_width, drop=drop, **options)
    assert not got.overflow.any()
    linear = got.total[rows - 1 :: rows].astype(float) * 2.0 ** (drop - 8 - 16)
    return 10 * np.log10((exact**2).sum() / ((linear - exact) ** 2).sum())


def test_accuracy_of_narrow_bins():
    assert signal_to_error(24) > 60
    assert signal_to_error(20) == pytest.approx(46, abs=3)


@pytest.mark.parametrize("name", ["log4.3", "log2.2", "log3.0", "log3.4b24"])
def test_rounding_is_that_of_the_format(name):
    # With all bits of the sum compared, the nearest logarithm is what `encode` finds.
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    total = np.concatenate([np.arange(-600, 600), np.arange(1 << 15, (1 << 15) + 600)])
    unit = -(2 * fmt.bias >> fmt.fraction_bits)
    for exponent in range(0, 40, 3):
        got = to_log(total, exponent - 8, fmt, midpoint_bits=16)
        values = total * 2.0 ** (exponent - 8 + unit)
        wanted = encode(values, fmt)
        np.testing.assert_array_equal(got, np.where(wanted == fmt.sign_mask, 0, wanted))


def test_midpoints():
    # Of powers of two: sqrt(2) and 1.5.
    assert midpoints(0, 8, "geometric").tolist() == [363]
    assert midpoints(0, 8, "arithmetic").tolist() == [384]


def test_model_gives_words_of_long_sums():
    params = {
        "format": "log5.2",
        "lanes": 1,
        "constant_bits": 8,
        "bin_width": 65,
        "drop": 0,
        "lut_entries": 4,
        "accumulator": "signed",
        "midpoint_bits": 8,
        "midpoints": "geometric",
        "finish": "parallel",
    }
    ones = np.ones(2, np.uint8)
    a = np.array([0x7F, 0xFF], dtype=np.uint8)
    b = np.array([0x7F, 0x7F], dtype=np.uint8)
    answer = model(params, {"a": a, "b": b, "first": ones, "last": 1 - ones})
    # 65 bits, and 11 as the constants' sum is 1353: two words of 38.
    # 127 + 127 = 63 * 4 + 2: 2^63 in bin 2.
    assert answer["y"].shape == (2, 2)
    words = [int(low) | int(high) << 38 for low, high in answer["y"].tolist()]
    assert words == [362 << 63, (1 << 76) - (362 << 63)]
    assert not answer["out_valid"].any()


def test_bins_give_what_constants_before_the_sum_give():
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, 256, (2, 3000, 8))
    first = rng.random(3000) < 0.2
    signed, pairs, linear = (
        # Wide enough for runs of any length here.
        log_dot(a, b, fmt="log4.3", first=first, accumulator=accumulator, bin_width=48)
        for accumulator in ("signed", "pairs", "linear")
    )
    for other in (pairs, linear):
        np.testing.assert_array_equal(other.total, signed.total)
        np.testing.assert_array_equal(other.code, signed.code)
    assert not signed.overflow.any()


def test_a_serial_finish_does_not_hear_a_last_that_comes_early():
    params = {
        "format": "log2.2",
        "lanes": 1,
        "constant_bits": 8,
        "bin_width": 10,
        "drop": 0,
        "lut_entries": 4,
        "accumulator": "signed",
        "midpoint_bits": 8,
        "midpoints": "geometric",
        "finish": "serial",
    }
    last = np.array([0, 1, 1, 0, 1, 1, 0, 0, 1, 1], np.uint8)
    zeros = np.zeros(10, np.uint8)
    answer = model(params, {"a": zeros, "b": zeros, "first": zeros, "last": last})
    assert np.flatnonzero(answer["out_valid"]).tolist() == [1, 5, 9]


def test_what_is_no_log_format():
    with pytest.raises(ValueError, match=r"^log_dot: int8 is no log format$"):
        log_dot([[1]], [[1]], fmt="int8")
