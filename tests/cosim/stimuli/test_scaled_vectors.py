import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.block_quantize import is_undefined, quantize_vectors
from cosim.stimuli.scaled_vectors import directed_vectors, random_vectors

NVFP4 = {"x": "bf16", "y": "nvfp4", "outer": "bf16", "order": None}
VSQ = {"x": "int16", "y": "vsq4", "outer": "fp32", "order": "published"}
UNITS = {
    "nvfp4": NVFP4,
    "nvfp4 alone": NVFP4 | {"outer": "none"},
    "nvfp4 over a power": NVFP4 | {"outer": "e8m0"},
    "vsq": VSQ,
    "vsq, scaled": VSQ | {"order": "scaled", "x": "fp32"},
}


def quantized(params, vectors, rounding="rne"):
    outer = 1.0 if vectors.outer is None else decode(vectors.outer, params["outer"])
    return quantize_vectors(
        vectors.codes,
        x_format=params["x"],
        y_format=params["y"],
        outer=outer,
        order=params["order"],
        rounding=rounding,
    )


@pytest.mark.parametrize("params", UNITS.values(), ids=UNITS)
def test_directed_vectors_meet_every_element_and_the_ends_of_scales(params):
    y, scale = quantized(params, directed_vectors(params))
    least, most = (8, 126) if "nvfp4" in params["y"] else (0, 63)
    # Of 4 bits, -8 comes only where the scale has saturated, and -0 only of floats.
    assert len(np.unique(y)) >= 15
    assert {least, most} <= set(scale.tolist())
    assert len(np.unique(scale)) > 30
    assert (0x7F in scale) == ("nvfp4" in params["y"])


def test_directed_quotients_are_as_large_and_as_small_as_can_be():
    vectors = directed_vectors(NVFP4)
    assert vectors.outer is not None
    values, outer = decode(vectors.codes[:, 0], "bf16"), decode(vectors.outer, "bf16")
    usable = np.isfinite(values) & (values > 0) & np.isfinite(outer) & (outer > 0)
    powers = np.frexp(values[usable])[1] - np.frexp(outer[usable])[1]
    assert set(range(-200, 200)) <= set(powers.tolist())


@pytest.mark.parametrize("params", UNITS.values(), ids=UNITS)
def test_random_vectors_meet_ties_and_what_has_no_scale(params):
    vectors = random_vectors(params, 2000, np.random.default_rng(1))
    assert (vectors.outer is None) == (params["outer"] == "none")
    even, scale = quantized(params, vectors)
    away, _ = quantized(params, vectors, "rna")
    down, _ = quantized(params, vectors, "rtz")
    assert (even != away).any(axis=1).mean() > 0.02
    assert (down != even).mean() > 0.05
    assert len(np.unique(scale)) > 40
    outer = np.ones(2000) if vectors.outer is None else decode(vectors.outer, params["outer"])
    values = decode(vectors.codes, params["x"]).astype(np.float64)
    undefined = is_undefined(values, outer).mean()
    assert undefined < 0.1
    assert (undefined > 0) == (params["x"] != "int16" or params["outer"] != "none")


def test_numbers_of_few_bits():
    vectors = random_vectors(VSQ | {"x": "uint2"}, 400, np.random.default_rng(1))
    assert len(np.unique(vectors.codes)) == 4
    assert len(np.unique(quantized(VSQ | {"x": "uint2"}, vectors)[1])) > 10


@pytest.mark.parametrize("count", [0, 1])
def test_few_vectors(count):
    vectors = random_vectors(NVFP4, count, np.random.default_rng(1))
    assert vectors.codes.shape == (count, 16)
    assert vectors.outer is not None
    assert vectors.outer.shape == (count,)
