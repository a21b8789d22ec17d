"""Verilog around the unit under test: many copies at once, or one with a waveform dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from cosim.benches.records import Layout

__all__ = ["DUMP_FILE", "PLAYER", "WAVES", "player_verilog", "waves_verilog"]

PLAYER = "slipstick_player"
"""Name of the module with many copies."""

WAVES = "slipstick_waves"
"""Name of the module that dumps waveforms."""

DUMP_FILE = "waves.fst"
"""Where the waveforms go, in the directory that the simulation runs in."""


def player_verilog(manifest: Mapping[str, Any], layout: Layout, copies: int) -> str:
    """Return a module with `copies` units whose ports are the rows of `layout`.

    With a clock, stimuli are taken over when it rises, as if from registers: the units' own still
    take what came with the row before, and everything settles once a cycle.
    """
    lines = [line for copy in range(copies) for line in _copy(manifest, layout, copy)]
    width = 8 * layout.stimulus.itemsize
    if manifest["clock"] is None:
        lines.insert(0, f"wire [{width - 1}:0] held = stimulus;")
    else:
        lines.insert(0, "always @(posedge clk) held <= stimulus;")
        lines.insert(0, f"reg [{width - 1}:0] held;")
    lines += _padding(layout.result)
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"module {PLAYER} (\n"
        f"    input clk,\n"
        f"    input [{width - 1}:0] stimulus,\n"
        f"    output [{8 * layout.result.itemsize - 1}:0] result\n"
        f");\n{body}endmodule\n"
    )


def waves_verilog(manifest: Mapping[str, Any]) -> str:
    """Return a module with the ports of the unit and `dump`, which starts the waveform dump.

    That port is a `bit`, which is 0 until it is driven; a `logic` may wake up as 1, as registers
    do, and start the dump at once.
    """
    ports = "".join(
        f"    {port['dir']}put [{port['width'] - 1}:0] {port['name']},\n"
        for port in manifest["ports"]
    )
    connections = ", ".join(f".{port['name']}({port['name']})" for port in manifest["ports"])
    return (
        f"module {WAVES} (\n{ports}    input bit dump\n);\n"
        f"    {manifest['name']} unit ({connections});\n"
        f"    always @(posedge dump) begin\n"
        f'        $dumpfile("{DUMP_FILE}");\n'
        f"        $dumpvars(0, unit);\n"
        f"    end\n"
        f"endmodule\n"
    )


def _copy(manifest: Mapping[str, Any], layout: Layout, copy: int) -> Iterator[str]:
    """Yield the lines of one copy: its instance and what it contributes to `result`."""
    connections: list[str] = []
    assignments: list[str] = []
    for port in manifest["ports"]:
        name = port["name"]
        bits = port["width"] // port["lanes"]
        if port["role"] == "clock":
            connections.append(f".{name}(clk)")
        elif port["dir"] == "in":
            lanes = [f"held[{at}+:{bits}]" for at, _ in _places(layout.stimulus, name, copy)]
            connections.append(f".{name}({{{', '.join(reversed(lanes))}}})")
        else:
            wire = f"{name}_{copy}"
            connections.append(f".{name}({wire})")
            yield f"wire [{port['width'] - 1}:0] {wire};"
            assignments += [  # fills the container with zeros above the lane
                f"assign result[{at}+:{size}] = {wire}[{lane * bits}+:{bits}];"
                for lane, (at, size) in enumerate(_places(layout.result, name, copy))
            ]
    yield f"{manifest['name']} copy_{copy} ({', '.join(connections)});"
    yield from assignments


def _padding(row: np.dtype[np.void]) -> list[str]:
    """Return what drives the end of `result` that belongs to no field: rows are compared whole."""
    fields = cast(Mapping[str, tuple[np.dtype[Any], int]], row.fields)
    used = max(start + field.itemsize for field, start in (f[:2] for f in fields.values()))
    if used == row.itemsize:
        return []
    return [f"assign result[{8 * row.itemsize - 1}:{8 * used}] = 0;"]


def _places(row: np.dtype[np.void], name: str, copy: int) -> list[tuple[int, int]]:
    """Return first bit and width of the containers that hold the lanes of a port of one copy."""
    fields = cast(Mapping[str, tuple[np.dtype[Any], int]], row.fields)
    field, start = fields[name][:2]
    _, lanes = field.shape
    size = field.base.itemsize
    return [(8 * (start + (copy * lanes + lane) * size), 8 * size) for lane in range(lanes)]
