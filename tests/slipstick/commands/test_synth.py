"""`slipstick synth`."""

from __future__ import annotations

import json

import pytest

from slipstick.cli import main

PRODUCT = ["dot", "a=int4", "b=int4", "lanes=1", "name=product"]


def test_json_holds_area_and_delay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", *PRODUCT, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["name"] == "product"
    assert result["area_um2"] > 0
    assert result["delay_ps"] > 0
    assert sum(block["area_um2"] for block in result["blocks"]) == pytest.approx(result["area_um2"])


def test_table_says_what_the_numbers_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", *PRODUCT]) == 0
    text = capsys.readouterr().out
    assert "NAND2" in text
    assert "no wires" in text


def test_gates_are_counted_in_gates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", *PRODUCT, "--lib", "generic"]) == 0
    text = capsys.readouterr().out
    assert " gates" in text
    assert "um2" not in text
    assert "NAND2" not in text


def test_energy_of_operands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", *PRODUCT, "--energy", "--operands", "uniform", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["energy"]["operands"] == "uniform"
    assert result["energy"]["checked_bits"] == 512 * 32 * (8 + 1)
    assert main(["synth", *PRODUCT, "--energy"]) == 0
    text = capsys.readouterr().out
    assert "fJ a MAC" in text
    assert "no glitches" in text


def test_a_curve(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["synth", *PRODUCT, "--curve", "--targets", "1", "--effort", "quick"]
    assert main([*words, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["name"] == "product"
    ends = [(point["delay_ps"], point["area_um2"]) for point in found["curve"]]
    assert len(ends) > 1
    assert ends == sorted(ends)
    assert [area for _, area in ends] == sorted({area for _, area in ends}, reverse=True)
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "mapped for" in text
    assert "no wires" in text


def test_an_fpga_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", *PRODUCT, "--target", "ice40"]) == 0
    assert "lookup tables" in capsys.readouterr().out
    assert main(["synth", *PRODUCT, "--target", "ice40", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["target"], result["ffs"]) == ("ice40", 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--lib", "nangate"],
            "nangate: no such cell library: neither a Liberty file nor nangate45, generic",
        ),
        (
            ["--energy", "--operands", "normal"],
            "normal: cannot read it: No such file or directory",
        ),
        (
            ["--operands", "uniform"],
            "--operands says what to measure the energy with: add --energy "
            "(see `slipstick synth --help`)",
        ),
        (
            ["--target", "ecp5", "--energy"],
            "--energy is for cell libraries, not for ecp5 (see `slipstick synth --help`)",
        ),
        (["--period", "0"], "period = 0 ps: must be more than 0 and at most 1e9"),
        (
            ["--curve", "--period", "900"],
            "--curve tries them all: --period does not go with it (see `slipstick synth --help`)",
        ),
        (
            ["--curve", "--target", "ice40"],
            "--curve is for cell libraries, not for ice40 (see `slipstick synth --help`)",
        ),
    ],
)
def test_wrong_options_exit_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", *PRODUCT, *words]) == 2
    assert capsys.readouterr() == ("", f"slipstick: error: {message}\n")
