"""`slipstick compare-silicon`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slipstick.cli import main

ONE = 0x3F80_0000  # in FP32
CONFIG = "dot a=e4m3 b=e4m3 c=fp32 y=fp32 lanes=2 align=window fraction_bits=25"


def recorded(file: Path, y: int, preset: str = CONFIG) -> str:
    """Write the recording of one sum, 1 * 1 + 0 * 0 + 1."""
    one = np.array([[[0x38, 0]]], np.uint8)
    words = {"c": np.full((1, 1, 1), ONE, np.uint32), "y": np.full((1, 1, 1), y, np.uint32)}
    texts = {"preset": preset, "instruction": "one", "device": "paper"}
    arrays = {"a": one, "b": one, **words, **{key: np.array(text) for key, text in texts.items()}}
    np.savez(file, **arrays)
    return str(file)


def test_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recorded(tmp_path / "two.npz", 0x4000_0000)
    assert main(["compare-silicon", file]) == 0
    assert "one on paper: 1 results, 0 unlike" in capsys.readouterr().out


def test_disagreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recorded(tmp_path / "three.npz", 0x4040_0000)
    assert main(["compare-silicon", file, "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["first"]["want"] == 0x4000_0000
    assert main(["compare-silicon", file]) == 1
    assert "silicon = 0x40400000\n      want = 0x40000000" in capsys.readouterr().out


def test_a_config_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recorded(tmp_path / "two.npz", 0x4000_0000, preset="")
    assert main(["compare-silicon", file]) == 2
    assert "names no preset" in capsys.readouterr().err
    assert main(["compare-silicon", file, *CONFIG.split()]) == 0
