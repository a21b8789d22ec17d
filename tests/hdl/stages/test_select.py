from itertools import combinations, product

import pytest

from hdl.stages.select import SelectGroup, index_bits
from tests.hdl.simulate import settle


def pack(fields, width):
    return sum(field << (width * i) for i, field in enumerate(fields))


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 2), (1, 4), (3, 5), (4, 4), (2, 8), (1, 1)])
def test_every_code_of_the_metadata(n, m):
    width = index_bits(m)
    # Lane i holds i + 1, so that what is picked says where it comes from.
    x = pack(range(1, m + 1), 4)
    codes = list(product(range(1 << width), repeat=n))
    operands = [{"x": x, "meta": pack(code, width)} for code in codes]
    legal = set(combinations(range(m), n))
    found = settle(SelectGroup(4, n, m), operands, "y", "err")
    complemented = settle(SelectGroup(4, n, m, inverted=True), operands, "y", "err")
    for code, (y, err), (not_y, other) in zip(codes, found, complemented, strict=True):
        reached = [min(max(p, k), k + m - n) for k, p in enumerate(code)]
        assert [y >> (4 * k) & 15 for k in range(n)] == [p + 1 for p in reached]
        assert not_y == y ^ (16**n - 1)
        assert err == other == (code not in legal), code


def test_the_codes_of_cutlass_are_the_legal_ones():
    rows = settle(SelectGroup(1, 2, 4), [{"meta": code} for code in range(16)], "err")
    assert [code for code, (err,) in enumerate(rows) if not err] == [4, 8, 9, 0xC, 0xD, 0xE]
