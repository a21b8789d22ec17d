"""Golden models in numpy: codes in, codes out, bit for bit what the hardware must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from cosim.golden.blocks import Quantized, dequantize
from cosim.golden.codec import code_dtype
from cosim.golden.convert import classify, convert, from_ml_dtypes, to_ml_dtypes
from cosim.golden.dot import dot
from cosim.golden.encoder import encode
from cosim.golden.fma import fma
from cosim.golden.quantize import quantize, rescale
from cosim.golden.stochastic import Random
from cosim.golden.values import decode

__all__ = [
    "Quantized",
    "Random",
    "classify",
    "code_dtype",
    "convert",
    "decode",
    "dequantize",
    "dot",
    "encode",
    "fma",
    "from_ml_dtypes",
    "get_model",
    "quantize",
    "rescale",
    "to_ml_dtypes",
]

Model = Callable[[Mapping[str, Any], Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


def get_model(unit: str) -> Model:
    """Return the model of a unit, by its name.

    Raises
    ------
    LookupError
        If no unit of that name has one.
    """
    name = f"cosim.golden.{unit}"
    try:
        return import_module(name).model
    except (ModuleNotFoundError, AttributeError) as error:
        raise LookupError(f"unit {unit!r} has no golden model") from error
