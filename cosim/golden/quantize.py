"""Golden model of `quantize`: y = round(x * scale); and quantization to block formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.blocks import quantize
from cosim.golden.encoder import encode
from cosim.golden.stochastic import Random
from cosim.golden.values import decode
from hdl.formats import FloatFormat, Format, PowerFormat, parse_format

__all__ = ["exact_product", "model", "quantize", "rescale"]

_DOUBLE_BITS = 53


def rescale(
    x: ArrayLike,
    scale: ArrayLike,
    *,
    x_format: Format | str,
    scale_format: Format | str,
    y_format: Format | str,
    rounding: str = "rne",
    overflow: str = "saturate",
    random: Random | None = None,
) -> NDArray[Any]:
    """Return ``round(x * scale)``, rounded once.

    Parameters
    ----------
    x, scale
        Codes; their shapes broadcast.
    x_format, scale_format, y_format
        Formats or their names. The significands of x and scale have 62 bits together at most.
    rounding, overflow, random
        As in `cosim.golden.encode`.

    Returns
    -------
    NDArray
        Codes of y, of the broadcast shape.
    """
    x_values, scale_values = np.broadcast_arrays(decode(x, x_format), decode(scale, scale_format))
    product = exact_product(x_values, x_format, scale_values, scale_format)
    return encode(product, y_format, rounding=rounding, overflow=overflow, random=random)


def exact_product(
    x: NDArray[Any], x_format: Format | str, y: NDArray[Any], y_format: Format | str
) -> NDArray[np.float64]:
    """Return ``x * y`` as float64 whose last bit is set where bits were lost (round to odd).

    A second rounding to 51 bits or fewer then gives what one rounding would have.
    """
    a_bits, b_bits = _precision(x_format), _precision(y_format)
    if a_bits + b_bits > 62:
        raise ValueError(f"significands of {a_bits} and {b_bits} bits: 62 together at most")
    a, b = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(invalid="ignore"):
        special = a * b  # infinities, NaN, and zeros with their signs
    plain = np.isfinite(a) & np.isfinite(b) & (a != 0) & (b != 0)
    a_fraction, a_exponent = np.frexp(np.where(plain, a, 1.0))
    b_fraction, b_exponent = np.frexp(np.where(plain, b, 1.0))
    product = np.ldexp(a_fraction, a_bits).astype(np.int64)
    product = product * np.ldexp(b_fraction, b_bits).astype(np.int64)
    excess = max(0, a_bits + b_bits - _DOUBLE_BITS)
    magnitude = np.abs(product)
    kept = magnitude >> excess
    kept |= kept << excess != magnitude
    exponent = a_exponent + b_exponent + (excess - a_bits - b_bits)
    exact = np.ldexp(np.where(product < 0, -kept, kept).astype(np.float64), exponent)
    return np.where(plain, exact, special)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    bits = params["random_bits"]
    codes = rescale(
        operands["x"],
        operands["scale"],
        x_format=params["x"],
        scale_format=params["scale"],
        y_format=params["y"],
        rounding=params["rounding"],
        overflow=params["overflow"],
        random=None if bits is None else Random(operands["rnd"], bits),
    )
    return {"y": codes}


def _precision(fmt: Format | str) -> int:
    """Return the most bits that a significand of a format has."""
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if isinstance(fmt, FloatFormat):
        return fmt.precision
    return 1 if isinstance(fmt, PowerFormat) else fmt.bits
