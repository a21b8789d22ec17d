"""`slipstick formats`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdl.formats import named_formats
from slipstick.cli import main


def test_the_table_has_every_format_with_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats"]) == 0
    words = capsys.readouterr().out.split()
    assert {name for name, _ in named_formats()} <= set(words)


def test_numbers_of_some_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "e4m3", "mxfp4", "fp32", "--json"]) == 0
    e4m3, mxfp4, fp32 = json.loads(capsys.readouterr().out)["formats"]
    assert (e4m3["largest"], e4m3["least"], e4m3["kind"]) == (448, 2**-9, "float")
    assert e4m3["worst_relative_error"] == pytest.approx(1 / 17)
    assert (mxfp4["bits_per_value"], mxfp4["element"], mxfp4["scale"]) == (4.25, "e2m1", "e8m0")
    assert (mxfp4["block_length"], mxfp4["largest"]) == (32, 6)
    assert fp32["worst_relative_error"] is None


@pytest.mark.parametrize("names", [["e2m1"], ["e2m1", "int4"]])
def test_pictures(names: list[str], tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.svg"
    assert main(["formats", *names, "--plot", str(file)]) == 0
    assert file.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mxfp5"], "unknown format 'mxfp5'; nearest: mxfp4"),
        (["--plot", "x.svg"], "--plot needs a FORMAT"),
        (["fp16", "--plot", "x.svg"], "fp16: too many values to draw, 16 bits"),
        (["e11m4"], "e11m4: its exponents leave the range of float64"),
    ],
)
def test_what_cannot_be_shown_exits_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["formats", *words]) == 2
    assert message in capsys.readouterr().err
