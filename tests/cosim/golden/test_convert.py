"""Conversion between formats, classes of codes, exchange with ml_dtypes."""

import ml_dtypes
import numpy as np
import pytest

from cosim.golden import (
    classify,
    convert,
    decode,
    encode,
    from_ml_dtypes,
    get_model,
    to_ml_dtypes,
)
from cosim.golden.convert import INFINITE, NAN, NEGATIVE, SIGNALING, SUBNORMAL, ZERO
from hdl.formats import FormatError, parse_format
from tests.cosim.golden.probes import all_codes
from tests.cosim.golden.test_encoder import ML_DTYPES


@pytest.mark.parametrize("target", ["e5m2", "e4m3fnuz", "e2m1", "bf16", "e3m4"])
@pytest.mark.parametrize("source", ["fp16", "e4m3", "e5m2fnuz"])
def test_conversion_agrees_with_ml_dtypes(source, target):
    codes = all_codes(source)
    with np.errstate(over="ignore", invalid="ignore"):
        values = codes.view(ML_DTYPES[source]).astype(np.float32)
        expected = values.astype(ML_DTYPES[target])
    result = convert(codes, source, target)
    kept = ~np.isnan(values) & ~np.isnan(expected.astype(np.float32))
    assert np.array_equal(result[kept], expected.view(result.dtype)[kept])


def test_wide_integers_are_rounded_once():
    # 2^53 + 1 in fp32 is just above 2^53; one more than the tie 2^62 + 2^38 goes up.
    codes = np.array([(1 << 53) + 1, (1 << 62) + (1 << 38) + 1], dtype=np.uint64)
    assert convert(codes, "int64", "fp32").tolist() == [180 << 23, (189 << 23) + 1]
    assert convert(codes, "uint64", "int8").tolist() == [127, 127]
    assert convert([0x80], "int8", "int4", overflow="wrap").tolist() == [0]


def test_between_kinds():
    assert convert([0x38, 0xB8], "e4m3", "posit8").tolist() == [0x40, 0xC0]
    assert convert([0x40, 0xC0], "posit8", "log4.3").tolist() == [0x40, 0xC0]
    assert convert([15, 0], "nf4", "q4.4").tolist() == [0x10, 0xF0]
    assert convert([127], "e8m0", "sm4").tolist() == [1]


def test_subnormals_are_flushed_on_both_sides():
    codes = np.array([0x0001, 0x8001, 0x0400], dtype=np.uint16)
    assert convert(codes, "fp16", "fp32", subnormals="flush").tolist() == [0, 1 << 31, 113 << 23]
    assert convert([0x04], "e5m2", "e4m3", subnormals="flush").tolist() == [0]


def test_values_outside_float64_are_refused():
    with pytest.raises(FormatError, match=r"^e11m4: its exponents leave the range of float64$"):
        convert([0], "e11m4", "fp32")


def test_classes():
    assert classify([0x7C, 0xFD, 0xFE, 0x83, 0x00, 0x04], "e5m2").tolist() == [
        INFINITE,
        NEGATIVE | NAN | SIGNALING,
        NEGATIVE | NAN,
        NEGATIVE | SUBNORMAL,
        ZERO,
        0,
    ]
    assert classify([0x80, 0x00, 0xFF], "posit8").tolist() == [NAN, ZERO, NEGATIVE]
    assert classify([0x80, 0x81], "sm8").tolist() == [NEGATIVE | ZERO, NEGATIVE]
    assert classify([0x80, 0x00], "int8").tolist() == [NEGATIVE, ZERO]
    assert classify([0xFF, 0x00], "e8m0").tolist() == [NAN, 0]
    assert classify([[7, 0]], "nf4").tolist() == [[ZERO, NEGATIVE]]


@pytest.mark.parametrize("name", [*ML_DTYPES, "int4", "uint2", "int16"])
def test_ml_dtypes_arrays_go_in_and_out(name):
    codes = all_codes(name)
    array = to_ml_dtypes(codes, name)
    with np.errstate(invalid="ignore"):
        values = array.astype(np.float64)
    np.testing.assert_array_equal(values, decode(codes, name))
    again, fmt = from_ml_dtypes(array)
    assert fmt == parse_format(name)
    assert np.array_equal(again, codes)
    assert np.shares_memory(codes, array)


def test_whole_bytes_are_not_copied():
    array = np.zeros(4, dtype=ml_dtypes.float8_e4m3fn)
    assert np.shares_memory(from_ml_dtypes(array)[0], array)


def test_formats_without_a_type():
    with pytest.raises(TypeError, match=r"^no numpy type for posit8es2; is ml_dtypes imported\?$"):
        to_ml_dtypes(encode([1.0], "posit8"), "posit8")


@pytest.mark.parametrize("source", ["int8", "fp16"])
def test_model_takes_random_words_for_integers_and_floats(source):
    # 5 lies half way from 4 to 6, its neighbours with two significand bits.
    codes = encode(np.full(4, 5.0), source)
    params = {"x": source, "y": "e3m1", "rounding": "stochastic", "random_bits": 2}
    operands = {"x": codes, "rnd": np.arange(4, dtype=np.uint8)}
    answer = get_model("convert")(params | {"overflow": "ieee", "subnormals": "ieee"}, operands)
    assert decode(answer["y"], "e3m1").tolist() == [4.0, 4.0, 6.0, 6.0]
