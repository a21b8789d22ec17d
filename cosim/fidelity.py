"""What number formats lose: signal to noise on tensors, and the accuracy of a small network.

Every format is judged at its best: a scalar format with the one scale for the tensor that loses
least, a block format with the scales of its rule. With the largest magnitude at the largest number,
as a format without a choice would have it, a posit or a logarithm with a wide range would be used
where it is coarse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.digits import Network, load_network
from cosim.golden import decode, dequantize, encode, quantize
from cosim.golden.calibrate import octav_clip, scale_of, scaled
from cosim.golden.metrics import bits_per_value, finite_values, sqnr, worst_relative_error
from hdl.formats import BlockFormat, Format, parse_format

__all__ = [
    "Fidelity",
    "best_scale",
    "digits_accuracy",
    "fidelity_of",
    "format_facts",
    "gaussian_tensor",
    "in_format",
]

Tensor = NDArray[np.float64]

_STEPS = 16
"""Scales to try in an octave; finer ones move no result by 0.05 dB."""

_SAMPLE = 1 << 13
"""Elements that most scales are ruled out by."""

_FINALISTS = 4

_SHAPE = (256, 512)
"""Of the Gaussian tensor."""

_FEW_CODES = 8
"""Bits of scalar formats for which the best scale is worth the search."""


@dataclass(frozen=True)
class Fidelity:
    """What a format loses.

    Attributes
    ----------
    name
        Of the format.
    bits
        That move for each value, its share of a block's scale included.
    sqnr_db
        Signal to noise by tensor, with the best scale.
    sqnr_max_db
        The same with the largest magnitude at the largest number; that of a block format is as
        above.
    digits_accuracy
        Fraction of the test images of `cosim.digits` that a network with weights and activations
        in the format gets right; sums are exact.
    """

    name: str
    bits: float
    sqnr_db: Mapping[str, float]
    sqnr_max_db: Mapping[str, float]
    digits_accuracy: float


def gaussian_tensor(seed: int = 1) -> Tensor:
    """Return normally distributed numbers of sigma 1, shape (256, 512)."""
    return np.random.default_rng(seed).standard_normal(_SHAPE)


def best_scale(tensor: ArrayLike, fmt: Format) -> float:
    """Return the scale of least squared error for a whole tensor, to a sixteenth of an octave.

    Of all scales at which something of the tensor lies within the format's range, from that with
    the largest magnitude at the least number to that with half the root mean square at the largest.
    """
    values = np.asarray(tensor, dtype=np.float64).ravel()
    values = values[values != 0]
    if not values.size:
        return 1.0
    # Evenly over the tensor; always the same elements.
    sample = values[:: -(-len(values) // _SAMPLE)]
    numbers = np.abs(finite_values(fmt))
    numbers = numbers[numbers > 0]
    top = float(np.abs(values).max())
    rms = math.sqrt(float(np.mean(sample**2)))
    first = math.floor(_STEPS * math.log2(rms / 2 / numbers.max()))
    last = math.ceil(_STEPS * math.log2(top / numbers.min()))
    powers = np.arange(first, min(last, first + 64 * _STEPS) + 1)
    tried = np.exp2(powers / _STEPS)
    errors = [_error(sample, fmt, scale) for scale in tried]
    # The best ones once more with all elements, and the scale of who has no choice.
    chosen = [*tried[np.argsort(errors)[:_FINALISTS]].tolist(), float(scale_of(values, fmt).item())]
    return min(chosen, key=lambda scale: _error(values, fmt, scale))


def _error(values: Tensor, fmt: Format, scale: float) -> float:
    return float(np.sum((_rounded(values, fmt, scale) - values) ** 2))


def in_format(tensor: ArrayLike, fmt: Format | str, *, axis: int = -1, best: bool = True) -> Tensor:
    """Return what becomes of a tensor in a format.

    Parameters
    ----------
    tensor
        Finite numbers.
    fmt
        Format; the values of a scalar one are multiplied with one scale.
    axis
        Of the blocks of a block format.
    best
        Whether the scale of a scalar format is the best or that of the largest magnitude.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    values = np.asarray(tensor, dtype=np.float64)
    if isinstance(fmt, BlockFormat):
        return dequantize(quantize(values, fmt, axis=axis))
    if best:
        return _rounded(values, fmt, best_scale(values, fmt))
    codes, scale = scaled(values, fmt, scale_of(values, fmt))
    return decode(codes, fmt).astype(np.float64) * scale


