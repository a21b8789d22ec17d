"""The demo's arithmetic and exit code; the Verilog has its own tests."""

from types import SimpleNamespace

import numpy as np
import pytest

from cosim.golden import decode
from cosim.results import Result
from examples.digits import demo
from gen.config import make_config
from gen.errors import ToolError


@pytest.fixture(scope="module")
def network():
    return demo.load_network()


def unit(operand: str, y: str):
    params = {"a": operand, "b": operand, "y": y, "lanes": demo.LANES, "accumulate": True}
    return make_config("dot", params)


def test_the_network_knows_digits(network):
    assert network.images.shape == (600, 64)
    assert network.accuracy(network.fp32_logits()) > 0.96


@pytest.mark.parametrize(("fmt", "top"), [("int8", 127), ("e4m3", 448)])
def test_the_largest_magnitude_becomes_the_largest_number(fmt, top):
    scaled = demo.quantize(np.array([[0.5, -2.0], [1.0, 0.0]]), fmt)
    assert scaled.scale == 2.0 / top
    assert np.abs(decode(scaled.codes, fmt)).max() == top
    assert decode(demo.quantize(np.array([3.0]), fmt, 6.0).codes, fmt)[0] >= top // 2


def test_a_dot_product_takes_its_inputs_in_consecutive_cycles():
    x = np.arange(2 * 64, dtype=np.uint8).reshape(2, 64)
    w = np.arange(64 * 3, dtype=np.uint8).reshape(64, 3)
    operands = demo.stream(x, w)
    assert operands["first"].tolist() == [1, 0] * 6
    # Image 1, output 2 begins at cycle 2 * (3 + 2).
    assert np.array_equal(operands["a"][10:12].ravel(), x[1])
    assert np.array_equal(operands["b"][10:12].ravel(), w[:, 2])


def test_the_int8_network_is_plain_integer_arithmetic(network):
    quantized = demo.Quantized(network, unit("int8", "int32"))
    y = quantized.golden(quantized.first_layer(slice(None)))
    pixels = quantized.pixels.codes.view(np.int8).astype(np.int64)
    weights = quantized.weight1.codes.view(np.int8).astype(np.int64)
    sums = y.view(np.int32).reshape(len(pixels), -1, 2)[..., 1]
    assert np.array_equal(sums, pixels @ weights)
    hidden = sums * quantized.pixels.scale * quantized.weight1.scale + network.bias1
    hidden = np.clip(np.rint(np.maximum(hidden, 0) * 127 / network.hidden_max), 0, 127)
    weights = quantized.weight2.codes.view(np.int8)
    scale = network.hidden_max / 127 * quantized.weight2.scale
    expected = hidden @ weights * scale + network.bias2
    assert np.allclose(quantized.logits(y), expected, rtol=1e-6)


@pytest.mark.parametrize("formats", demo.UNITS)
def test_quantizing_costs_less_than_a_per_cent(network, formats):
    quantized = demo.Quantized(network, unit(*formats))
    y = quantized.golden(quantized.first_layer(slice(None)))
    fp32 = network.accuracy(network.fp32_logits())
    assert network.accuracy(quantized.logits(y)) > fp32 - 0.01


@pytest.fixture
def small_units(monkeypatch):
    """Units of 8 lanes, which are generated in no time."""
    monkeypatch.setattr(demo, "LANES", 8)


def fake_result(mismatches: int) -> Result:
    return Result(
        name="unit",
        unit="dot",
        config_hash="",
        simulator="verilator",
        strategy="operands",
        asked=4096,
        vectors=4096,
        mismatches=mismatches,
        interface_vectors=0,
        seconds={},
    )


@pytest.mark.usefixtures("small_units")
@pytest.mark.parametrize(("mismatches", "code"), [(0, 0), (1, 1)])
def test_the_exit_code_tells_of_mismatches(monkeypatch, tmp_path, capsys, mismatches, code):
    def play(config, operands, progress):
        progress(len(operands["first"]), len(operands["first"]))
        model = demo.get_model(config.unit)
        return fake_result(mismatches), model(config.params_dict(), operands)

    cost = SimpleNamespace(area_um2=1234.5, nand2_equivalents=1547.0, delay_ps=9870.0)
    monkeypatch.setattr(demo, "verify_operands", play)
    monkeypatch.setattr(demo, "synthesize", lambda _: cost)
    assert demo.main(["-o", str(tmp_path)]) == code
    output = capsys.readouterr().out
    assert output.count("4,096") == 2
    assert "1,234" in output
    assert len(list(tmp_path.glob("*.v"))) == 2


@pytest.mark.usefixtures("small_units")
def test_a_missing_tool_is_reported(monkeypatch, tmp_path, capsys):
    def fail(*_, **__):
        raise ToolError("verilator", "not found")

    monkeypatch.setattr(demo, "verify_operands", fail)
    monkeypatch.setattr(demo, "synthesize", lambda _: None)
    assert demo.main(["-o", str(tmp_path)]) == 3
    assert "verilator: not found" in capsys.readouterr().out
