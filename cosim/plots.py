"""Pictures of formats as SVG: number lines, errors over magnitudes, errors on a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.metrics import finite_values
from hdl.formats import BlockFormat, Format, FormatError, parse_format

__all__ = ["error_curves", "number_line", "tensor_errors"]

_WIDTH = 720
_LEFT, _RIGHT = 56, 16
_MOST_VALUES = 4096
_POINTS = 1200
_COLORS = ("#1f6fb4", "#d1495b", "#2e8b57", "#b8860b", "#7b4fa3", "#4a5a66", "#c2571a", "#0f8b8d")


@dataclass
class _Axes:
    """A rectangle with numbers along its sides, and what is drawn into it.

    Parameters
    ----------
    top, height
        Where it is, in pixels.
    x, y
        Least and largest number on each side.
    """

    top: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    parts: list[str] = field(default_factory=list)

    def place(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return pixels."""
        across = (np.asarray(x, dtype=np.float64) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(y, dtype=np.float64) - self.y[0]) / (self.y[1] - self.y[0])
        width = _WIDTH - _LEFT - _RIGHT
        return _LEFT + across * width, self.top + self.height * (1 - up)

    def ticks(self, values: NDArray[np.float64], color: str) -> None:
        """Draw a line from bottom to top at each value."""
        across, _ = self.place(values, self.y[0])
        path = "".join(f"M{x:.2f} {self.top}v{self.height}" for x in across.tolist())
        self.parts.append(f'<path d="{path}" stroke="{color}"/>')

    def line(self, x: NDArray[np.float64], y: NDArray[np.float64], color: str) -> None:
        """Draw a line through points, interrupted where one is NaN."""
        across, down = self.place(x, np.clip(y, *self.y))
        path, pen = "", "M"
        for left, top in zip(across.tolist(), down.tolist(), strict=True):
            if np.isnan(top):
                pen = "M"
            else:
                path += f"{pen}{left:.1f} {top:.1f}"
                pen = "L"
        self.parts.append(f'<path d="{path}" stroke="{color}"/>')

    def label(self, text: str, left: float, top: float, anchor: str = "middle") -> None:
        """Write."""
        self.parts.append(
            f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def scale_x(self, labels: Mapping[float, str]) -> None:
        """Write numbers below."""
        for value, text in labels.items():
            across, _ = self.place(value, self.y[0])
            self.label(text, float(across), self.top + self.height + 15)

    def scale_y(self, labels: Mapping[float, str]) -> None:
        """Write numbers on the left, with faint lines."""
        for value, text in labels.items():
            _, down = self.place(self.x[0], value)
            self.label(text, _LEFT - 6, float(down) + 4, "end")
            self.parts.append(
                f'<path d="M{_LEFT} {float(down):.1f}H{_WIDTH - _RIGHT}" '
                'stroke="currentColor" opacity="0.2"/>'
            )


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            'font-family="sans-serif" font-size="12" fill="none" stroke-width="1">',
            f"<title>{escape(title)}</title>",
            "<style>text{fill:currentColor}</style>",
            *parts,
            "</svg>\n",
        )
    )