def _rounded(values: Tensor, fmt: Format, scale: float) -> Tensor:
    return decode(encode(values / scale, fmt, overflow="saturate"), fmt).astype(np.float64) * scale


def fidelity_of(
    names: Sequence[str],
    extra: Mapping[str, ArrayLike] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Fidelity]:
    """Return what formats lose on a Gaussian tensor, on the digits network, and on other tensors.

    Parameters
    ----------
    names
        Of the formats.
    extra
        More tensors by name, with blocks along their last axis.
    progress
        Is told how many formats are done, and how many there are.
    """
    network = load_network()
    # Inputs of a dot product are along the last axis, as blocks are.
    tensors: dict[str, Tensor] = {
        "gaussian": gaussian_tensor(),
        "digits weights": network.weight1.T.astype(np.float64),
        "digits activations": network.hidden().astype(np.float64),
        **{name: np.asarray(tensor, np.float64) for name, tensor in (extra or {}).items()},
    }
    found: list[Fidelity] = []
    for name in names:
        fmt = parse_format(name)
        best = {key: sqnr(x, in_format(x, fmt)) for key, x in tensors.items()}
        plain = best
        if not isinstance(fmt, BlockFormat):
            plain = {key: sqnr(x, in_format(x, fmt, best=False)) for key, x in tensors.items()}
        accuracy = digits_accuracy(fmt.name, fmt.name)
        found.append(Fidelity(fmt.name, bits_per_value(fmt), best, plain, accuracy))
        if progress is not None:
            progress(len(found), len(names))
    return found


def _logits(network: Network, fmt: Format, weight_fmt: Format | None = None) -> Tensor:
    """Return the logits of the network with activations in a format, weights in it or another."""
    weight_fmt = weight_fmt or fmt
    pixels = _suited(network.images, fmt)
    weight1, weight2 = (
        _suited(weight, weight_fmt, axis=0) for weight in (network.weight1, network.weight2)
    )
    hidden = np.maximum(pixels @ weight1 + network.bias1, 0)
    return _suited(hidden, fmt) @ weight2 + network.bias2


def _suited(tensor: ArrayLike, fmt: Format, *, axis: int = -1) -> Tensor:
    """Return what becomes of a tensor in a format; a wide one has its scale by rule.

    Many bits lose nothing that a network notices, unless they are a posit's far from one or an
    integer's far below its largest: of the scales that avoid either the better one is taken.
    """
    if isinstance(fmt, BlockFormat) or fmt.bits <= _FEW_CODES:
        return in_format(tensor, fmt, axis=axis)
    values = np.asarray(tensor, dtype=np.float64)
    scales = (float(scale_of(values, fmt).item()), math.sqrt(float(np.mean(values**2))))
    return min(
        (_rounded(values, fmt, scale) for scale in scales),
        key=lambda found: float(np.sum((found - values) ** 2)),
    )


@lru_cache(maxsize=256)
def digits_accuracy(activations: str, weights: str) -> float:
    """Return the fraction of the test images of `cosim.digits` that the network gets right.

    Parameters
    ----------
    activations, weights
        Formats that they are in; sums are exact.
    """
    network = load_network()
    return network.accuracy(_logits(network, parse_format(activations), parse_format(weights)))


def format_facts(seed: int = 1) -> dict[str, float]:
    """Return numbers about formats that others have published as well.

    Worst relative errors in per cent, as ``FORMAT value`` and ``FORMAT quantized`` (see
    `worst_relative_error`; e2m2 without subnormals); the clips that OCTAV finds for 4 bits, over
    sigma of a Gaussian (``octav gaussian``) and over b of a Laplacian (``octav laplace``).
    """
    facts: dict[str, float] = {}
    for name, subnormals in (("int4", True), ("e2m2", False), ("log2.2", True)):
        for over in ("value", "quantized"):
            error = worst_relative_error(name, over, subnormals=subnormals)
            facts[f"{name} {over}"] = 100 * error
    rng = np.random.default_rng(seed)
    count = 1 << 20
    facts["octav gaussian"] = float(octav_clip(rng.standard_normal((1, count)), "int4").item())
    facts["octav laplace"] = float(octav_clip(rng.laplace(size=(1, count)), "int4").item())
    return facts
