from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosim.golden import decode
from cosim.operands import unit_of
from cosim.streams import accuracy, stream_of
from gen.config import make_config
from gen.errors import ConfigError

FMA = {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16"}
INT_DOT = {"a": "int8", "b": "int8", "lanes": 4}


def test_gaussian_numbers_have_the_sigma_of_their_format() -> None:
    stream = stream_of(make_config("dot", INT_DOT), streams=64, cycles=64)
    values = decode(stream.operands["a"], "int8")
    assert np.std(values) == pytest.approx(32, rel=0.03)  # a quarter of 128
    stream = stream_of(make_config("fma", FMA), streams=64, cycles=64)
    assert np.std(decode(stream.operands["a"], "e4m3")) == pytest.approx(1, rel=0.05)
    # A partial sum of 16 products.
    assert np.std(decode(stream.operands["c"], "fp16")) == pytest.approx(4, rel=0.05)


def test_uniform_codes_are_finite() -> None:
    stream = stream_of(make_config("fma", FMA), "uniform", streams=64, cycles=64)
    codes = stream.operands["a"]
    assert np.isfinite(decode(codes, "e4m3")).all()
    assert len(np.unique(codes)) == 254


def test_answers_are_golden() -> None:
    config = make_config("dot", INT_DOT)
    stream = stream_of(config, streams=64, cycles=2)
    expected, _ = unit_of(config).respond(stream.operands)
    np.testing.assert_array_equal(stream.expected["y"], expected["y"])
    assert stream.due.all()


def test_accumulators_start_with_each_stream() -> None:
    config = make_config("dot", INT_DOT | {"accumulate": True, "y": "int32"})
    stream = stream_of(config, streams=64, cycles=8)
    assert np.flatnonzero(stream.operands["first"]).tolist() == list(range(0, 512, 8))


def test_operands_of_a_file_are_used_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    a = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.savez(file, a=a, b=a)
    stream = stream_of(make_config("dot", INT_DOT), file, streams=64, cycles=2)
    assert stream.operands["a"][:5, 0].tolist() == [0, 4, 8, 0, 4]


def test_a_file_cannot_drive_the_valid_port(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    a = np.zeros((3, 4), np.uint8)
    np.savez(file, a=a, b=a, in_valid=np.ones(3, np.uint8))
    with pytest.raises(ConfigError) as caught:
        stream_of(make_config("dot", INT_DOT), file)
    assert str(caught.value) == f"{file}: the valid port and the reset are driven here"


def test_accuracy_is_that_of_the_formats() -> None:
    # Rounding to 4 significant bits: about 6.02 * 4 + 7.5 dB for each operand, 3 dB less for two.
    e4m3 = accuracy(make_config("dot", {"a": "e4m3", "b": "e4m3", "y": "fp32", "lanes": 16}))
    fp16 = accuracy(make_config("dot", {"a": "fp16", "b": "fp16", "y": "fp32", "lanes": 16}))
    assert e4m3 == pytest.approx(28.5, abs=1.5)
    assert fp16 is not None
    assert e4m3 is not None
    assert fp16 - e4m3 == pytest.approx(6.02 * 7, abs=1.5)


def test_a_narrow_result_costs_accuracy() -> None:
    wide, narrow = (
        accuracy(make_config("dot", {"a": "e4m3", "b": "e4m3", "y": y, "lanes": 16}))
        for y in ("fp32", "e4m3")
    )
    assert wide is not None
    assert narrow is not None
    assert narrow < wide - 1


def test_accumulators_have_an_accuracy_as_well() -> None:
    params = {"a": "int8", "b": "int8", "y": "int32", "lanes": 4, "accumulate": True}
    with_state, without = (
        accuracy(make_config("dot", dict(params, accumulate=state))) for state in (True, False)
    )
    assert with_state == pytest.approx(without, abs=1)


def block_dot(name: str, **params: object) -> float:
    config = make_config("block_dot", {"a": name, "b": name, "y": "fp32"} | params)
    found = accuracy(config)
    assert found is not None
    return found


def test_vectors_in_blocks_have_the_scales_that_suit_them() -> None:
    # A product of two such tensors has 3 dB less than each: mxfp4 18.8 dB, nvfp4 20.4.
    assert block_dot("mxfp4") == pytest.approx(18.8 - 3, abs=0.5)
    assert block_dot("nvfp4", blocks=2, accumulate=True) == pytest.approx(20.4 - 3, abs=0.7)
    # Integer scales: the result counts steps, with a weight beside it.
    vsq = {"y": "int32", "scale_bits": 8}
    assert block_dot("vsq4", accumulate=True, **vsq) == pytest.approx(21.3 - 3, abs=0.8)
    assert block_dot("vsq4", c="int32", **vsq) > 21.3 - 3  # the addend is exact, and larger


def test_outer_scales_suit_the_numbers() -> None:
    assert block_dot("nvfp4", outer="fp32") == pytest.approx(block_dot("nvfp4"), abs=0.5)
    # A tensor in NVFP4 has 20.4 dB, in VS-Quant of 4 bits 21.3 with the scales that are stored.
    for y, options, wanted in (("nvfp4", {}, 20.4), ("vsq4", {"order": "scaled"}, 21.3)):
        config = make_config("block_quantize", {"x": "fp32", "y": y} | options)
        assert accuracy(config) == pytest.approx(wanted, abs=0.7)
        codes = stream_of(config, streams=64, cycles=2).operands["outer"]
        assert len(np.unique(codes)) == 1


def test_a_block_in_several_cycles_has_one_scale() -> None:
    config = make_config("block_dot", {"a": "mxfp4v16", "b": "mxfp4v16", "y": "fp32"})
    stream = stream_of(config, streams=64, cycles=2)
    scales = stream.operands["scale_a"].reshape(-1, 2)
    assert (scales[:, 0] == scales[:, 1]).all()
    assert len(np.unique(scales)) > 1
    assert block_dot("mxfp4v16") == pytest.approx(block_dot("mxfp4"), abs=0.5)


def test_log_sums_are_asked_for_at_the_end_of_a_stream() -> None:
    params = {"format": "log4.3", "lanes": 2, "accumulator": "linear"}
    config = make_config("log_dot", params)
    stream = stream_of(config, streams=64, cycles=8)
    assert np.flatnonzero(stream.operands["last"]).tolist() == list(range(7, 512, 8))
    found = accuracy(config)
    assert found == pytest.approx(32.5 - 3, abs=1)


def test_units_without_a_sum_have_none() -> None:
    assert accuracy(make_config("sparse_mux", {"x": "int8"})) is None
