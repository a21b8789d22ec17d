"""`slipstick vectors`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slipstick.cli import main


def test_results_are_those_of_the_golden_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["vectors", "dp4a", "-n", "300", "--seed", "7", "-o", "vectors.npz"]) == 0
    with np.load("vectors.npz") as loaded:
        arrays = dict(loaded)
    y = arrays.pop("y")
    assert {name: codes.shape for name, codes in arrays.items()} == {
        "a": (300, 4),
        "b": (300, 4),
        "c": (300,),
    }
    np.savez("operands.npz", allow_pickle=False, **arrays)
    assert main(["golden", "dp4a", "operands.npz", "-o", "y.npz"]) == 0
    with np.load("y.npz") as answers:
        assert (answers["y"] == y).all()


def test_unknown_suffix_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["vectors", "dp4a", "-o", "vectors.txt"]) == 2
    message = "vectors.txt: the suffix must be one of .npz, .hex, .csv"
    assert capsys.readouterr() == ("", f"slipstick: error: {message}\n")
    assert list(tmp_path.iterdir()) == []
