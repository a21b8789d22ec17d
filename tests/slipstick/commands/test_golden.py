"""`slipstick golden`."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from slipstick.cli import main

FMA = ["fma", "a=e4m3", "b=e4m3", "c=fp32", "y=fp32"]


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_computes_from_codes() -> None:
    # 1.5 * 2 + 0.25 = 3.25: e4m3 1.5 is 0_0111_100, 2 is 0_1000_000.
    c = np.array([0.25], np.float32).view(np.uint32)
    np.savez("in.npz", a=np.array([0x3C], np.uint8), b=np.array([0x40], np.uint8), c=c)
    assert main(["golden", *FMA, "in.npz", "-o", "out.npz"]) == 0
    with np.load("out.npz") as out:
        assert out["y"].view(np.float32).tolist() == [3.25]


def test_computes_from_numbers_of_ml_dtypes() -> None:
    a = np.array([1.5, -2.0], ml_dtypes.float8_e4m3fn)
    np.savez("in.npz", a=a, b=a, c=np.array([0.25, 1.0], np.float32))
    assert main(["golden", *FMA, "in.npz", "-o", "out.npz"]) == 0
    with np.load("out.npz") as out:
        assert out["y"].view(np.float32).tolist() == [2.5, 5.0]


A = np.zeros(2, np.uint8)
C = np.zeros(2, np.uint32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": A, "b": A}, "c: no codes for this port"),
        (
            {"a": A, "b": A, "c": C, "d": A},
            "d: no such port; there are a, b, c, in_valid",
        ),
        ({"a": A, "b": A, "c": C + 0.5}, "c: codes are integers, not float64"),
        (
            {"a": A + np.uint16(256), "b": A, "c": C},
            "a: codes of 8 bits are 0 to 255, not 256 to 256",
        ),
        (
            {"a": A.reshape(1, 2), "b": A, "c": C},
            "a: codes have the shape (n,), not (1, 2)",
        ),
        (
            {"a": A[:1], "b": A, "c": C},
            "ports need as many codes each, but a has 1, b has 2, c has 2",
        ),
    ],
    ids=["missing", "unknown", "not codes", "too large", "shape", "lengths"],
)
def test_operands_that_do_not_fit_exit_with_2(
    arrays: dict[str, np.ndarray],
    message: str,
    empty_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.savez("in.npz", allow_pickle=False, **arrays)
    assert main(["golden", *FMA, "in.npz", "-o", "out.npz"]) == 2
    assert capsys.readouterr() == ("", f"slipstick: error: in.npz: {message}\n")
    assert [path.name for path in empty_directory.iterdir()] == ["in.npz"]
