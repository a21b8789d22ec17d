"""Block formats: tensors into elements that share scales, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.encoder import encode
from cosim.golden.stochastic import Random
from cosim.golden.values import as_values, decode, largest
from hdl.formats import BlockFormat, FloatFormat, FormatError, PowerFormat, parse_format

__all__ = ["Blocks", "Quantized", "VsqOrder", "dequantize", "quantize"]

VsqOrder = Literal["published", "scaled"]
"""What divides the elements of VS-Quant: the ideal scale, or the one that is stored."""

_CHUNK = 1 << 15
"""Elements worked on at a time, in whole blocks."""

_MIN_NVFP4_SCALE = 2.0**-6


@dataclass(frozen=True)
class Quantized:
    """A tensor in a block format.

    Attributes
    ----------
    fmt
        The format.
    axis
        Along which axis of `codes` the blocks lie.
    codes
        Codes of the elements, in the shape of the tensor.
    scales
        Codes of the scales: that shape, with one entry for each block along `axis`.
    outer
        The outer scales, float32, broadcastable to the tensor; None where the format has none.
    """

    fmt: BlockFormat
    axis: int
    codes: NDArray[Any]
    scales: NDArray[Any]
    outer: NDArray[np.float32] | None


class Blocks(NamedTuple):
    """How a tensor of some shape falls into blocks along an axis.

    Attributes
    ----------
    shape
        Of the tensor.
    axis
        Of the blocks, not negative.
    length
        Elements of a block.
    """

    shape: tuple[int, ...]
    axis: int
    length: int

    @classmethod
    def of(cls, shape: tuple[int, ...], axis: int, length: int) -> Blocks:
        """Check that the tensor has the axis."""
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"a tensor of shape {shape} has no axis {axis}")
        return cls(shape, axis % len(shape), length)

    @property
    def per_row(self) -> int:
        """Blocks along the axis; the last of which may be shorter."""
        return -(-self.shape[self.axis] // self.length)

    def split(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return the blocks, one a row; what is missing from short ones is zero."""
        moved = np.moveaxis(tensor, self.axis, -1)
        missing = self.per_row * self.length - moved.shape[-1]
        if missing:
            moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, missing)])
        return moved.reshape(-1, self.length)

    def join(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return such rows to the tensor's shape, or one number a row to one number a block."""
        rest = self.shape[: self.axis] + self.shape[self.axis + 1 :]
        if rows.ndim == 1:
            return np.moveaxis(rows.reshape(*rest, self.per_row), -1, self.axis)
        whole = rows.reshape(*rest, self.per_row * self.length)
        return np.moveaxis(whole[..., : self.shape[self.axis]], -1, self.axis)

    def spread(self, scales: NDArray[Any]) -> NDArray[Any]:
        """Return one number for each block as one for each element."""
        kept = (slice(None),) * self.axis + (slice(self.shape[self.axis]),)
        return np.repeat(scales, self.length, axis=self.axis)[kept]


class _Scales(NamedTuple):
    """Codes of the blocks' scales, what their elements are divided by, and the outer scales."""

    codes: NDArray[Any]
    divisors: NDArray[Any]
    outer: NDArray[np.float32] | None


def quantize(
    tensor: ArrayLike,
    fmt: BlockFormat | str,
    *,
    axis: int = -1,
    channel_axis: int | tuple[int, ...] = (),
    order: VsqOrder = "published",
    rounding: str = "rne",
    random: Random | None = None,
) -> Quantized:
    """Quantize a tensor to a block format, with scales by the format's rule.

    ``mx`` (OCP MX v1.0, 6.3; also msfp and bfp): ``X = 2^(floor(log2 max|v|) - emax)``, emax being
    the largest exponent of the elements, which are ``v / X``, rounded and saturated. A block of
    zeros has the least scale, one with an infinity or NaN a scale of NaN and elements 0.

    ``nvfp4``: the tensor scale is ``max|v| / (6 * 448)``, that of a block ``max|v| / 6`` over the
    tensor scale, kept within 2^-6 to 448 and rounded; elements are ``v`` over both scales.

    ``vsq`` (VS-Quant, arXiv 2102.04503): a vector's ideal scale is ``s = max|v| / (2^(N-1) - 1)``,
    that of the channel ``gamma = max s / (2^M - 1)``. Order ``published`` stores ``round(s /
    gamma)`` and elements ``round(v / s)``; order ``scaled`` stores ``S = ceil(s / gamma)`` and
    elements ``round(v / (S * gamma))``, which fit what they are multiplied with later.

    Quotients are computed in float64: for float32 tensors too fine for a second rounding to matter.

    Parameters
    ----------
    tensor
        Floats of any shape with at least one axis.
    fmt
        Block format or its name.
    axis
        Along which the blocks lie. Where the format's length does not divide it the last block of
        each row is shorter, and its scale that of the elements it has.
    channel_axis
        Axis or axes with an outer scale for each index; none: one for the whole tensor.
    order
        See ``vsq`` above.
    rounding, random
        Of the elements, as in `encode`.
    """
    fmt = _as_block(fmt)
    values = as_values(tensor)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    blocks = Blocks.of(values.shape, axis, fmt.length)
    rows = blocks.split(values)
    row_amax = _largest_magnitudes(rows)
    amax = blocks.join(row_amax)
    if fmt.rule == "mx":
        scales = _mx_scales(amax, fmt)
    else:
        outer_amax = _outer_max(amax, blocks, channel_axis)
        if fmt.rule == "nvfp4":
            scales = _nvfp4_scales(amax, outer_amax, fmt)
        else:
            scales = _vsq_scales(amax, outer_amax, fmt, order)
    divisors = np.moveaxis(scales.divisors, blocks.axis, -1).reshape(-1, 1)
    words = None
    if random is not None:
        words = blocks.split(np.broadcast_to(random.words, values.shape))
    codes = np.empty(rows.shape, dtype=code_dtype(fmt.element.bits))
    step = max(1, _CHUNK // fmt.length)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        with np.errstate(invalid="ignore"):
            quotients = rows[part] / divisors[part]
        codes[part] = encode(
            quotients,
            fmt.element,
            rounding=rounding,
            overflow="saturate",
            random=None if random is None or words is None else Random(words[part], random.bits),
        )
    codes[np.isinf(row_amax)] = 0
    return Quantized(fmt, blocks.axis, blocks.join(codes), scales.codes, scales.outer)


def dequantize(quantized: Quantized) -> NDArray[np.float64]:
    """Return the tensor that a quantized one stands for, exact."""
    fmt = quantized.fmt
    blocks = Blocks(quantized.codes.shape, quantized.axis, fmt.length)
    scales = decode(quantized.scales, fmt.scale).astype(np.float64)
    if quantized.outer is not None:
        scales = scales * quantized.outer
    values = blocks.spread(scales)
    values *= decode(quantized.codes, fmt.element)
    return values


def _as_block(fmt: BlockFormat | str) -> BlockFormat:
    parsed = parse_format(fmt) if isinstance(fmt, str) else fmt
    if not isinstance(parsed, BlockFormat):
        raise FormatError(f"{parsed.name}: not a block format")
    return parsed


def _largest_magnitudes(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return max |v| of each row; infinity for a row with an infinity or NaN."""
    result = np.empty(len(rows))
    step = max(1, _CHUNK // rows.shape[1])
    for start in range(0, len(rows), step):
        # numpy is four times faster across rows than along short ones.
        columns = np.ascontiguousarray(np.abs(rows[start : start + step]).T)
        result[start : start + step] = columns.max(axis=0)
    result[np.isnan(result)] = np.inf
    return result


def _outer_max(
    amax: NDArray[np.float64], blocks: Blocks, channel_axis: int | tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the largest finite magnitude of each channel, broadcastable to the tensor."""
    axes = (channel_axis,) if isinstance(channel_axis, int) else channel_axis
    channels = [Blocks.of(amax.shape, axis, 1).axis for axis in axes]
    if blocks.axis in channels:
        raise ValueError(f"axis {blocks.axis} is that of the blocks, not of channels")
    others = tuple(axis for axis in range(amax.ndim) if axis not in channels)
    finite = np.where(np.isfinite(amax), amax, 0.0)
    return finite.max(axis=others, keepdims=True, initial=0.0)


def _mx_scales(amax: NDArray[np.float64], fmt: BlockFormat) -> _Scales:
    scale = fmt.scale
    assert isinstance(scale, PowerFormat)
    _, largest_exponent = np.frexp(largest(fmt.element))
    _, exponent = np.frexp(amax)
    exponent = np.where(amax > 0, exponent - largest_exponent, -scale.bias)
    codes = np.clip(exponent + scale.bias, 0, scale.max_code)
    divisors = np.ldexp(1.0, codes - scale.bias)
    codes = np.where(np.isfinite(amax), codes, scale.nan_code)
    return _Scales(codes.astype(code_dtype(scale.bits)), divisors, None)


def _nvfp4_scales(
    amax: NDArray[np.float64], outer_amax: NDArray[np.float64], fmt: BlockFormat
) -> _Scales:
    top = largest(fmt.element)
    outer = _nonzero(outer_amax / (top * largest(fmt.scale))).astype(np.float32)
    ideal = np.clip(amax / top / outer, _MIN_NVFP4_SCALE, None)
    codes = encode(ideal, fmt.scale, overflow="saturate")
    assert isinstance(fmt.scale, FloatFormat)
    codes = np.where(np.isfinite(amax), codes, codes.dtype.type(fmt.scale.nan_code))
    return _Scales(codes, decode(codes, fmt.scale) * outer, outer)


def _vsq_scales(
    amax: NDArray[np.float64],
    outer_amax: NDArray[np.float64],
    fmt: BlockFormat,
    order: VsqOrder,
) -> _Scales:
    if not np.isfinite(amax).all():
        raise ValueError(f"{fmt.name}: no code stands for infinities and NaN")
    if order not in ("published", "scaled"):
        raise ValueError(f"order = {order!r}: for {fmt.name} it is published or scaled")
    top, top_scale = largest(fmt.element), largest(fmt.scale)
    ideal = amax / top
    outer = _nonzero(outer_amax / top / top_scale).astype(np.float32)
    steps = ideal / outer
    stored = np.rint(steps) if order == "published" else np.ceil(steps)
    stored = np.minimum(stored, top_scale)
    divisors = ideal if order == "published" else stored * outer
    return _Scales(stored.astype(code_dtype(fmt.scale.bits)), _nonzero(divisors), outer)


def _nonzero(scales: NDArray[Any]) -> NDArray[Any]:
    """Return scales with those of all-zero values, which fit anything, made one."""
    return np.where(scales > 0, scales, 1.0)
