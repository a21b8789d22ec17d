"""Tensors out of safetensors files, in which weights of networks are passed on.

Such a file is the length of its header (8 bytes, little-endian), the header (JSON: a dict with
``dtype``, ``shape`` and ``data_offsets`` for each tensor), and the tensors, one after the other.
"""

from __future__ import annotations

import difflib
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden import decode
from gen.errors import ConfigError

__all__ = ["read_tensor"]

_MOST_HEADER = 100_000_000
"""Bytes of a header, as in the format's own reader."""

_NUMPY = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
}
_FORMATS = {"BF16": ("<u2", "bf16"), "F8_E4M3": ("<u1", "e4m3"), "F8_E5M2": ("<u1", "e5m2")}
"""Types that numpy has none for: of their codes, and our format."""


class _Entry(NamedTuple):
    """Where a tensor is, from the start of the file, and what it is."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    length: int


def read_tensor(file: Path, name: str) -> NDArray[Any]:
    """Return a tensor.

    Parameters
    ----------
    file
        The file.
    name
        Of the tensor.

    Raises
    ------
    ConfigError
        If the file cannot be read or is something else, or has no such tensor, or one of a type
        that is no number.
    """
    try:
        with open(file, "rb") as stream:
            entries = _entries(file, stream.read(8), stream)
            if name not in entries:
                near = (
                    difflib.get_close_matches(name, entries, n=3, cutoff=0.6) or list(entries)[:3]
                )
                raise ConfigError(f"{file}: no tensor {name!r}; nearest: {', '.join(near)}")
            entry = entries[name]
            stream.seek(entry.start)
            content = stream.read(entry.length)
    except OSError as error:
        raise ConfigError(f"{file}: cannot read it: {error.strerror or error}") from error
    if len(content) != entry.length:
        raise ConfigError(f"{file}: the file ends within {name}")
    return _numbers(file, name, entry, content)


def _entries(file: Path, prefix: bytes, stream: Any) -> dict[str, _Entry]:
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or not 2 <= length <= _MOST_HEADER:
        raise ConfigError(f"{file}: not a safetensors file")
    try:
        header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        return {
            name: _Entry(
                str(facts["dtype"]),
                tuple(int(size) for size in facts["shape"]),
                8 + length + int(facts["data_offsets"][0]),
                int(facts["data_offsets"][1]) - int(facts["data_offsets"][0]),
            )
            for name, facts in header.items()
        }
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{file}: not a safetensors file") from error


def _numbers(file: Path, name: str, entry: _Entry, content: bytes) -> NDArray[Any]:
    plain = _NUMPY.get(entry.dtype)
    codes, fmt = _FORMATS.get(entry.dtype, (None, ""))
    if plain is None and codes is None:
        known = ", ".join((*_NUMPY, *_FORMATS))
        raise ConfigError(f"{file}: {name} is {entry.dtype}; types are {known}")
    kind = np.dtype(plain or codes)
    if min(entry.shape, default=0) < 0 or math.prod(entry.shape) * kind.itemsize != len(content):
        raise ConfigError(
            f"{file}: {name}: {len(content)} bytes do not have the shape {entry.shape}"
        )
    array = np.frombuffer(content, kind).reshape(entry.shape)
    return array if plain else decode(array, fmt)
