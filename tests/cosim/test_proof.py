import pytest

from cosim import claims, proof
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
    "2:4 multiplexer": ("sparse_mux", {"x": "int8", "groups": 2}),
    "1:3 multiplexer": ("sparse_mux", {"x": "e2m1", "groups": 1, "n": 1, "m": 3}),
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
    expected = ["pipelined = combinational", "combinational = reference"]
    assert [step.claim for step in result.steps] == expected


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
    assert result.note == "no answer within 1e-09 s; --timeout allows more"


def test_a_reference_that_is_wrong_is_told_from_a_unit_that_is(monkeypatch, tmp_path):
    def wrong(name, unit, params):
        return reference(name, unit, {**params, "rounding": "rtz"})

    reference = proof.reference_verilog
    monkeypatch.setattr(proof, "reference_verilog", wrong)
    result = prove(make_config("fma", SMALL), directory=tmp_path)
    assert result.verdict == "refuted"
    assert result.note == "the golden model sides with the Verilog, not with the reference"


@pytest.fixture
def no_reference(monkeypatch):
    def missing(*_args):
        raise LookupError("there is no reference description")

    monkeypatch.setattr(proof, "reference_verilog", missing)


@pytest.mark.usefixtures("no_reference")
def test_without_a_reference_all_operands_are_simulated(tmp_path):
    config = make_config("fma", {**SMALL, "stages": 1})
    result = prove(config)
    assert (result.verdict, result.passed, result.note) == ("proven", True, "")
    made = [step.claim for step in result.steps]
    assert made[0] == "pipelined = combinational"
    assert made[-1] == "Verilog = golden model, all 2^12 operands"
    assert result.steps[-1].engine == "simulation"
    flat = make_config("fma", SMALL)
    file = buggy(flat, tmp_path, ".b(unpack_b_significand)", ".b(unpack_b_significand ^ 1'b1)")
    wrong = prove(flat, verilog=file, directory=tmp_path)
    assert wrong.verdict == "refuted"
    assert wrong.failure is not None


@pytest.mark.usefixtures("no_reference")
def test_a_unit_may_be_no_more_than_consistent(monkeypatch):
    monkeypatch.setattr(proof, "EXHAUSTIVE_BITS", 11)
    result = prove(make_config("fma", SMALL))
    assert (result.verdict, result.passed) == ("consistent", True)
    assert "combinational = unit built for delay" in [step.claim for step in result.steps]
    assert result.note == (
        "nothing is proven of what it computes: there is no reference description"
    )


@pytest.mark.usefixtures("no_reference")
def test_a_state_is_compared_with_the_same_state():
    result = prove(make_config(*UNITS["integer accumulator"]))
    assert result.verdict == "consistent"
    assert {step.claim for step in result.steps} <= {
        "Verilog = unit built for area",
        "Verilog = unit built for delay",
    }


@pytest.mark.usefixtures("no_reference")
def test_nothing_to_compare_with(monkeypatch):
    monkeypatch.setattr(claims, "_other_objectives", lambda _config: [])
    with pytest.raises(ConfigError) as error:
        prove(make_config(*UNITS["integer accumulator"]))
    assert str(error.value) == (
        "dot2_int2_int8_acc: cannot be proven: there is no reference description"
    )
