"""`slipstick verify`."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from gen.config import Config
from slipstick.cli import main
from synth import flow
from synth.flow import netlist_of

ADDER = ["dot", "a=int4", "b=int4", "lanes=1", "name=product"]


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def wrong_verilog(capsys: pytest.CaptureFixture[str]) -> Path:
    """The Verilog of `ADDER` with one bit of its result inverted."""
    assert main(["generate", *ADDER, "-o", "."]) == 0
    capsys.readouterr()
    file = Path("product.v")
    text = file.read_text()
    wrong = text.replace("module product (", "module right (", 1) + (
        "module product (input wire in_valid, input wire [3:0] a, input wire [3:0] b,\n"
        "    output wire out_valid, output wire [7:0] y);\n"
        "    wire [7:0] correct;\n"
        "    right right (.in_valid(in_valid), .a(a), .b(b), .out_valid(out_valid), .y(correct));\n"
        "    assign y = correct ^ (a == 4'd7 && b == 4'd7);\n"
        "endmodule\n"
    )
    file.write_text(wrong)
    return file


def test_pass_is_one_line_and_exit_code_0(
    empty_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *ADDER, "--exhaustive"]) == 0
    output, errors = capsys.readouterr()
    assert output.startswith("pass  product  256 vectors (exhaustive), 0 mismatches, ")
    assert (output.count("\n"), errors) == (1, "")
    assert list(empty_directory.iterdir()) == []


def test_the_netlist_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *ADDER, "--netlist", "--lib", "generic"]) == 0
    assert capsys.readouterr().out.startswith("pass  product  256 vectors (exhaustive), 0 ")


def test_a_swapped_cell_fails_and_the_netlist_is_replayed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def swapped(config: Config, *, library: str) -> str:
        text = netlist_of(config, library=library)
        assert " XNOR2 XNOR2_" in text
        assert "module NOR2 (" in text
        return text.replace(" XNOR2 XNOR2_", " NOR2 XNOR2_", 1)

    monkeypatch.setattr(flow, "netlist_of", swapped)
    words = [*ADDER, "--netlist", "--lib", "generic"]
    assert main(["verify", *words]) == 1
    output = capsys.readouterr().out
    assert output.startswith("FAIL  product  256 vectors (exhaustive), ")
    (replay,) = (line for line in output.splitlines() if "slipstick verify" in line)
    assert replay.endswith("--netlist --lib generic")
    assert main(shlex.split(replay)[1:]) == 1
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--lib", "generic"], "--lib is for --netlist"),
        (["--netlist", "--verilog", "x.v"], "--verilog and --netlist exclude each other"),
    ],
)
def test_options_for_netlists(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *ADDER, *words]) == 2
    assert message in capsys.readouterr().err


def test_json_and_junit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *ADDER, "dp4a", "--vectors", "500", "--json", "--junit", "x.xml"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["passed"], one["vectors"]) for one in results] == [
        ("product", True, 256),  # all there are
        ("dp4a", True, 500),
    ]
    cases = ElementTree.parse("x.xml").getroot().iter("testcase")
    assert [case.get("name") for case in cases] == ["product", "dp4a"]


def test_mismatch_exits_with_1_and_its_replay_command_brings_it_back(
    wrong_verilog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *ADDER, "--exhaustive", "--verilog", str(wrong_verilog)]) == 1
    first, *story = [line.strip() for line in capsys.readouterr().out.splitlines()]
    # One of all, and those of the vectors with gaps that happen to be the same.
    assert re.match(r"FAIL  product  256 vectors \(exhaustive\), [1-9] mismatches, ", first)
    *values, replay = story
    assert values == [
        "vector 119",  # 7 * 16 + 7
        "operand a = 0x7 (7)",
        "operand b = 0x7 (7)",
        "got y = 0x30 (48)",
        "want y = 0x31 (49)",
    ]
    name, *words = shlex.split(replay)
    assert name == "slipstick"
    assert main(words) == 1
    assert capsys.readouterr().out.startswith("FAIL  product  1 vectors (")


def test_operands_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    a, b = np.array([7, -8], np.int8) & 15, np.array([1, 2], np.int8)
    np.savez("mine.npz", a=a, b=b)
    assert main(["verify", *ADDER, "--operands", "mine.npz"]) == 0
    assert capsys.readouterr().out.startswith("pass  product  2 vectors (")


@pytest.mark.tool("iverilog")
def test_icarus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *ADDER, "--sim", "icarus"]) == 0
    assert capsys.readouterr().out.startswith("pass  product  256 vectors")


def test_waveforms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *ADDER, "--waves", "w.fst"]) == 0
    assert capsys.readouterr().out.endswith("w.fst\n")
    assert Path("w.fst").stat().st_size > 0


def test_coverage_is_printed_and_fails_if_a_bin_is_missed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", *ADDER, "--coverage"]) == 0
    assert "all 2^8 operands" in capsys.readouterr().out
    assert main(["verify", *ADDER, "--coverage", "--vectors", "3", "--json"]) == 1
    (printed,) = json.loads(capsys.readouterr().out)
    assert (printed["passed"], printed["mismatches"]) == (False, 0)
    assert printed["coverage"]["groups"][0]["missed"]
