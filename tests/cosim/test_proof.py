import pytest

from cosim import proof
from cosim.proof import prove
from gen.config import make_config
from gen.emit import generate
from gen.errors import ConfigError

SMALL = {"a": "e2m1", "b": "e2m1", "c": "e2m1", "y": "e4m3"}
UNITS = {
    "float": ("fma", SMALL),
    "signed multiplier": ("fma", {"a": "int8", "b": "int8", "c": "int2", "y": "int16"}),
    "float with flags": ("fma", {**SMALL, "y": "e2m3", "flags": True, "subnormals": "flush"}),
    "lanes": ("dot", {"a": "e2m1", "b": "e2m1", "lanes": 2, "y": "fp16"}),
    "integer accumulator": (
        "dot",
        {"a": "int2", "b": "int2", "lanes": 2, "accumulate": True, "y": "int8"},
    ),
}


@pytest.mark.parametrize(("unit", "params"), UNITS.values(), ids=UNITS.keys())
def test_units_are_proven(unit, params):
    result = prove(make_config(unit, params))
    assert result.passed, result
    assert [step.claim for step in result.steps] == ["Verilog = reference"]


def test_a_pipeline_is_proven_in_two_steps():
    result = prove(make_config("fma", {**SMALL, "stages": 3}))
    assert result.passed
    claims = ["pipelined = combinational", "combinational = reference"]
    assert [step.claim for step in result.steps] == claims


def buggy(config, tmp_path, old, new):
    """Write the config's Verilog with a bug in it."""
    text = generate(config).verilog
    assert old in text
    file = tmp_path / "buggy.v"
    file.write_text(text.replace(old, new, 1))
    return file


def test_a_bug_is_refuted_with_operands_that_show_it(tmp_path):
    config = make_config("fma", SMALL)
    file = buggy(config, tmp_path, ".b(unpack_b_significand)", ".b(unpack_b_significand ^ 1'b1)")
    result = prove(config, verilog=file, directory=tmp_path)
    assert (result.verdict, result.passed) == ("refuted", False)
    assert result.failure is not None
    assert result.failure.got != result.failure.want
    assert result.failure.reproduced
    assert f"--verilog {file}" in result.failure.replay
    assert result.to_json()["failure"]["operands_file"].endswith(".npz")


@pytest.mark.parametrize("stages", [1, 3])
def test_a_bug_in_a_pipeline_is_refuted(stages, tmp_path):
    config = make_config("fma", {**SMALL, "stages": stages})
    file = buggy(config, tmp_path, "<= in_valid", "<= in_valid & ~a[3]")
    result = prove(config, verilog=file, directory=tmp_path)
    assert result.verdict == "refuted"
    assert result.failure is not None
    assert {"in_valid", "rst"} <= {value.port for value in result.failure.operands}


def test_an_accumulator_that_forgets_is_refuted(tmp_path):
    config = make_config(*UNITS["integer accumulator"])
    file = buggy(config, tmp_path, "y <= 8'd0", "y <= 8'd1")
    result = prove(config, verilog=file, directory=tmp_path)
    assert result.verdict == "refuted"
    assert result.failure is not None


def test_no_answer_in_time_is_no_proof():
    result = prove(make_config("fma", SMALL), 1e-9)
    assert (result.verdict, result.passed) == ("inconclusive", False)
    assert result.note == "no answer within 1e-09 s"


def test_a_reference_that_is_wrong_is_told_from_a_unit_that_is(monkeypatch, tmp_path):
    def wrong(name, unit, params):
        return reference(name, unit, {**params, "rounding": "rtz"})

    reference = proof.reference_verilog
    monkeypatch.setattr(proof, "reference_verilog", wrong)
    result = prove(make_config("fma", SMALL), directory=tmp_path)
    assert result.verdict == "refuted"
    assert result.note == "the golden model sides with the Verilog, not with the reference"


def test_a_unit_without_a_reference(monkeypatch):
    def missing(*_args):
        raise LookupError("unit 'fma' has no reference description")

    monkeypatch.setattr(proof, "reference_verilog", missing)
    with pytest.raises(ConfigError, match="cannot be proven: unit 'fma' has no reference"):
        prove(make_config("fma", SMALL))
