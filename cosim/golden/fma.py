"""Golden model of `fma`: y = round(a * b + c)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import as_codes, as_format
from cosim.golden.rounding import RANDOM_BITS, Target
from cosim.golden.stochastic import Random
from cosim.golden.sum_of_products import SumOfProducts
from hdl.formats import Format, IntFormat

__all__ = ["fma", "model"]


def fma(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    *,
    a_format: Format | str,
    b_format: Format | str,
    c_format: Format | str,
    y_format: Format | str,
    rounding: str = "rne",
    overflow: str | None = None,
    subnormals: str = "ieee",
    random: Random | None = None,
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return ``round(a * b + c)``, rounded once, and its flags.

    Parameters
    ----------
    a, b, c
        Codes; their shapes broadcast.
    a_format, b_format, c_format, y_format
        Formats or their names, integers and floats in any mix.
    rounding
        ``rne``, ``rtz``, ``rup``, ``rdn`` or ``rna``; for a float y also ``stochastic``: a word of
        R bits, as ``word / 2^R`` of the last bit kept, is added to the magnitude, the rest cut off.
    overflow
        ``ieee`` (default) or ``saturate`` for a float y; ``wrap`` (default if all operands are
        integers) or ``saturate`` for an integer y.
    subnormals
        ``ieee``, or ``flush``: subnormal operands and results are zeros.
    random
        The words of ``stochastic``, of `RANDOM_BITS` bits at most; they broadcast too.

    Returns
    -------
    y
        Codes of y, of the broadcast shape.
    flags
        uint8 of the same shape: 8 invalid, 4 overflow, 2 underflow, 1 inexact. None of underflow
        with ``stochastic``.

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """
    if (rounding == "stochastic") != (random is not None):
        raise ValueError("random words come with rounding = 'stochastic', and only with it")
    if random is not None and random.bits > RANDOM_BITS:
        raise ValueError(f"random words have {RANDOM_BITS} bits at most, not {random.bits}")
    compute = _computation((a_format, b_format, c_format), y_format, rounding, overflow, subnormals)
    formats = [as_format(fmt) for fmt in (a_format, b_format, c_format)]
    operands = [as_codes(codes, fmt) for codes, fmt in zip((a, b, c), formats, strict=True)]
    words = [] if random is None else [random.words]
    x, y_codes, z, *_ = np.broadcast_arrays(*operands, *words)
    random = None if random is None else random.spread(x.shape)
    codes, flags = compute(x.reshape(-1, 1), y_codes.reshape(-1, 1), z.reshape(-1), random)
    return codes.reshape(x.shape), flags.reshape(x.shape)


def _computation(
    factors_and_addend: tuple[Format | str, ...],
    y_format: Format | str,
    rounding: str,
    overflow: str | None,
    subnormals: str,
) -> SumOfProducts:
    a, b, c = (as_format(fmt) for fmt in factors_and_addend)
    y = as_format(y_format)
    integers = all(isinstance(fmt, IntFormat) for fmt in (a, b, c))
    if overflow is None:
        overflow = "ieee" if not isinstance(y, IntFormat) else "wrap" if integers else "saturate"
    target = Target(y, rounding, overflow, subnormals, integers=integers)
    return SumOfProducts(a, b, c, 1, target)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    compute = _computation(
        (params["a"], params["b"], params["c"]),
        *(params[key] for key in ("y", "rounding", "overflow", "subnormals")),
    )
    terms = operands["a"].reshape(-1, 1), operands["b"].reshape(-1, 1), operands["c"]
    random = Random(operands["rnd"], params["random_bits"]) if "rnd" in operands else None
    if random is None and not params["flags"]:  # they take longer than all the rest
        return {"y": compute.codes(*terms)}
    codes, flags = compute(*terms, random)
    return {"y": codes, "flags": flags} if params["flags"] else {"y": codes}
