"""Selection: an index into all operands."""

from __future__ import annotations

from collections.abc import Iterator

from cosim.formal.plain.shape import Selection

__all__ = ["selection"]


def selection(asked: Selection, bits: int, source: str, chosen: str) -> Iterator[str]:
    """Yield what assigns `chosen` and ``err``, which are there, from a source and ``meta``.

    A position is brought to the nearest that those around it leave possible.
    """
    n, m, index = asked.n, asked.m, asked.index_bits
    illegal: list[str] = []
    for group in range(asked.groups):
        for slot in range(n):
            position, place = f"p_{group}_{slot}", group * n + slot
            low, high = slot, slot + m - n
            yield f"wire [31:0] {position} = meta[{place * index}+:{index}];"
            yield (
                f"wire [31:0] reached_{position} = {position} < {low} ? {low} :"
                f" {position} > {high} ? {high} : {position};"
            )
            yield (
                f"assign {chosen}[{place * bits}+:{bits}] ="
                f" {source} >> (({group * m} + reached_{position}) * {bits});"
            )
            illegal.append(f"{position} >= {m}")
            if slot:
                illegal.append(f"{position} <= p_{group}_{slot - 1}")
    yield f"assign err = {' || '.join(illegal)};"
