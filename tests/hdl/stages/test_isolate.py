import math

import pytest

from cosim.golden.codec import decode
from hdl.formats import parse_format
from hdl.stages.isolate import Isolate
from tests.hdl.simulate import settle


def isolated(a, b, **options):
    """Return all pairs of codes, and what becomes of each."""
    formats = parse_format(a), parse_format(b)
    sizes = [1 << fmt.bits for fmt in formats]
    operands = [{"a": x, "b": y} for x in range(sizes[0]) for y in range(sizes[1])]
    outputs = settle(Isolate(*formats, **options), operands, "isolated_a", "isolated_b")
    return [((o["a"], o["b"]), output) for o, output in zip(operands, outputs, strict=True)]


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("int4", "uint3"),
        ("e2m1", "int3"),
        ("e3m2ieee", "e2m1"),
        ("e3m1fn", "e3m2ieee"),
        ("e3m2fnuz", "e2m2fnuz"),
    ],
)
def test_the_product_stays_and_nothing_else_than_zeros_move(a, b, signs):
    one_zero = [name for name in (a, b) if name.startswith("int") or "fnuz" in name]
    for codes, outputs in isolated(a, b, signs=signs):
        numbers = [float(decode([code], fmt)[0]) for code, fmt in zip(codes, (a, b), strict=True)]
        kept = [float(decode([code], fmt)[0]) for code, fmt in zip(outputs, (a, b), strict=True)]
        product, wanted = kept[0] * kept[1], numbers[0] * numbers[1]
        if math.isnan(wanted):
            assert math.isnan(product), codes
            continue
        assert product == wanted, codes
        if wanted:
            assert outputs == codes
            continue
        if signs:
            assert math.copysign(1, product) == math.copysign(1, wanted), codes
        if not (signs and one_zero):
            assert kept == [0, 0]


def test_flushed_subnormals_are_zeros():
    # 2^-1 is the only subnormal magnitude of E2M1, beside 1.
    results = dict(isolated("e2m1", "e2m1", flush=True))
    assert results[1, 2] == (1, 0)
    assert results[2, 9] == (0, 9)
    assert results[2, 2] == (2, 2)
