"""Where products go, what they add there, and bins that saturate."""

import pytest

from hdl.formats import LogFormat
from hdl.stages.bins import AddToBin, Deposit, SumBin, bin_plan
from tests.hdl.simulate import settle

LOG43 = LogFormat(4, 3, 64)
LOG22 = LogFormat(2, 2, 8)


def plan_of(fmt=LOG22, lanes=2, **changes):
    options = {
        "constant_bits": 8,
        "bin_width": None,
        "drop": 0,
        "lut_entries": None,
        "accumulator": "signed",
    }
    return bin_plan(fmt, lanes, **(options | changes))


def test_widths_of_the_published_accumulator():
    plan = plan_of(LOG43, 32)
    # 2^(I + 1) + log2(32) + 1; 2829, the sum of the constants, is below 2^12.
    assert (plan.width, plan.total_bits) == (2**5 + 5 + 1, 38 + 12)
    assert plan.constants == (256, 279, 304, 332, 362, 395, 431, 470)


DEPOSITS = {
    "signed": {},
    "pairs": {"accumulator": "pairs"},
    "linear": {"accumulator": "linear", "constant_bits": 3},
    "drop": {"drop": 3},
    "narrow": {"bin_width": 6},
    "narrow pairs": {"bin_width": 6, "accumulator": "pairs", "drop": 1},
    "two constants": {"lut_entries": 2},
    "narrow, one constant": {"lut_entries": 1, "bin_width": 8},
    "linear, two constants, narrow": {
        "accumulator": "linear",
        "lut_entries": 2,
        "bin_width": 14,
    },
}


@pytest.mark.parametrize("options", DEPOSITS.values(), ids=DEPOSITS)
def test_deposits(options):
    plan = plan_of(**options)
    rows = [
        {"negative": negative, "is_zero": is_zero, "exponent": exponent}
        for negative in (0, 1)
        for is_zero in (0, 1)
        for exponent in range(2 * LOG22.max_code + 1)
    ]
    results = settle(Deposit(plan), rows, "select", "amount", "beyond")
    for row, (select, amount, beyond) in zip(rows, results, strict=True):
        quotient, remainder = divmod(row["exponent"], 4)
        quotient -= plan.drop
        counts = quotient >= 0 and not row["is_zero"]
        room = plan.width - 1 - plan.factor_bits
        assert beyond == (counts and quotient > room)
        down = plan.is_paired and row["negative"]
        home = plan.bins[remainder] + len(plan.constants) * down
        assert select == (1 << home if counts else 0)
        if not counts:
            assert amount == 0 or plan.registers > 1
            continue
        value = plan.factors[remainder] << min(quotient, room)
        if row["negative"] and not plan.is_paired:
            value = -value % (1 << plan.deposit_bits)
        assert amount == value


@pytest.mark.parametrize("options", [{}, {"accumulator": "pairs"}], ids=["signed", "pairs"])
def test_sum_of_the_lanes_of_a_bin(options):
    plan = plan_of(lanes=3, bin_width=5, **options)
    bits = plan.deposit_bits
    low = 0 if plan.is_paired else -(1 << (bits - 1))
    values = range(low, low + (1 << bits), 3)
    rows = [
        {f"select_{i}": select >> i & 1 for i in range(3)}
        | {f"amount_{i}": value % (1 << bits) for i, value in enumerate((x, y, -1 - low))}
        for x in values
        for y in values
        for select in range(8)
    ]
    results = settle(SumBin(plan), rows, "first", "second")
    for row, (first, second) in zip(rows, results, strict=True):
        amounts = [row[f"amount_{i}"] for i in range(3) if row[f"select_{i}"]]
        signed = [a - (1 << bits) if low and a >> (bits - 1) else a for a in amounts]
        assert (first + second - sum(signed)) % (1 << plan.sum_bits) == 0


@pytest.mark.parametrize("options", [{}, {"accumulator": "pairs"}], ids=["signed", "pairs"])
def test_bins_saturate(options):
    plan = plan_of(lanes=2, bin_width=4, **options)
    low, high = (0, 7) if plan.is_paired else (-8, 7)
    reach = 2 * 4
    sums = range(low and -reach, reach + 1)
    rows = [(added, kept) for added in sums for kept in range(low, high + 1)]
    operands = [
        # A sum of any two numbers.
        {"first": (added - 3) % (1 << plan.sum_bits), "second": 3, "kept": kept % 16}
        for added, kept in rows
    ]
    results = settle(AddToBin(plan, "ripple"), operands, "content", "saturated")
    for (added, kept), (content, saturated) in zip(rows, results, strict=True):
        exact = added + kept
        assert content == min(max(exact, low), high) % (1 << plan.bin_bits)
        assert saturated == (not low <= exact <= high)
