"""Options that several units share, and the rules between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import HeapKind
from hdl.bricks.normalizer import NormalizerKind
from hdl.bricks.rounding import ROUNDINGS
from hdl.formats import FloatFormat, Format, IntFormat
from hdl.stages.pack import OVERFLOWS, Overflow

__all__ = [
    "OBJECTIVES",
    "SUBNORMALS",
    "Objective",
    "Subnormals",
    "adder_for",
    "check_choices",
    "check_options",
    "check_stages",
    "default_overflow",
    "heap_for",
    "normalizer_for",
]

Objective = Literal["area", "delay", "balanced"]
"""What a generator builds for."""

Subnormals = Literal["ieee", "flush"]
"""Whether subnormal operands and results keep their value or become zero."""

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
SUBNORMALS: tuple[Subnormals, ...] = get_args(Subnormals)

MAX_OPERAND_BITS = 32
MANY_BITS = 16
MAX_STAGES = 64


def adder_for(objective: Objective, bits: int = MANY_BITS) -> AdderKind:
    """Return the carry-propagate adders of units built for `objective`.

    Parameters
    ----------
    objective
        What the unit is built for.
    bits
        Width of its widest sum.
    """
    kinds: dict[Objective, AdderKind] = {
        "area": "ripple",
        "balanced": "brent_kung",
        # Measured: in the multiply-add of E5M2 (13 bits) the one, in that of E4M3 (16) the other.
        "delay": "kogge_stone" if bits >= MANY_BITS else "sklansky",
    }
    return kinds[objective]


def heap_for(objective: Objective) -> HeapKind:
    """Return how units built for `objective` compress their sums."""
    kinds: dict[Objective, HeapKind] = {"area": "small", "balanced": "fast", "delay": "shallow"}
    return kinds[objective]


def normalizer_for(objective: Objective, ahead: int = 0) -> NormalizerKind:
    """Return how units built for `objective` find the leading one.

    Parameters
    ----------
    objective
        What the unit is built for.
    ahead
        Width of the sum, if it comes as two numbers that tell where the leading one will be.
    """
    if objective == "area":
        return "serial"
    # Measured: 873 ps instead of 896 in the multiply-add of E5M2 (13 bits), 919 instead of 908 in
    # that of E4M3 (16), 1274 instead of 1158 with an addend of FP32 (59).
    return "anticipated" if ahead >= MANY_BITS and objective == "delay" else "parallel"


def check_stages(stages: int) -> None:
    """Raise `ValueError` unless a unit may have so many pipeline registers."""
    if not 0 <= stages <= MAX_STAGES:
        raise ValueError(f"stages = {stages} is not in 0..{MAX_STAGES}")


def check_choices(*choices: tuple[str, object, Sequence[object]]) -> None:
    """Raise `ValueError` unless every value is one of its choices: (option, value, choices)."""
    for name, value, known in choices:
        if value not in known:
            raise ValueError(f"{name} = {value!r} is not one of {', '.join(map(str, known))}")


def default_overflow(y: Format, operands: Sequence[Format]) -> Overflow:
    """Return the overflow behaviour of a unit that names none.

    Wrapping is defined for sums of integers only; with a float operand, an integer result
    saturates.
    """
    if isinstance(y, FloatFormat):
        return "ieee"
    return "wrap" if all(isinstance(fmt, IntFormat) for fmt in operands) else "saturate"


def check_options(
    operands: Sequence[Format],
    y: Format,
    *,
    rounding: str,
    overflow: str,
    subnormals: str,
    stages: int,
    objective: str,
) -> None:
    """Raise `ValueError` unless a unit with these formats and options can be built."""
    for fmt in operands:
        _check_term(fmt)
        if fmt.bits > MAX_OPERAND_BITS:
            raise ValueError(
                f"operand format {fmt.name} has {fmt.bits} bits, more than {MAX_OPERAND_BITS}"
            )
    _check_term(y)
    check_choices(
        ("rounding", rounding, ROUNDINGS),
        ("overflow", overflow, OVERFLOWS),
        ("subnormals", subnormals, SUBNORMALS),
        ("objective", objective, OBJECTIVES),
    )
    check_stages(stages)
    _check_overflow(operands, y, overflow)


def _check_term(fmt: Format) -> None:
    if not isinstance(fmt, IntFormat | FloatFormat):
        raise ValueError(f"format {fmt.name} is neither an integer nor a float")
    if isinstance(fmt, FloatFormat) and not fmt.signed:
        raise ValueError(f"format {fmt.name} has no sign: it is for scales, not for terms")


def _check_overflow(operands: Sequence[Format], y: Format, overflow: str) -> None:
    if isinstance(y, FloatFormat) and overflow == "wrap":
        raise ValueError(f"overflow = 'wrap' needs an integer result, not {y.name}")
    if isinstance(y, IntFormat) and overflow == "ieee":
        raise ValueError(f"overflow = 'ieee' needs a float result, not {y.name}")
    if overflow == "wrap" and not all(isinstance(fmt, IntFormat) for fmt in operands):
        raise ValueError("overflow = 'wrap' needs integer operands only; use 'saturate'")
