"""Lanes brought together by bin: one number a bin, of the same sum."""

import random
from itertools import product

import pytest
from amaranth.hdl import Fragment

from hdl.formats import LogFormat
from hdl.stages.bins import Deposit
from hdl.stages.sorted_lanes import MergePair, SortLanes, comparators, deposits
from tests.hdl.simulate import settle
from tests.hdl.stages.test_bins import plan_of

LOG21 = LogFormat(2, 1, 4)
OPTIONS = {
    "signed": {},
    "pairs": {"accumulator": "pairs"},
    "narrow": {"bin_width": 5, "drop": 2},
    "narrow pairs": {"bin_width": 4, "drop": 1, "accumulator": "pairs"},
}


@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_the_network_sorts_zeros_and_ones_and_so_everything(lanes):
    # Knuth's 0-1 principle.
    pairs = list(comparators(lanes))
    for number in range(1 << lanes):
        values = [number >> i & 1 for i in range(lanes)]
        for low, high in pairs:
            if values[low] > values[high]:
                values[low], values[high] = values[high], values[low]
        assert values == sorted(values)


def test_of_so_many_comparators():
    assert [len(list(comparators(1 << k))) for k in range(6)] == [0, 1, 5, 19, 63, 191]


def worth(plan, products):
    """Return what each register gets, and whether any quotient is beyond it."""
    sums, beyond = [0] * plan.registers, False
    for negative, is_zero, exponent in products:
        quotient, remainder = divmod(exponent, 1 << plan.fmt.fraction_bits)
        quotient -= plan.drop
        if is_zero or quotient < 0:
            continue
        room = plan.width - 1 - plan.factor_bits
        beyond |= quotient > room
        down = plan.is_paired and negative
        amount = plan.factors[remainder] << min(quotient, room)
        home = plan.bins[remainder] + len(plan.constants) * down
        sums[home] += -amount if negative and not plan.is_paired else amount
    return sums, beyond


def check(unit, plan, rows):
    """Compare the sums of a group with `worth`, and see that no two outputs meet in a bin."""
    group = len(rows[0])
    names = ("negative", "is_zero", "exponent")
    operands = [
        {
            f"{name}_{i}": value
            for i, one in enumerate(row)
            for name, value in zip(names, one, strict=True)
        }
        for row in rows
    ]
    outputs = [f"{name}_{i}" for i in range(group) for name in ("select", "amount")]
    for row, (*got, beyond) in zip(rows, settle(unit, operands, *outputs, "beyond"), strict=True):
        bits = plan.deposit_bits + (group - 1).bit_length()
        sums, taken = [0] * plan.registers, 0
        for select, code in zip(got[::2], got[1::2], strict=True):
            assert not select & taken
            taken |= select
            is_minus = not plan.is_paired and code >> (bits - 1)
            amount = code - (1 << bits) if is_minus else code
            for j in range(plan.registers):
                sums[j] += amount * (select >> j & 1)
        assert (sums, beyond) == worth(plan, row)


@pytest.mark.parametrize("kind", [MergePair, SortLanes])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_all_pairs_of_products(kind, options):
    plan = plan_of(LOG21, **options)
    products = [(0, 1, 6), *product((0, 1), (0,), range(2 * LOG21.max_code + 1))]
    unit = MergePair(plan) if kind is MergePair else SortLanes(plan, 2, "ripple")
    check(unit, plan, list(product(products, products)))


@pytest.mark.parametrize(
    "options", [{}, {"accumulator": "pairs"}, {"lut_entries": 2}], ids=["signed", "pairs", "two"]
)
def test_four_lanes(options):
    rng = random.Random(1)
    plan = plan_of(lanes=4, **options)
    rows = [
        [(rng.randrange(2), rng.random() < 0.1, rng.randrange(limit)) for _ in range(4)]
        for limit in (4, 31)
        for _ in range(300)
    ]
    check(SortLanes(plan, 4, "brent_kung"), plan, rows)


@pytest.mark.parametrize(
    ("group", "options", "kind"),
    [
        (1, {}, Deposit),
        (2, {}, MergePair),
        (4, {}, SortLanes),
        (2, {"lut_entries": 2}, SortLanes),
    ],
)
def test_what_fits(group, options, kind):
    plan = plan_of(lanes=4, **options)
    unit = deposits(plan, group, "ripple")
    Fragment.get(unit, None)  # Amaranth warns of what nobody elaborates
    assert type(unit) is kind


def test_one_bin_has_no_pairs():
    assert MergePair.suits(plan_of())
    assert not MergePair.suits(plan_of(lut_entries=1))
    assert not MergePair.suits(plan_of(accumulator="linear"))
