from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from cosim.safetensors import read_tensor
from gen.errors import ConfigError

TENSORS: dict[str, tuple[str, Any]] = {
    "a.weight": ("F32", np.arange(6, dtype="<f4").reshape(2, 3)),
    "b": ("BF16", np.array([1.5, -3.0, 1e30], ml_dtypes.bfloat16)),
    "c": ("F8_E4M3", np.array([448.0, -0.5], ml_dtypes.float8_e4m3fn)),
    "d": ("I8", np.array([-128, 127], np.int8)),
    "flags": ("BOOL", np.array([True])),
}


def write(file: Path, changed: dict[str, Any] | None = None) -> Path:
    """Write `TENSORS` by hand: the header's length, the header, the numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    data = b""
    for name, (dtype, array) in TENSORS.items():
        end = len(data) + array.nbytes
        facts = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), end]}
        header[name] = facts | (changed or {})
        data += array.tobytes()
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return file


@pytest.mark.parametrize("name", ["a.weight", "b", "c", "d"])
def test_tensors_come_back(name: str, tmp_path: Path) -> None:
    found = read_tensor(write(tmp_path / "x.safetensors"), name)
    np.testing.assert_array_equal(found, TENSORS[name][1].astype(found.dtype))
    assert found.shape == TENSORS[name][1].shape


def test_what_is_not_there(tmp_path: Path) -> None:
    file = write(tmp_path / "x.safetensors")
    with pytest.raises(ConfigError) as caught:
        read_tensor(file, "a.weigth")
    assert str(caught.value) == f"{file}: no tensor 'a.weigth'; nearest: a.weight"
    with pytest.raises(ConfigError, match="flags is BOOL; types are F64, F32, "):
        read_tensor(file, "flags")
    with pytest.raises(ConfigError, match="cannot read it: No such file"):
        read_tensor(tmp_path / "none.safetensors", "a")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    for content in (b"", b"short", b"\xff" * 16, (2).to_bytes(8, "little") + b"[]", b"\x05" * 64):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="not a safetensors file"):
            read_tensor(file, "a")


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    file = write(tmp_path / "x.safetensors", {"shape": [2, 2]})
    with pytest.raises(ConfigError, match=r"24 bytes do not have the shape \(2, 2\)"):
        read_tensor(file, "a.weight")
    file.write_bytes(write(file).read_bytes()[:-8])
    with pytest.raises(ConfigError, match="the file ends within d"):
        read_tensor(file, "d")
