"""A quantized layer on tiles: how it is laid out, what comes back, and the Verilog of some."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cosim.golden import get_model
from cosim.tensors import Settings, quantize_as
from examples.digits import tiles
from examples.digits.demo import load_network
from gen.errors import ToolError


@pytest.fixture(scope="module")
def network():
    return load_network()


def by_golden(config, operands):
    """Answer in the place of the Verilog, which the slow tests run."""
    y = get_model(config.unit)(config.params_dict(), operands)
    vectors = len(operands["first"])
    return SimpleNamespace(passed=True, mismatches=0, vectors=vectors, failure=None), y


def test_the_steps_of_an_element_follow_each_other():
    config = tiles.tile_of("int8", 2, 2)
    left: Any = SimpleNamespace(arrays={"codes": np.arange(4 * 64).reshape(4, 64)})
    right: Any = SimpleNamespace(arrays={"codes": np.arange(64 * 6).reshape(64, 6)})
    operands = tiles.operands_of(config, left, right)
    assert operands["first"].tolist() == [1, 0] * 6
    # Rows 2 and 3, columns 4 and 5: the last tile of the result, in two steps.
    last = operands["a"][-2:].reshape(2, 2, 32), operands["b"][-2:].reshape(2, 32, 2)
    assert np.array_equal(np.concatenate(list(last[0]), axis=1), left.arrays["codes"][2:])
    assert np.array_equal(np.concatenate(list(last[1])), right.arrays["codes"][:, 4:])


def test_only_whole_tiles():
    config = tiles.tile_of("int8", 2, 2)
    odd: Any = SimpleNamespace(arrays={"codes": np.zeros((3, 64))})
    with pytest.raises(ValueError, match=r"^3 x 64 elements are not whole tiles of 2 x 32$"):
        tiles.operands_of(config, odd, odd)


@pytest.mark.parametrize("fmt", tiles.FORMATS)
def test_what_comes_back_is_the_product_of_the_quantized_matrices(fmt, monkeypatch):
    monkeypatch.setattr(tiles, "verify_operands", by_golden)
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(4, 64)), rng.normal(size=(64, 6)) / 8
    product = tiles.multiply(left, right, tiles.tile_of(fmt)).values
    of_left, of_right = tiles.formats_of(fmt)
    expected = (
        quantize_as(left, of_left, Settings(axis=1)).values
        @ quantize_as(right, of_right, Settings(axis=0)).values
    )
    # Of floats, each of two or four sums is rounded to FP32. Entries of a codebook are rounded, to
    # half a step of 1/128 of the largest weight; and that one, 1, is a step too large.
    error = 1e-6 if of_left == of_right else np.abs(right).max() / 128
    assert np.allclose(product, expected, rtol=0, atol=error * np.abs(left).sum(axis=1).max())


def test_a_slice_of_the_layer_by_the_verilog(network):
    images = network.images[:8].astype(float)
    config = tiles.tile_of("int4", 2, 1, 4)
    product = tiles.multiply(images, network.weight1[:, :4].astype(float), config)
    assert product.result.passed
    assert product.result.vectors == 4 * 4 * 16
    assert product.values.shape == (8, 4)


def test_formats_of_few_bits_are_noisy(network, monkeypatch):
    monkeypatch.setattr(tiles, "verify_operands", by_golden)
    wide, narrow = (tiles.evaluate(network, fmt) for fmt in ("mxint8", "mxfp4"))
    assert wide.sqnr_db > 40 > narrow.sqnr_db > 15
    assert (wide.accuracy > 0.96, narrow.accuracy > 0.95) == (True, True)
    assert (wide.bits, narrow.bits) == (8.25, 4.25)


def test_exit_code(network, monkeypatch, capsys):
    monkeypatch.setattr(tiles, "verify_operands", by_golden)
    assert tiles.main(["nvfp4"]) == 0
    assert "nvfp4" in capsys.readouterr().out

    def failing(*_):
        raise ToolError("verilator", "not found")

    monkeypatch.setattr(tiles, "verify_operands", failing)
    assert tiles.main(["nvfp4"]) == 3
    wrong: Any = SimpleNamespace(passed=False, mismatches=1, vectors=2, failure=None)
    monkeypatch.setattr(tiles, "evaluate", lambda *_: tiles.Row("int8", 8, 40, 0.9, wrong))
    assert tiles.main(["int8"]) == 1


@pytest.mark.slow
def test_the_whole_layer_by_the_verilog(network):
    row = tiles.evaluate(network, "nvfp4")
    assert row.result.passed
    assert row.result.vectors == 300 * 16 * 2
    assert row.accuracy > 0.94
