"""Tensors in formats of every kind."""

import re
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from cosim.golden import dequantize, quantize
from cosim.golden.metrics import sqnr
from cosim.tensors import Settings, load_tensor, quantize_as
from gen.errors import ConfigError
from tests.cosim.test_safetensors import write as write_tensors

TENSOR = np.random.default_rng(1).standard_normal((8, 96)).astype(np.float32)


def test_block_formats():
    outcome = quantize_as(TENSOR, "nvfp4", Settings(axis=0, channel_axis=(1,)))
    expected = quantize(TENSOR, "nvfp4", axis=0, channel_axis=1)
    assert np.array_equal(outcome.values, dequantize(expected))
    assert set(outcome.arrays) == {"codes", "scales", "outer"}
    assert outcome.arrays["outer"].shape == (1, 96)
    assert outcome.sqnr_db == sqnr(TENSOR, outcome.values)
    assert outcome.bits_per_value == 4.4375
    assert outcome.largest_error == np.abs(outcome.values - TENSOR).max()


def test_other_formats_have_scales_that_are_numbers():
    outcome = quantize_as(TENSOR, "int8", Settings(channel_axis=(0,)))
    scales = outcome.arrays["scales"]
    assert np.array_equal(scales, np.abs(TENSOR).max(axis=1, keepdims=True).astype(float) / 127)
    codes = outcome.arrays["codes"].view(np.int8)
    assert np.array_equal(outcome.values, codes * scales)


def test_clipping_is_a_setting():
    clipped = quantize_as(TENSOR, "int4", Settings(method="octav")).sqnr_db
    assert clipped > quantize_as(TENSOR, "int4", Settings()).sqnr_db


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.int8])
def test_files_of_many_types(tmp_path, dtype):
    file = tmp_path / "x.npy"
    np.save(file, np.array([[1, -2], [3, 4]], dtype=dtype).view(np.dtype(dtype)))
    if dtype is ml_dtypes.bfloat16:
        # numpy's file format knows its bits only.
        with pytest.raises(ConfigError, match=r"x\.npy: values are integers or floats, not"):
            load_tensor(file)
    else:
        assert load_tensor(file).tolist() == [[1, -2], [3, 4]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1.0, np.nan]), "a tensor to quantize is finite numbers, one or more"),
        (np.zeros(0), "a tensor to quantize is finite numbers, one or more"),
        (np.array(["a"]), "values are integers or floats, not <U1"),
        (np.array([{}]), "not an .npy file with an array of numbers"),
    ],
)
def test_files_that_hold_no_tensor(tmp_path, array, message):
    file = tmp_path / "x.npy"
    np.save(file, array)
    with pytest.raises(ConfigError) as error:
        load_tensor(file)
    assert str(error.value) == f"{file}: {message}"


def test_other_files(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.npy: cannot read it: No such file or directory$"):
        load_tensor(tmp_path / "none.npy")
    (tmp_path / "text.npy").write_text("hello")
    with pytest.raises(ConfigError, match=r"text\.npy: not an \.npy file"):
        load_tensor(tmp_path / "text.npy")
    np.savez(tmp_path / "many.npz", a=TENSOR)
    with pytest.raises(ConfigError, match=r"many\.npz: an \.npz file; save one array with"):
        load_tensor(tmp_path / "many.npz")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("e4m3", Settings(method="octav"), "e4m3: OCTAV is for integer formats; use method mse"),
        ("mxfp4", Settings(axis=2), "a tensor of shape (8, 96) has no axis 2"),
        (
            "posit8",
            Settings(rounding="rtz"),
            "rounding = 'rtz': for posit8es2 it is rne or stochastic",
        ),
    ],
)
def test_settings_that_do_not_fit(name, settings, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        quantize_as(TENSOR, name, settings)


def test_a_tensor_from_among_many(tmp_path: Path) -> None:
    file = write_tensors(tmp_path / "x.safetensors")
    assert load_tensor(Path(f"{file}:a.weight")).shape == (2, 3)
    with pytest.raises(ConfigError, match="no tensor 'z'"):
        load_tensor(Path(f"{file}:z"))
