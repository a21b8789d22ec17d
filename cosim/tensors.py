"""A tensor in one format after the other: codes, scales, and what was lost."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import decode, dequantize, quantize
from cosim.golden.blocks import VsqOrder
from cosim.golden.calibrate import Method, scale_of, scaled
from cosim.golden.metrics import bits_per_value, sqnr
from cosim.golden.values import as_values
from cosim.safetensors import read_tensor
from gen.errors import ConfigError
from hdl.formats import BlockFormat, Format, parse_format

__all__ = ["Outcome", "Settings", "load_tensor", "quantize_as"]

_INSIDE = ".safetensors:"
"""What is between the name of a file with many tensors and that of one of them."""


@dataclass(frozen=True)
class Settings:
    """How to quantize.

    Attributes
    ----------
    axis
        Of the blocks of a block format.
    channel_axis
        Axes with a scale for each index: the outer scales of a block format, the scales of others.
    method, percentile
        Where a format without scales of its own is clipped, see `scale_of`.
    order
        Of VS-Quant's divisions, see `quantize`.
    rounding
        Of the codes.
    """

    axis: int = -1
    channel_axis: tuple[int, ...] = ()
    method: Method = "max"
    percentile: float = 99.9
    order: VsqOrder = "published"
    rounding: str = "rne"


@dataclass(frozen=True)
class Outcome:
    """What became of a tensor.

    Attributes
    ----------
    name
        Of the format.
    bits_per_value
        Of elements and block scales.
    sqnr_db
        Signal to quantization noise, infinite where nothing was lost.
    largest_error
        Largest absolute error.
    values
        What the codes stand for.
    arrays
        ``codes``; ``scales``, which are codes in a block format and numbers otherwise; ``outer``
        where a block format has outer scales.
    """

    name: str
    bits_per_value: float
    sqnr_db: float
    largest_error: float
    values: NDArray[np.float64]
    arrays: dict[str, NDArray[Any]]


def load_tensor(file: Path) -> NDArray[Any]:
    """Read numbers from an .npy file, or a tensor from ``FILE.safetensors:NAME``.

    Raises
    ------
    ConfigError
        If the file cannot be read, or holds something else, or nothing, or a number that is none.
    """
    path, found, name = str(file).rpartition(_INSIDE)
    array = read_tensor(Path(path + _INSIDE[:-1]), name) if found else _load_array(file)
    try:
        array = as_values(array)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if not array.size or not np.isfinite(array).all():
        raise ConfigError(f"{file}: a tensor to quantize is finite numbers, one or more")
    return array


def _load_array(file: Path) -> NDArray[Any]:
    try:
        # Opened here: numpy leaves a file open that it cannot read.
        with open(file, "rb") as stream:
            array = np.load(stream, allow_pickle=False)
    except OSError as error:
        raise ConfigError(f"{file}: cannot read it: {error.strerror or error}") from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{file}: not an .npy file with an array of numbers") from error
    if not isinstance(array, np.ndarray):
        raise ConfigError(f"{file}: an .npz file; save one array with numpy.save")
    return array


def quantize_as(tensor: NDArray[Any], fmt: Format | str, settings: Settings) -> Outcome:
    """Quantize a tensor to any format.

    Raises
    ------
    ConfigError
        If the format is unknown or the settings do not go with it or the tensor.
    """
    try:
        fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
        if isinstance(fmt, BlockFormat):
            quantized = quantize(
                tensor,
                fmt,
                axis=settings.axis,
                channel_axis=settings.channel_axis,
                order=settings.order,
                rounding=settings.rounding,
            )
            values = dequantize(quantized)
            arrays = {"codes": quantized.codes, "scales": quantized.scales}
            if quantized.outer is not None:
                arrays["outer"] = quantized.outer
        else:
            scale = scale_of(
                tensor,
                fmt,
                method=settings.method,
                share=settings.channel_axis,
                percentile=settings.percentile,
            )
            codes, scale = scaled(tensor, fmt, scale, rounding=settings.rounding)
            values = decode(codes, fmt) * scale
            arrays = {"codes": codes, "scales": scale}
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return Outcome(
        fmt.name,
        bits_per_value(fmt),
        sqnr(tensor, values),
        float(np.max(np.abs(values - tensor))),
        values,
        arrays,
    )
