"""Codebooks: a table of values, one for each code."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hdl.formats.base import Format, FormatError, register, register_family

__all__ = ["CodebookFormat"]


@dataclass(frozen=True)
class CodebookFormat(Format):
    """A table of 2^n distinct numbers in any order; the value of a code is its entry.

    Parameters
    ----------
    label
        Name of the format.
    values
        The table.
    """

    label: str
    values: tuple[float, ...]

    kind: ClassVar[str] = "codebook"

    def __post_init__(self) -> None:
        size = len(self.values)
        if size & (size - 1) or not 2 <= size <= 1 << 16:
            raise FormatError(
                f"{self.label}: a codebook has 2, 4, 8 .. 65536 values, this one {size}"
            )
        if not all(math.isfinite(value) for value in self.values):
            raise FormatError(f"{self.label}: a codebook has finite values only")
        if len(set(self.values)) < size:
            raise FormatError(f"{self.label}: the values of a codebook are distinct")

    @property
    def name(self) -> str:
        return self.label

    @property
    def bits(self) -> int:
        return (len(self.values) - 1).bit_length()

    @property
    def is_signed(self) -> bool:
        return min(self.values) < 0


def _read(match: re.Match[str]) -> CodebookFormat:
    """Read a JSON list, or numbers apart by spaces, commas or lines, with # comments."""
    path = Path(match["file"])
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            values = [float(value) for value in json.loads(text)]
        else:
            lines = (line.partition("#")[0].replace(",", " ") for line in text.splitlines())
            values = [float(word) for line in lines for word in line.split()]
    except OSError as error:
        raise FormatError(f"{match[0]}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise FormatError(f"{match[0]}: not a list of numbers ({error})") from error
    return CodebookFormat(match[0], tuple(values))


# NF4: Dettmers et al., QLoRA, arXiv 2305.14314, appendix E.
register(
    "nf4",
    CodebookFormat(
        "nf4",
        (
            -1.0,
            -0.6961928009986877,
            -0.5250730514526367,
            -0.39491748809814453,
            -0.28444138169288635,
            -0.18477343022823334,
            -0.09105003625154495,
            0.0,
            0.07958029955625534,
            0.16093020141124725,
            0.24611230194568634,
            0.33791524171829224,
            0.44070982933044434,
            0.5626170039176941,
            0.7229568362236023,
            1.0,
        ),
    ),
)
# AF4 for blocks of 64: Yoshida, NF4 isn't information theoretically optimal, arXiv 2306.06965.
register(
    "af4",
    CodebookFormat(
        "af4",
        (
            -1.0,
            -0.69441008,
            -0.51243739,
            -0.3736951,
            -0.25607552,
            -0.14982478,
            -0.04934812,
            0.0,
            0.04273164,
            0.12934483,
            0.21961274,
            0.31675666,
            0.42563882,
            0.55496234,
            0.72424863,
            1.0,
        ),
    ),
)

register_family("codebook:{FILE}", r"codebook:(?P<file>.+)", _read)
