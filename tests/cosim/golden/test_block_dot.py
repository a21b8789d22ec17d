"""Block dot products against exact rationals, one row at a time."""

from fractions import Fraction
from math import isinf, isnan

import numpy as np
import pytest

from cosim.golden import decode, dequantize, quantize
from cosim.golden.block_dot import BlockOperands, block_dot, model, sparsity_of
from cosim.golden.codec import code_dtype
from hdl.formats import BlockFormat, parse_format
from tests.cosim.golden.oracle import Oracle, Term


def block_format(name):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    return fmt


def random_codes(fmt, shape, rng):
    codes = rng.integers(0, 1 << fmt.bits, shape).astype(code_dtype(fmt.bits))
    if fmt.name == "e8m0":  # most of them near one
        near = rng.integers(115, 140, shape)
        codes = np.where(rng.random(shape) < 0.8, near, codes).astype(codes.dtype)
    return codes


def random_operands(vectors, blocks, y, rng, rows=60):
    a, b = vectors
    lanes = blocks * a.length
    codes = [random_codes(fmt.element, (rows, lanes), rng) for fmt in (a, b)]
    # In most rows numbers only.
    for part, fmt in zip(codes, (a, b), strict=True):
        special = ~np.isfinite(decode(part, fmt.element).astype(float))
        part[special & (rng.random((rows, 1)) < 0.9)] = 1
        part[: rows // 10] = 0
    scales = [random_codes(fmt.scale, (rows, blocks), rng) for fmt in (a, b)]
    return BlockOperands(codes[0], codes[1], *scales, c=random_codes(y, rows, rng))


def term(negative, magnitude):
    if isnan(magnitude) or isinf(magnitude):
        return Term(negative, "nan" if isnan(magnitude) else "inf")
    return Term(negative, Fraction(magnitude))


def exact(operands, a, b, y, rounding):
    """Return the codes, by way of Fractions."""
    x, w = (
        decode(codes, fmt.element).astype(float)
        for codes, fmt in zip(operands[:2], (a, b), strict=True)
    )
    sx, sw = (
        decode(codes, fmt.scale).astype(float)
        for codes, fmt in zip(operands[2:4], (a, b), strict=True)
    )
    assert operands.c is not None
    c = decode(operands.c, y).astype(float)
    oracle = Oracle(y, rounding)
    expected = []
    for row in range(len(x)):
        terms = [term(bool(np.signbit(c[row])), abs(c[row]))]
        for i, (p, q) in enumerate(zip(x[row], w[row], strict=True)):
            # The elements' product is exact in float64; that with the scales need not be.
            product = term(bool(np.signbit(p) != np.signbit(q)), abs(p * q))
            scales = float(sx[row, i // a.length]), float(sw[row, i // a.length])
            if isinstance(product.magnitude, Fraction):
                scaled = "nan"
                if not any(map(isnan, scales)):
                    scaled = product.magnitude * Fraction(scales[0]) * Fraction(scales[1])
                product = Term(product.negative, scaled)
            elif any(map(isnan, scales)):
                product = Term(product.negative, "nan")
            terms.append(product)
        expected.append(oracle(terms)[0])
    return expected


@pytest.mark.parametrize(
    ("a", "b", "blocks", "y", "rounding"),
    [
        ("mxfp8-e4m3", "mxfp8-e4m3", 1, "fp32", "rne"),
        ("mxfp8-e5m2", "mxfp8-e5m2", 1, "fp32", "rup"),
        ("mxfp6-e2m3", "mxfp4", 1, "bf16", "rdn"),
        ("mxint8", "mxint8", 1, "fp32", "rtz"),
        ("nvfp4", "nvfp4", 2, "fp32", "rne"),
        ("msfp12", "msfp12", 1, "fp16", "rna"),
        ("bfp4v2", "bfp3v2", 3, "e5m2", "rne"),
    ],
)
def test_sums_are_rounded_once(a, b, blocks, y, rounding):
    formats = block_format(a), block_format(b)
    result = parse_format(y)
    operands = random_operands(formats, blocks, result, np.random.default_rng(4))
    codes = block_dot(operands, a, b, y, c_format=y, rounding=rounding)
    expected = exact(operands, *formats, result, rounding)
    assert codes.tolist() == expected


def test_running_sums_are_rounded_every_time():
    rng = np.random.default_rng(5)
    fp32 = parse_format("fp32")
    fmt = block_format("nvfp4")
    operands = random_operands((fmt, fmt), 1, fp32, rng)
    first = (rng.random(len(operands.a)) < 0.2).astype(np.uint8)
    codes = block_dot(operands._replace(c=None, first=first), "nvfp4", "nvfp4", "fp32")
    previous = 0
    for row, code in enumerate(codes.tolist()):
        alone = BlockOperands(*(part[row : row + 1] for part in operands[:5] if part is not None))
        alone = alone._replace(c=None if first[row] else np.array([previous], np.uint32))
        previous = block_dot(alone, "nvfp4", "nvfp4", "fp32", c_format="fp32").tolist()[0]
        assert code == previous


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
def test_integer_scales_against_python(overflow):
    rng = np.random.default_rng(6)
    a = block_format("vsq4m4v2")
    operands = random_operands((a, a), 3, parse_format("int12"), rng, rows=400)
    options = {"c_format": "int12", "scale_bits": 5, "overflow": overflow}
    codes = block_dot(operands, a, a, "int12", **options)
    x, w = (decode(part, "int4") for part in operands[:2])
    assert operands.c is not None
    c = decode(operands.c, "int12")
    for row in range(400):
        total = int(c[row])
        for j in range(3):
            scales = int(operands.scale_a[row, j]) * int(operands.scale_b[row, j])
            factor = min(round(Fraction(scales, 8)), 31)
            total += factor * sum(int(x[row, i] * w[row, i]) for i in (2 * j, 2 * j + 1))
        if overflow == "saturate":
            total = min(max(total, -2048), 2047)
        assert codes[row] == total & 0xFFF


def test_it_computes_what_quantized_tensors_stand_for():
    # MX quantizers and this model agree on what a block is: the dequantized dot product.
    rng = np.random.default_rng(7)
    tensors = [rng.normal(size=(20, 32)) * 2.0 ** rng.integers(-20, 20, (20, 1)) for _ in range(2)]
    quantized = [quantize(tensor, "mxfp4") for tensor in tensors]
    parts = [part.codes for part in quantized] + [part.scales for part in quantized]
    codes = block_dot(BlockOperands(*parts), "mxfp4", "mxfp4", "fp32")
    exactly = (dequantize(quantized[0]) * dequantize(quantized[1])).sum(axis=1)
    assert np.array_equal(decode(codes, "fp32"), exactly.astype(np.float32))


def test_the_model_selects_what_sparse_weights_meet():
    params = {"a": "vsq4m1v2", "b": "vsq4m1v2", "y": "int10", "blocks": 1, "c": None}
    params |= {"accumulate": False, "scale_bits": None, "sparsity": "2:4", "rounding": "rne"}
    one = np.ones(2, np.uint8)
    operands = {
        "a": np.array([[1, 2, 3, 4]] * 2, np.uint8),
        "b": np.array([[5, 7]] * 2, np.uint8),
        "scale_a": one,
        "scale_b": one,
        "meta": np.array([0xC, 0x5], np.uint8),
    }
    answer = model(params | {"overflow": "wrap"}, operands)
    assert (answer["y"].tolist(), answer["err"].tolist()) == ([33, 24], [0, 1])
    assert sparsity_of(None) is None


def test_outer_scales_multiply_what_has_been_rounded():
    rng = np.random.default_rng(8)
    shapes = {"a": (400, 2), "b": (400, 2), "scale_a": 400, "scale_b": 400}
    operands = {port: rng.integers(0, 16, shape) for port, shape in shapes.items()}
    operands |= {port: rng.integers(30, 90, 400) for port in ("scale_a", "scale_b")}
    operands["outer"] = rng.integers(0, 1 << 16, 400).astype(np.uint16)
    params = {"a": "nvfp4v2", "b": "nvfp4v2", "blocks": 1, "y": "fp16", "c": None}
    params |= {"scale_bits": None, "sparsity": None, "rounding": "rne", "overflow": "ieee"}
    params |= {"accumulate": False}
    sums = model(params, operands)["y"].view(np.float16).astype(np.float64)
    outer = operands["outer"].view(np.float16).astype(np.float64)
    found = model(params | {"outer": "fp16"}, operands)["y"].view(np.float16)
    # numpy rounds the exact product once.
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = (sums * outer).astype(np.float16)
    numbers = ~np.isnan(wanted)
    assert np.array_equal(np.isnan(found), ~numbers)
    assert np.array_equal(found[numbers].view(np.uint16), wanted[numbers].view(np.uint16))
    assert np.isfinite(wanted).mean() > 0.5
