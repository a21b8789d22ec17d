"""Draw the pictures of the pages on formats, from the formats themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cosim.golden import dequantize, quantize
from cosim.plots import error_curves, number_line, tensor_errors

__all__ = ["draw"]

NUMBER_LINES = (
    "int4 sm4 q2.3 uq0.4 e4m3 e5m2 e2m3 e3m2 e2m1 e8m0 log2.2 log4.3 posit6es0 posit6es1 posit8es2 "
    "nf4 af4 mxfp4 mxint8 msfp12"
)
BLOCKS = ("mxfp8-e4m3", "mxint8", "mxfp4", "nvfp4")


def draw(directory: Path) -> None:
    """Write an SVG file for each picture."""
    directory.mkdir(exist_ok=True)
    gaussian = np.random.default_rng(1).standard_normal(200_000)
    quantized = {name: dequantize(quantize(gaussian, name)) for name in BLOCKS}
    pictures = {name: number_line(name) for name in NUMBER_LINES.split()} | {
        "errors4": error_curves(["int4", "e2m2", "log2.2"], span=(-3, 4)),
        "errors8": error_curves(["int8", "e4m3", "e5m2", "e3m4", "log4.3"], span=(-10, 10)),
        "errors-blocks": tensor_errors(gaussian, quantized),
    }
    for name, picture in pictures.items():
        (directory / f"{name}.svg").write_text(picture)
