"""Normalised parameters of units, as golden models and stimuli receive them."""

from typing import Any

from hdl.formats import IntFormat, parse_format


def fma_params(a: str, b: str, c: str, y: str, **changes: Any) -> dict[str, Any]:
    formats = {"a": a, "b": b, "c": c, "y": y}
    return formats | _common(y) | {"flags": True, "random_bits": None} | changes


def dot_params(
    a: str, b: str, y: str, lanes: int, *, c: str | None = None, **changes: Any
) -> dict[str, Any]:
    formats = {"a": a, "b": b, "a_table": None, "b_table": None, "c": c, "y": y, "lanes": lanes}
    aligned = {"lsb": 0, "align": "exact", "fraction_bits": None, "sticky": False}
    return formats | _common(y) | {"accumulate": False} | aligned | changes


def window_params(
    a: str, b: str, y: str, lanes: int, fraction_bits: int, **changes: Any
) -> dict[str, Any]:
    window = {"align": "window", "fraction_bits": fraction_bits}
    return dot_params(a, b, y, lanes, **(window | changes))


def _common(y: str) -> dict[str, Any]:
    overflow = "saturate" if isinstance(parse_format(y), IntFormat) else "ieee"
    return {
        "rounding": "rne",
        "overflow": overflow,
        "subnormals": "ieee",
        "stages": 0,
        "objective": "balanced",
    }
