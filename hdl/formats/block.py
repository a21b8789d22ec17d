"""Block formats: elements that share a scale, and scales that share another."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hdl.formats.base import Format, FormatError, parse_format, register, register_family
from hdl.formats.binary import IntFormat
from hdl.formats.exponential import PowerFormat
from hdl.formats.linear import FixedFormat, SignMagnitudeFormat

__all__ = ["BlockFormat", "ScaleRule", "usual_length"]

ScaleRule = Literal["mx", "nvfp4", "vsq"]
"""How the scale of a block follows from its largest magnitude; see `cosim.golden.blocks`."""


@dataclass(frozen=True)
class BlockFormat(Format):
    """Blocks of `length` elements with one scale: value = element * scale [* outer scale].

    Parameters
    ----------
    label
        Name of the format.
    element
        Format of the elements.
    scale
        Format of the block's scale.
    length
        Elements in a block; the last of a row may be shorter.
    rule
        How the scales are chosen.
    outer
        Format of a further scale, one for the whole tensor or for each of its channels.
    """

    label: str
    element: Format
    scale: Format
    length: int
    rule: ScaleRule
    outer: Format | None = None

    kind: ClassVar[str] = "block"

    def __post_init__(self) -> None:
        if not 1 <= self.length <= 1 << 16:
            raise FormatError(f"{self.label}: a block has 1 to 65536 elements")

    @property
    def name(self) -> str:
        return self.label

    @property
    def bits(self) -> int:
        """Width of a whole block, its scale included."""
        return self.length * self.element.bits + self.scale.bits

    @property
    def bits_per_value(self) -> float:
        """Bits that one element of a whole block takes, its share of the scale included."""
        return self.bits / self.length

    @property
    def is_signed(self) -> bool:
        return self.element.is_signed


_E8M0 = PowerFormat(8, 127)
_FP32 = parse_format("fp32")


def _mx(alias: str, element: Format, *others: str, length: int = 32) -> None:
    register(alias, BlockFormat(alias, element, _E8M0, length, "mx"), *others)


# OCP Microscaling Formats (MX) v1.0, table 1; the elements of MXINT8 are integers times 2^-6.
_mx("mxfp8-e4m3", parse_format("e4m3"), "mxfp8_e4m3")
_mx("mxfp8-e5m2", parse_format("e5m2"), "mxfp8_e5m2")
_mx("mxfp6-e2m3", parse_format("e2m3"), "mxfp6_e2m3")
_mx("mxfp6-e3m2", parse_format("e3m2"), "mxfp6_e3m2")
_mx("mxfp4", parse_format("e2m1"), "mxfp4_e2m1")
_mx("mxint8", FixedFormat(2, 6))
register(
    "nvfp4",
    BlockFormat("nvfp4", parse_format("e2m1"), parse_format("ue4m3"), 16, "nvfp4", _FP32),
)
# Rouhani et al., Microsoft floating point, NeurIPS 2020: the shared exponent is the largest of
# the block, the magnitudes have no hidden bit.
_mx("msfp12", SignMagnitudeFormat(4), length=16)
_mx("msfp16", SignMagnitudeFormat(8), length=16)

_OF_USUAL_LENGTH = "mxfp8-e4m3|mxfp8-e5m2|mxfp6-e2m3|mxfp6-e3m2|mxfp4|mxint8|nvfp4|msfp12|msfp16"


def _build_other_length(match: re.Match[str]) -> BlockFormat:
    fmt, length = parse_format(match["base"]), int(match["v"])
    assert isinstance(fmt, BlockFormat)
    return fmt if length == fmt.length else replace(fmt, label=match[0], length=length)


def _build_bfp(match: re.Match[str]) -> BlockFormat:
    length = int(match["v"] or 16)
    label = f"bfp{int(match['n'])}" + (f"v{length}" if length != 16 else "")
    return BlockFormat(label, IntFormat(int(match["n"])), _E8M0, length, "mx")


def _build_vsq(match: re.Match[str]) -> BlockFormat:
    scale_bits, length = int(match["m"] or 6), int(match["v"] or 16)
    label = f"vsq{int(match['n'])}"
    label += f"m{scale_bits}" if scale_bits != 6 else ""
    label += f"v{length}" if length != 16 else ""
    element, scale = IntFormat(int(match["n"])), IntFormat(scale_bits, signed=False)
    return BlockFormat(label, element, scale, length, "vsq", _FP32)


register_family(
    "{MX, NVFP4 or MSFP}v{LENGTH}",
    rf"(?P<base>{_OF_USUAL_LENGTH})v(?P<v>[0-9]{{1,5}})",
    _build_other_length,
)
register_family("bfp{N}[v{LENGTH}]", r"bfp(?P<n>[0-9]{1,2})(?:v(?P<v>[0-9]{1,5}))?", _build_bfp)
register_family(
    "vsq{N}[m{SCALE BITS}][v{LENGTH}]",
    r"vsq(?P<n>[0-9]{1,2})(?:m(?P<m>[0-9]{1,2}))?(?:v(?P<v>[0-9]{1,5}))?",
    _build_vsq,
)


def usual_length(fmt: BlockFormat) -> int:
    """Return the length of the blocks where the name says nothing of it: mxfp4v8 is mxfp4, 32."""
    usual = parse_format(re.sub(r"v[0-9]+$", "", fmt.label))
    assert isinstance(usual, BlockFormat)
    return usual.length
