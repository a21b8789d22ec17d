"""`slipstick study`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slipstick import study
from slipstick.cli import main


def test_a_tensor_of_my_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pictures have their own tests.
    monkeypatch.setattr(study, "write_report", lambda *_: [])
    monkeypatch.setattr(study, "draw_study", lambda *_, **__: {})
    tensor = tmp_path / "weights.npy"
    np.save(tensor, np.random.default_rng(1).laplace(size=(8, 64)))
    words = ["study", "-o", str(tmp_path / "out"), "--formats", "int4", "--lanes", "1"]
    words += ["--tensor", str(tensor), "--tensor", f"other={tensor}"]
    assert main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["points"], content["failures"]) == (1, [])
    (accuracy,) = content["sheets"]["accuracy"]
    assert accuracy["weights, dB"] == accuracy["other, dB"]
    assert 14 < float(accuracy["weights, dB"]) < 19
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "What formats lose" in text
    assert "Energy of a MAC, fJ" in text
    assert text.rstrip().endswith("out/index.html")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--lanes", "four"], "--lanes takes numbers with commas between, not 'four'"),
        (["--lanes", "0"], "lanes = 0: it is 1 to 1024"),
        (["--formats", "e4mm"], "formats: unknown format 'e4mm'; nearest: e4m3"),
        (["--tensor", "x=none.npy"], "none.npy: cannot read it: No such file or directory"),
        (["none.toml"], "none.toml: cannot read it: No such file or directory"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "-o", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
