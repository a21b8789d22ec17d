"""Where to clip: scales for tensors, channels and vectors, and codebooks trained on data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.blocks import Blocks
from cosim.golden.encoder import encode
from cosim.golden.values import as_values, decode, largest
from hdl.formats import CodebookFormat, Format, FormatError, IntFormat, parse_format

__all__ = ["Method", "Scaled", "Vectors", "octav_clip", "scale_of", "scaled", "train_codebook"]

Method = Literal["max", "percentile", "octav", "mse"]

OCTAV_ITERATIONS = 10

# The error has many shallow minima: a fine grid first, then two finer ones around the best point.
_MSE_GRIDS = (256, 32, 32)


class Vectors(NamedTuple):
    """A scale for every `length` elements along `axis`, the last ones of a row fewer."""

    axis: int
    length: int


Shared = int | tuple[int, ...] | Vectors
"""What has a scale of its own: each index of these axes (none: the tensor), or each vector."""


class Scaled(NamedTuple):
    """Codes and, broadcastable to them, what their values are to be multiplied with."""

    codes: NDArray[Any]
    scale: NDArray[np.float64]


def scaled(
    tensor: ArrayLike, fmt: Format | str, scale: ArrayLike, *, rounding: str = "rne"
) -> Scaled:
    """Return a tensor divided by a scale and encoded, saturating."""
    factor = np.asarray(scale, dtype=np.float64)
    codes = encode(as_values(tensor) / factor, fmt, rounding=rounding, overflow="saturate")
    return Scaled(codes, factor)


def scale_of(
    tensor: ArrayLike,
    fmt: Format | str,
    *,
    method: Method = "max",
    share: Shared = (),
    percentile: float = 99.9,
) -> NDArray[np.float64]:
    """Return scales: of each group of elements the clip over the format's largest number.

    Parameters
    ----------
    tensor
        Finite numbers of any shape.
    fmt
        Scalar format or its name.
    method
        Where to clip. ``max``: at the largest magnitude. ``percentile``: at that percentile of
        the magnitudes. ``octav``: as `octav_clip` says, for integers. ``mse``: where the squared
        error after rounding is least, by search, for any format.
    share
        What has a scale of its own, see `Shared`.
    percentile
        0 to 100.

    Returns
    -------
    NDArray
        Broadcastable to the tensor. Where all elements are zero it is 1.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    top = largest(fmt)
    clips: dict[Method, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
        "max": lambda rows: np.abs(rows).max(axis=1, initial=0.0),
        "percentile": lambda rows: np.percentile(np.abs(rows), percentile, axis=1),
        "octav": lambda rows: octav_clip(rows, _octav_format(fmt)),
        "mse": lambda rows: _mse_clip(rows, fmt),
    }
    if method not in clips:
        raise ValueError(f"method = {method!r}: it is {' or '.join(clips)}")
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile = {percentile}: it is 0 to 100")
    values = as_values(tensor).astype(np.float64)
    clip = _by_group(values, share, clips[method])
    return np.where(clip > 0, clip / top, 1.0)


def octav_clip(rows: ArrayLike, fmt: IntFormat | str) -> NDArray[np.float64]:
    """Return the clip of each row that OCTAV finds for an integer format (arXiv 2206.06501).

    Newton's iteration for the least of the expected squared error, with rounding errors uniform
    over a step inside the clip: ``s' = sum |x| [|x| > s] / (k * #(0 < |x| <= s) + #(|x| > s))``,
    ``k = 4^-B / 3`` for signed and ``4^-B / 12`` for unsigned formats of B bits, from the mean
    magnitude of the non-zero elements, in 10 steps.

    Parameters
    ----------
    rows
        (n, elements).
    fmt
        Integer format or its name.
    """
    parsed = _octav_format(parse_format(fmt) if isinstance(fmt, str) else fmt)
    magnitude = np.abs(np.asarray(rows, dtype=np.float64))
    step = 4.0**-parsed.bits / (3 if parsed.signed else 12)
    total = magnitude.sum(axis=1)
    nonzero = np.count_nonzero(magnitude, axis=1)
    clip = total / np.maximum(nonzero, 1)
    for _ in range(OCTAV_ITERATIONS):
        beyond = magnitude > clip[:, None]
        clipped = np.count_nonzero(beyond, axis=1)
        weight = step * (nonzero - clipped) + clipped
        above = np.sum(magnitude, axis=1, where=beyond)
        clip = np.divide(above, weight, out=np.zeros_like(clip), where=weight > 0)
    return clip


def _octav_format(fmt: Format) -> IntFormat:
    if not isinstance(fmt, IntFormat):
        raise FormatError(f"{fmt.name}: OCTAV is for integer formats; use method mse")
    return fmt


