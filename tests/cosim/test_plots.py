"""Pictures: well-formed, and with everything in them at the right place."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cosim.golden import dequantize, quantize
from cosim.plots import error_curves, number_line, tensor_errors
from hdl.formats import FormatError

SVG = "{http://www.w3.org/2000/svg}"


def paths(svg: str) -> list[str]:
    """The lines and curves of a picture; faint grid lines left out."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}path")
    return [path.attrib["d"] for path in found if "opacity" not in path.attrib]


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("name", "values", "positive"),
    # E2M1 has 7 magnitudes and zero; NF4 7 negative values, zero and 8 positive ones.
    [("e2m1", 15, 7), ("nf4", 16, 8), ("uq0.4", 16, 15), ("int4", 16, 7), ("log2.2", 31, 15)],
)
def test_a_number_line_has_a_tick_for_every_value(name, values, positive):
    linear, logarithmic = paths(number_line(name))
    assert linear.count("M") == values
    assert logarithmic.count("M") == positive


def test_ticks_are_where_the_values_are():
    linear, _ = paths(number_line("e2m1"))
    places = [float(place) for place in re.findall(r"M([0-9.]+) ", linear)]
    # -6 at the left end, 6 at the right one of 648 pixels: 54 a unit.
    assert places == [56 + 54 * (6 + v) for v in (-6, -4, -3, -2, -1.5, -1, -0.5)] + [
        380 + 54 * v for v in (0, 0.5, 1, 1.5, 2, 3, 4, 6)
    ]


def test_a_block_format_shows_its_elements():
    svg = number_line("mxfp4")
    assert "mxfp4: elements e2m1, 32 share a scale of e8m0" in texts(svg)
    assert paths(svg)[0] == paths(number_line("e2m1"))[0]


def test_formats_of_many_values_are_not_drawn():
    with pytest.raises(FormatError, match=r"^fp16: too many values to draw, 16 bits$"):
        number_line("fp16")


def test_error_curves_reach_the_worst_error():
    svg = error_curves(["e2m3"], span=(0, 2))
    curve, mark = paths(svg)
    heights = [float(height) for height in re.findall(r"[ML][0-9.]+ ([0-9.]+)", curve)]
    # Between 1 and 1.125: 1/17 of 50 % at the most, above the base at 256 of 240 pixels.
    assert min(heights) == pytest.approx(256 - 240 * (100 / 17) / 50, abs=0.5)
    assert max(heights) == pytest.approx(256, abs=1)
    assert mark.endswith("h18")
    assert {"e2m3", "2^0", "2^2", "50 %"} <= set(texts(svg))


def test_error_curves_span_all_formats():
    labels = texts(error_curves(["int4", "e4m3"]))
    assert "2^-9" in labels
    assert "2^9" in labels


def test_tensor_errors_have_a_curve_for_each_format():
    tensor = np.random.default_rng(0).standard_normal(4000)
    formats = ("mxfp4", "mxint8")
    svg = tensor_errors(tensor, {name: dequantize(quantize(tensor, name)) for name in formats})
    assert len(paths(svg)) == 4
    assert set(formats) <= set(texts(svg))


def test_names_are_escaped():
    assert "a&lt;b" in tensor_errors([1.0, 2.0], {"a<b": [1.0, 2.5]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: error_curves([]), "one to 8 formats at a time, not 0"),
        (lambda: tensor_errors([1.0], {}), "one to 8 formats at a time, not 0"),
        (
            lambda: tensor_errors([0.0], {"int8": [0.0]}),
            "a tensor without finite non-zero elements has no relative errors",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()
