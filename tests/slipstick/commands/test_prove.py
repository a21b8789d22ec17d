"""`slipstick prove`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipstick.cli import main

SMALL = ["fma", "a=int2", "b=int2", "c=int2", "y=int5", "name=tiny"]


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_proof(empty_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *SMALL]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("proven  tiny, ")
    assert second.startswith("      Verilog = reference: proven by exhaustion, ")
    assert list(empty_directory.iterdir()) == []


def test_too_little_time_is_said_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *SMALL, "--timeout", "1e-9"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("INCONCLUSIVE  tiny, ")
    assert lines[-1] == "      no answer within 1e-09 s; --timeout allows more"


def test_a_bug_is_shown_and_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bug.v").write_text(
        "module tiny (input in_valid, input signed [1:0] a, input signed [1:0] b,\n"
        "    input signed [1:0] c, output out_valid, output [4:0] y);\n"
        "    assign out_valid = in_valid;\n"
        "    assign y = a * b + c + $signed({1'b0, a == -2 && b == 1 && c == -1});\n"
        "endmodule\n"
    )
    assert main(["prove", *SMALL, "--verilog", "bug.v", "--json"]) == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["passed"], result["verdict"]) == (False, "refuted")
    failure = result["failure"]
    assert [value["value"] for value in failure["operands"]] == ["-2", "1", "-1"]
    assert [value["value"] for value in failure["got"] + failure["want"]] == ["-2", "-3"]
    assert main(failure["replay"].split()[1:]) == 1


def test_one_verilog_is_for_one_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *SMALL, *SMALL, "--verilog", "x.v"]) == 2
    assert "--verilog is for one CONFIG, not 2" in capsys.readouterr().err
    assert main(["prove", *SMALL, "--verilog", "x.v"]) == 2
    assert "x.v: No such file or directory" in capsys.readouterr().err
