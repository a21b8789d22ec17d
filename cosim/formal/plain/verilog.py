"""Words of Verilog that all descriptions are made of."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["bits", "decimal", "module", "padded"]


def module(
    name: str,
    inputs: Iterable[tuple[str, int]],
    outputs: Iterable[tuple[str, int]],
    lines: Iterable[str],
) -> str:
    """Return a module with ports of these names and widths, and these lines in it."""
    ports = [
        *(f"input [{width - 1}:0] {port}" for port, width in inputs),
        *(f"output [{width - 1}:0] {port}" for port, width in outputs),
    ]
    text = "".join(f"    {line}\n" for line in lines)
    return f"module {name} (\n    " + ",\n    ".join(ports) + f"\n);\n{text}endmodule\n"


def bits(value: int, width: int) -> str:
    """Return a number as so many bits, in two's complement."""
    return f"{width}'h{value & ((1 << width) - 1):x}"


def padded(signal: str, width: int, wanted: int) -> str:
    """Return a signal with zeros above it."""
    return f"{{{bits(0, wanted - width)}, {signal}}}" if wanted > width else signal


def decimal(value: int, width: int) -> str:
    """Return a signed number of `width` bits."""
    return f"$signed({bits(value, width)})"