def _powers(low: float, high: float) -> dict[float, str]:
    """Return about ten powers of two as labels of a base-2 logarithmic axis."""
    first, last = int(np.floor(low)), int(np.ceil(high))
    step = max(1, -(-(last - first) // 10))
    return {float(power): f"2^{power}" for power in range(first, last + 1, step)}


def _legend(names: Sequence[str], top: int) -> list[str]:
    axes = _Axes(0, 1, (0, 1), (0, 1))
    left = float(_LEFT)
    for name, color in zip(names, _COLORS, strict=False):
        axes.parts.append(f'<path d="M{left:.0f} {top - 4}h18" stroke="{color}" stroke-width="3"/>')
        axes.label(name, left + 24, top, "start")
        left += 44 + 7 * len(name)
    return axes.parts


def _scalar(fmt: Format | str) -> tuple[Format, str]:
    """Return a scalar format and what to call it: of a block format, its elements."""
    parsed = parse_format(fmt) if isinstance(fmt, str) else fmt
    if isinstance(parsed, BlockFormat):
        scale = f"{parsed.length} share a scale of {parsed.scale.name}"
        return parsed.element, f"{parsed.name}: elements {parsed.element.name}, {scale}"
    return parsed, parsed.name


def number_line(fmt: Format | str) -> str:
    """Return a picture of all finite values: as they are, and the positive ones by magnitude.

    Parameters
    ----------
    fmt
        A format of at most 4096 values, or its name; of a block format the elements are drawn.
    """
    scalar, title = _scalar(fmt)
    if scalar.bits > _MOST_VALUES.bit_length() - 1:
        raise FormatError(f"{scalar.name}: too many values to draw, {scalar.bits} bits")
    values = finite_values(scalar)
    positive = values[values > 0]
    top = float(np.abs(values).max())
    linear = _Axes(28, 26, (min(-top, values[0]) if values[0] < 0 else 0.0, top), (0, 1))
    linear.ticks(values, _COLORS[0])
    linear.label(title, _LEFT, 18, "start")
    marks = np.linspace(linear.x[0], linear.x[1], 5 if linear.x[0] < 0 else 3).tolist()
    linear.scale_x({mark: f"{mark:.4g}" for mark in marks})
    low, high = float(np.log2(positive[0])), float(np.log2(positive[-1]))
    logarithmic = _Axes(92, 26, (low - 0.5, high + 0.5), (0, 1))
    logarithmic.ticks(np.log2(positive), _COLORS[1])
    logarithmic.scale_x(_powers(low, high))
    return _svg(144, f"Values of {title}", [*linear.parts, *logarithmic.parts])


def error_curves(fmts: Sequence[Format | str], *, span: tuple[int, int] | None = None) -> str:
    """Return a picture of the relative error of the nearest value over magnitudes.

    Parameters
    ----------
    fmts
        Scalar formats of 16 bits or fewer, or their names; eight at most.
    span
        Powers of two to draw between; by default from the least to the largest value of all.
    """
    scalars = [_scalar(fmt)[0] for fmt in fmts]
    if not 1 <= len(scalars) <= len(_COLORS):
        raise ValueError(f"one to {len(_COLORS)} formats at a time, not {len(scalars)}")
    tables = [finite_values(fmt) for fmt in scalars]
    tables = [values[values >= 0] for values in tables]
    if span is None:
        least = min(float(values[values > 0][0]) for values in tables)
        most = max(float(values[-1]) for values in tables)
        low, high = np.floor(np.log2(least)), np.ceil(np.log2(most))
    else:
        low, high = span
    axes = _Axes(16, 240, (float(low), float(high)), (0.0, 50.0))
    logarithm = np.linspace(low, high, _POINTS)
    points = np.exp2(logarithm)
    for values, color in zip(tables, _COLORS, strict=False):
        index = np.clip(np.searchsorted(values, points), 1, len(values) - 1)
        nearest = np.minimum(np.abs(points - values[index - 1]), np.abs(points - values[index]))
        axes.line(logarithm, 100 * nearest / points, color)
    axes.scale_x(_powers(float(low), float(high)))
    axes.scale_y({float(mark): f"{mark} %" for mark in range(0, 51, 10)})
    names = [fmt.name for fmt in scalars]
    return _svg(300, "Relative error", [*axes.parts, *_legend(names, 292)])


def tensor_errors(tensor: ArrayLike, quantized: Mapping[str, ArrayLike]) -> str:
    """Return a picture of the error of a quantized tensor over the magnitude of its elements.

    Parameters
    ----------
    tensor
        The exact elements.
    quantized
        What they became, by name of the format; eight at most. Drawn is the root mean square error
        of the elements of each eighth of an octave, relative to their magnitude, in dB.
    """
    if not 1 <= len(quantized) <= len(_COLORS):
        raise ValueError(f"one to {len(_COLORS)} formats at a time, not {len(quantized)}")
    exact = np.asarray(tensor, dtype=np.float64).ravel()
    keep = np.isfinite(exact) & (exact != 0)
    if not keep.any():
        raise ValueError("a tensor without finite non-zero elements has no relative errors")
    octave = np.floor(8 * np.log2(np.abs(exact[keep]))).astype(np.int64)
    # Leave out the rarest small magnitudes, which would fill half of the picture.
    first, last = int(np.quantile(octave, 0.001)), int(octave.max())
    bins = np.arange(first, last + 1)
    count = np.bincount(np.maximum(octave - first, 0), minlength=len(bins))
    axes = _Axes(16, 240, (first / 8, (last + 1) / 8), (-60.0, 0.0))
    for values, color in zip(quantized.values(), _COLORS, strict=False):
        error = np.asarray(values, dtype=np.float64).ravel()[keep] - exact[keep]
        relative = (error / exact[keep]) ** 2
        total = np.bincount(np.maximum(octave - first, 0), relative, minlength=len(bins))
        with np.errstate(divide="ignore", invalid="ignore"):
            axes.line((bins + 0.5) / 8, 10 * np.log10(total / count), color)
    axes.scale_x(_powers(*axes.x))
    axes.scale_y({float(mark): f"{mark} dB" for mark in range(-60, 1, 10)})
    return _svg(300, "Error by magnitude", [*axes.parts, *_legend(list(quantized), 292)])
