"""Reading somebody's operands."""

from __future__ import annotations

import io
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from cosim.operands import answer, as_npz, load_operands
from gen.config import make_config
from gen.errors import ConfigError


def test_codes_survive_a_file(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    file.write_bytes(
        as_npz({"a": np.array([1, 2], np.uint8), "y": np.array([2**63, 0], np.uint64)})
    )
    loaded = load_operands(file)
    assert {name: codes.tolist() for name, codes in loaded.items()} == {
        "a": [1, 2],
        "y": [2**63, 0],
    }


def _one_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(2))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read it: No such file or directory"),
        (b"", "not an .npz file with arrays of numbers"),
        (_one_array(), "not an .npz file with arrays of numbers"),
        (b"PK\3\4 broken", "not an .npz file with arrays of numbers"),
    ],
    ids=["absent", "empty", "one array", "broken"],
)
def test_unusable_files_are_config_errors(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_operands(file)
    assert str(caught.value) == f"{file}: {reason}"


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, allow_pickle=True, a=np.array([{}], object))
    with pytest.raises(ConfigError, match="not an \\.npz file"):
        load_operands(file)


@pytest.mark.parametrize(
    ("fmt", "dtype"),
    [
        ("e4m3", ml_dtypes.float8_e4m3fn),
        ("bf16", ml_dtypes.bfloat16),
        ("int4", ml_dtypes.int4),
        ("fp16", np.float16),
        ("int8", np.int8),
    ],
)
def test_numbers_of_the_ports_type_are_taken_from_memory_and_from_a_file(
    fmt: str, dtype: type, tmp_path: Path
) -> None:
    config = make_config("fma", {"a": fmt, "b": fmt, "c": "fp32", "y": "fp32"})
    a = np.array([1, -3]).astype(dtype)
    operands = {"a": a, "b": a, "c": np.array([0.5, 1.0], np.float32)}
    np.savez(tmp_path / "x.npz", allow_pickle=False, **operands)
    for given in (operands, load_operands(tmp_path / "x.npz")):
        y = answer(config, given, "operands")["y"]
        assert y.view(np.float32).tolist() == [1.5, 10.0]  # 1 * 1 + 0.5, -3 * -3 + 1


def test_numbers_of_another_type_are_refused() -> None:
    config = make_config("fma", dict.fromkeys("abcy", "e4m3"))
    values = {name: np.zeros(1, ml_dtypes.float8_e5m2) for name in "abc"}
    with pytest.raises(ConfigError) as caught:
        answer(config, values, "mine")
    assert str(caught.value) == "mine: a: codes are integers, not float8_e5m2"