def _mse_clip(rows: NDArray[np.float64], fmt: Format) -> NDArray[np.float64]:
    """Return the clip of least squared error of each row, on a grid that closes in on it."""
    top = largest(fmt)
    best = np.abs(rows).max(axis=1, initial=0.0)
    low, high = best / _MSE_GRIDS[0], best.copy()
    least = np.full(len(rows), np.inf)
    for points in _MSE_GRIDS:
        step = (high - low) / (points - 1)
        for index in range(points):
            clip = low + index * step
            scale = np.where(clip > 0, clip, 1.0)[:, None] / top
            error = decode(encode(rows / scale, fmt, overflow="saturate"), fmt) * scale - rows
            squares = np.einsum("ij,ij->i", error, error)
            better = squares < least
            least, best = np.where(better, squares, least), np.where(better, clip, best)
        low, high = np.maximum(best - step, low), np.minimum(best + step, high)
    return best


def _by_group(
    values: NDArray[np.float64],
    share: Shared,
    reduce: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return, broadcastable to `values`, what `reduce` makes of the groups given as rows."""
    if isinstance(share, Vectors):
        return _by_vector(values, share, reduce)
    axes = (share,) if isinstance(share, int) else share
    kept = sorted({Blocks.of(values.shape, axis, 1).axis for axis in axes})
    moved = np.moveaxis(values, kept, range(len(kept)))
    groups = moved.shape[: len(kept)]
    result = reduce(moved.reshape(int(np.prod(groups)), -1))
    shape = [size if axis in kept else 1 for axis, size in enumerate(values.shape)]
    return result.reshape(shape)


def _by_vector(
    values: NDArray[np.float64],
    share: Vectors,
    reduce: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    if share.length < 1:
        raise ValueError(f"vectors have 1 element or more, not {share.length}")
    blocks = Blocks.of(values.shape, share.axis, share.length)
    moved = np.moveaxis(values, blocks.axis, -1)
    rest, size = moved.shape[:-1], moved.shape[-1]
    whole = size // share.length
    # Short vectors on their own: what fills them up must not count.
    parts = [
        reduce(moved[..., : whole * share.length].reshape(-1, share.length)).reshape(*rest, whole)
    ]
    if size % share.length:
        tail = moved[..., whole * share.length :]
        parts.append(reduce(tail.reshape(-1, tail.shape[-1])).reshape(*rest, 1))
    return blocks.spread(np.moveaxis(np.concatenate(parts, axis=-1), -1, blocks.axis))


def train_codebook(
    samples: ArrayLike,
    bits: int,
    *,
    weights: ArrayLike | None = None,
    label: str = "trained",
    iterations: int = 1000,
) -> CodebookFormat:
    """Return a codebook of least squared error on samples: k-means, in one dimension Lloyd-Max.

    Every entry moves to the mean of the samples nearest to it, from equal shares of the samples,
    until none moves. With a grid of points as samples and a density as their weights this is the
    Lloyd-Max quantizer of that density.

    Parameters
    ----------
    samples
        Finite numbers, of which at least 2^bits are distinct.
    bits
        Of the codes, which ascend with the values.
    weights
        Of the samples, positive; 1 if left out.
    label
        Name of the format. `numpy.savetxt` of its values makes a file for ``codebook:FILE``.
    iterations
        At most.
    """
    values = np.asarray(samples, dtype=np.float64).ravel()
    mass = np.ones_like(values) if weights is None else np.asarray(weights, np.float64).ravel()
    if mass.shape != values.shape or not (mass > 0).all():
        raise ValueError("weights are positive, one for each sample")
    order = np.argsort(values, kind="stable")
    values, mass = values[order], mass[order]
    size = 1 << bits
    distinct = np.unique(values)
    if len(distinct) < size or not np.isfinite(values).all():
        raise ValueError(f"a codebook of {bits} bits needs {size} distinct finite samples")
    # Sums over a range of sorted samples are differences of running sums.
    masses = np.concatenate([[0.0], np.cumsum(mass)])
    moments = np.concatenate([[0.0], np.cumsum(mass * values)])
    shares = (np.arange(size) + 0.5) / size * masses[-1]
    entries = values[np.searchsorted(masses[1:], shares)]
    if len(np.unique(entries)) < size:
        entries = distinct[np.linspace(0, len(distinct) - 1, size).astype(int)]
    for _ in range(iterations):
        cuts = np.searchsorted(values, (entries[1:] + entries[:-1]) / 2, side="right")
        cuts = np.concatenate([[0], cuts, [len(values)]])
        inside = np.diff(masses[cuts])
        means = np.divide(np.diff(moments[cuts]), inside, out=entries.copy(), where=inside > 0)
        if np.array_equal(means, entries):
            break
        entries = means
    return CodebookFormat(label, tuple(entries.tolist()))
