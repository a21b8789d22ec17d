"""`slipstick quantize`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cosim.golden import decode
from slipstick.cli import main

TENSOR = np.random.default_rng(1).standard_normal((4, 64)).astype(np.float32)


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", TENSOR)
    return tmp_path


def test_formats_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quantize", "x.npy", "-f", "mxfp4", "-f", "int8", "--json"]) == 0
    mxfp4, int8 = json.loads(capsys.readouterr().out)
    assert (mxfp4["format"], mxfp4["bits_per_value"], mxfp4["scales"]) == ("mxfp4", 4.25, 8)
    assert (int8["format"], int8["bits_per_value"], int8["scales"]) == ("int8", 8, 1)
    assert 15 < mxfp4["sqnr_db"] < 22
    assert int8["sqnr_db"] > 38


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quantize", "x.npy", "-f", "int4", "--clip", "octav"]) == 0
    output = capsys.readouterr().out
    assert "int4" in output
    assert "dB" in output


def test_codes_and_scales_are_written() -> None:
    words = ["quantize", "x.npy", "-f", "e4m3", "--channel-axis", "0", "-o", "out.npz"]
    assert main(words) == 0
    with np.load("out.npz") as out:
        values = decode(out["codes"], "e4m3") * out["scales"]
    # Half an ulp of a significand of 4 bits, and the subnormals of rows of maximum about 3.
    assert np.allclose(values, TENSOR, rtol=1 / 16, atol=1e-4)


def test_a_picture() -> None:
    assert main(["quantize", "x.npy", "-f", "mxint8", "-f", "nvfp4", "--plot", "x.svg"]) == 0
    assert Path("x.svg").read_text().startswith("<svg")


def test_an_exact_format_has_no_finite_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    np.save("ones.npy", np.ones(8))
    assert main(["quantize", "ones.npy", "-f", "int8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["sqnr_db"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x.npy"], "missing option '-f' / '--format'"),
        (["x.npy", "-f", "e4m9x"], "unknown format 'e4m9x'"),
        (["none.npy", "-f", "int8"], "none.npy: cannot read it: No such file or directory"),
        (["x.npy", "-f", "e4m3", "--clip", "octav"], "e4m3: OCTAV is for integer formats"),
        (["x.npy", "-f", "e4m3", "-f", "int8", "-o", "y.npz"], "--output is for one FORMAT, not 2"),
        (["x.npy", "-f", "mxfp4", "--axis", "5"], "a tensor of shape (4, 64) has no axis 5"),
    ],
)
def test_what_cannot_be_quantized_exits_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantize", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("y.npz").exists()
