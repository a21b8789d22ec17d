import pytest

from hdl.stages.scale import ApplyScale, MultiplyScales
from tests.hdl.simulate import settle


@pytest.mark.parametrize(
    ("a", "b", "bits"), [(4, 4, 8), (4, 4, 4), (3, 5, 5), (2, 2, 1), (4, 3, 6)]
)
def test_every_product_of_scales(a, b, bits):
    unit = MultiplyScales(a, b, bits, "ripple")
    rows = [{"scale_a": x, "scale_b": y} for x in range(1 << a) for y in range(1 << b)]
    unit_step = 1 << unit.dropped
    for row, (factor,) in zip(rows, settle(unit, rows, "factor"), strict=True):
        product = row["scale_a"] * row["scale_b"]
        whole, rest = divmod(product, unit_step)
        up = 2 * rest > unit_step or (2 * rest == unit_step and whole % 2)
        assert factor == min(whole + up, (1 << bits) - 1)


def test_every_scaled_value():
    rows = [{"value": x, "factor": f} for x in range(-16, 16) for f in range(8)]
    for row, (scaled,) in zip(
        rows, settle(ApplyScale(5, 3, "ripple"), rows, "scaled"), strict=True
    ):
        assert scaled == row["value"] * row["factor"] & 0xFF
