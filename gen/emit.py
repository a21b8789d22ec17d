"""From a config to its files: Verilog, manifest, file list and FuseSoC description."""

from __future__ import annotations

import gc
import hashlib
import json
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gen import yosys
from gen.catalog import UNITS
from gen.config import Config, toml_value
from gen.errors import ConfigError
from gen.files import write_atomically
from gen.names import check_name
from gen.rtlil import Module, parse, restore_order
from gen.verilog import write_modules
from gen.version import __version__

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component

    from gen.catalog import Unit
    from hdl.ports import Port

__all__ = [
    "Artifact",
    "StreamKind",
    "generate",
    "interface",
    "made_once",
    "modules_of",
    "unit_of",
    "verilog_of",
    "write",
]

# Amaranth's RTLIL to plain word-level operators: processes become multiplexers and flip-flops, what
# nobody uses goes, operands get no wider than they need be. Power-up values go first of all, so
# that nothing can rely on them: reset is the only way to a defined state.
_SIMPLIFY = """\
read_rtlil <<END_OF_DESIGN
{rtlil}END_OF_DESIGN
setattr -unset init w:*
proc -noopt -norom
opt_clean
opt_dff
opt_expr
opt_merge
opt_muxtree
opt_reduce
opt_clean -purge
wreduce
opt_expr
opt_clean -purge
hierarchy -check -top {top}
check -assert
write_rtlil simple.il
"""

_OWN_FILE_OFF = "// verilator lint_off DECLFILENAME"
_OWN_FILE_ON = "// verilator lint_on DECLFILENAME"

_ROLES = {
    "clock": "clock, rising edge",
    "reset": "synchronous reset, active high",
    "valid": "qualifies the data of the same cycle",
    "control": "restarts the accumulation",
    "flags": "invalid, overflow, underflow, inexact",
    "ready": "takes what is valid in the same cycle",
}
"""What the ports that carry no codes are for, in the comment above a module."""

_PORTS = {
    "err": "something about the operands is illegal",
    "load": "b is the next row of weights, row 0 after a swap",
    "swap": "the weights loaded so far are in use from this cycle on",
}
"""The same of ports for which their role does not say it."""


StreamKind = Literal["ready", "axi"]
"""How a unit gets operands and gives results where either side may stall."""


@dataclass(frozen=True)
class Artifact:
    """Everything generated from a config.

    Attributes
    ----------
    config
        What it was generated from.
    name
        Name of the module, and stem of the file names.
    verilog
        The Verilog: the module and all those below it.
    manifest
        Description for programs, JSON types.
    files
        Contents of the files to write, by name; the manifest is the last.
    """

    config: Config
    name: str
    verilog: str
    manifest: dict[str, Any]
    files: dict[str, bytes]


def generate(config: Config, stream: StreamKind | None = None) -> Artifact:
    """Generate the files of a config, in memory.

    The same config and the same versions of slipstick and its tools give the same bytes.

    Parameters
    ----------
    config
        What to build.
    stream
        Wrap the unit in streams: ``ready`` adds a ready for either side to its ports, ``axi`` gives
        it those of AXI4-Stream. The module is called after the config and the kind of stream.

    Raises
    ------
    ConfigError
        If the parameters make no hardware.
    ToolError
        If Yosys fails.
    """
    made = _MADE.get()
    if made is None:
        return _generate(config, stream)
    key = (config.name, config.config_hash, stream)
    if key not in made:
        made[key] = _generate(config, stream)
    return made[key]


_MADE: ContextVar[dict[tuple[str, str, StreamKind | None], Artifact] | None] = ContextVar(
    "made", default=None
)
"""Artifacts of the `made_once` block that is being executed."""


@contextmanager
def made_once() -> Iterator[None]:
    """Within the block, make what `generate` returns once a config, whoever asks for it."""
    token = _MADE.set({})
    try:
        yield
    finally:
        _MADE.reset(token)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave garbage where it is: a large unit is a million live objects, searched in vain.

    Half of the time that the largest dot product takes to generate.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def _generate(config: Config, stream: StreamKind | None) -> Artifact:
    unit = unit_of(config)
    name, streams = config.name, {}
    if stream is not None:
        name, unit, streams = _in_streams(config, unit, stream)
    description = {**_interface(config, unit), "name": name, **streams}
    verilog = _header(config, description) + verilog_of(unit, name)
    files = {
        f"{name}.v": verilog.encode(),
        f"{name}.f": f"{name}.v\n".encode(),
        f"{name}.core": _core(config, name).encode(),
    }
    manifest = {
        "schema": 1,
        **description,
        "files": {file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
        "tools": {
            "slipstick": __version__,
            "amaranth": version("amaranth"),
            "pyosys": version("pyosys"),
        },
    }
    files[f"{name}.json"] = f"{json.dumps(manifest, indent=2)}\n".encode()
    return Artifact(config, name, verilog, manifest, files)


def _in_streams(config: Config, unit: Unit, kind: StreamKind) -> tuple[str, Any, dict[str, Any]]:
    """Return the name of a unit in streams, itself, and what the manifest says of them."""
    from hdl.stream import AxiStreamUnit, HandshakeUnit

    name = f"{config.name}_{'axis' if kind == 'axi' else 'stream'}"
    problem = check_name(name)
    if problem:
        raise ConfigError(f"{config.name}: name = {name}: {problem}")
    wrapped = AxiStreamUnit(unit) if kind == "axi" else HandshakeUnit(unit)
    streams: dict[str, Any] = {"kind": kind, "depth": wrapped.depth}
    if isinstance(wrapped, AxiStreamUnit):
        streams["fields"] = {
            side: [{**_port(port), "offset": offset} for port, offset in fields]
            for side, fields in wrapped.fields.items()
        }
    return name, wrapped, {"stream": streams}


def interface(config: Config) -> dict[str, Any]:
    """Return what the manifest says of a config but for its files: ports, latency, parameters.

    Raises
    ------
    ConfigError
        If the parameters make no hardware.
    """
    return _interface(config, unit_of(config))


def write(artifact: Artifact, directory: str | Path) -> list[Path]:
    """Write the files of an artifact into a directory, all or none, and return their paths.

    Raises
    ------
    ConfigError
        If the directory cannot be written.
    """
    return write_atomically(Path(directory), artifact.files)


def unit_of(config: Config) -> Unit:
    """Return the component of a config.

    Raises
    ------
    ConfigError
        If the parameters make no hardware.
    """
    try:
        return UNITS[config.unit].component(config.params)
    except ValueError as error:
        raise ConfigError(f"{config.name}: {error}") from error


def _interface(config: Config, unit: Unit) -> dict[str, Any]:
    return {
        "name": config.name,
        "unit": config.unit,
        "config": config.config_dict(),
        "config_hash": config.config_hash,
        "latency": unit.latency,
        "clock": "clk" if unit.latency else None,
        "reset": "rst" if unit.latency else None,
        "ports": _ports(unit),
    }


def _ports(unit: Unit) -> list[dict[str, Any]]:
    """Return the ports as the manifest lists them, clock and reset first."""
    ports = [
        {"name": name, "dir": "in", "width": 1, "lanes": 1, "format": None, "role": role}
        for name, role in (("clk", "clock"), ("rst", "reset"))
        if unit.latency
    ]
    return ports + [_port(port) for port in unit.ports]


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "dir": port.direction,
        "width": port.width,
        "lanes": port.lanes,
        "format": port.format.name if port.format else None,
        "role": port.role,
        **({} if port.lsb is None else {"lsb": port.lsb}),
    }


def _header(config: Config, description: Mapping[str, Any]) -> str:
    """Return the comment at the top: what it is, from which config, with which ports."""
    ports, latency = description["ports"], description["latency"]
    streams = description.get("stream", {})
    cycles = "1 cycle" if latency == 1 else f"{latency} cycles"
    timing = f"Latency {cycles}, one operation a cycle." if latency else "Combinational."
    if streams:
        timing += " Either side may stall, at any time."
    parts = [
        f"    {side}[{field['offset'] + field['width'] - 1}:{field['offset']}] is {field['name']}: "
        f"{_meaning(field)}"
        for side, fields in streams.get("fields", {}).items()
        for field in fields
    ]
    width = max(len(port["name"]) for port in ports)
    lines = [
        f"{description['name']}: {UNITS[config.unit].summary}",
        "",
        *textwrap.wrap(
            config.params.formula, 97, initial_indent=" " * 4, subsequent_indent=" " * 8
        ),
        "",
        timing,
        "",
        *(
            f"    {p['name']:{width}}  {p['dir']:3}  {p['width']:>4} bit  {_meaning(p)}"
            for p in ports
        ),
        "",
        *([*parts, ""] if parts else []),
        "Names: x_1, x_2 are x one and two cycles later; t1, x_t1 are intermediate values (of x).",
        "",
        f"Generated by slipstick {__version__} from",
        "",
        f'    unit = "{config.unit}"',
        f'    name = "{config.name}"',
        "    [params]",
        *(
            f"    {key} = {toml_value(value)}"
            for key, value in config.params_dict().items()
            if value is not None
        ),
    ]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def _meaning(port: Mapping[str, Any]) -> str:
    kind = port["format"]
    if kind is None:
        if port["role"] != "data":
            return _PORTS.get(port["name"], _ROLES[port["role"]])
        kind = f"{port['width'] // port['lanes']} bits"
    weight = f", the lowest bit worth 2^{port['lsb']}" if "lsb" in port else ""
    if port["lanes"] == 1:
        return kind + weight
    return f"{port['lanes']} x {kind}, the first in the low bits{weight}"


def _core(config: Config, name: str) -> str:
    """Return the description for FuseSoC."""
    return f"""\
CAPI=2:
name: slipstick:generated:{name}:{__version__}
description: "{UNITS[config.unit].summary}"
filesets:
  rtl:
    files:
      - {name}.v
    file_type: verilogSource-2005
targets:
  default: &default
    filesets: [rtl]
    toplevel: {name}
  lint:
    <<: *default
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [-Wall]
"""


def verilog_of(component: Component, name: str) -> str:
    """Return a component as a Verilog module, and after it all modules that it is made of."""
    summaries, simplified = modules_of(component, name)
    modules = write_modules(list(simplified.values()))
    top, *inner = summaries
    lines = ["", *modules[top]]
    if inner:
        lines += ["", "// What it is made of; parts of one unit stay in one file.", _OWN_FILE_OFF]
        for block in inner:
            lines += ["", *_comment(summaries[block]), *modules[block]]
        lines += ["", _OWN_FILE_ON]
    return "\n".join([*lines, ""])


def modules_of(component: Component, name: str) -> tuple[dict[str, str], dict[str, Module]]:
    """Return what a component is made of, simplified.

    Returns
    -------
    dict
        What each module does, in a line, by its name; the component's own is the first.
    dict
        The modules by name.
    """
    # Loading amaranth takes as long as all else that a command does before it gets here.
    from gen.hierarchy import blocks_of

    blocks = blocks_of(component, name)
    script = _SIMPLIFY.format(rtlil="".join(block.rtlil for block in blocks), top=name)
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        yosys.run(script, cwd=Path(directory))
        simplified = (Path(directory) / "simple.il").read_text()
    modules = {module.name: module for module in parse(simplified)}
    blocks = [block for block in blocks if block.name in modules]  # without what turned out unused
    for block in blocks:
        restore_order(modules[block.name], block.rtlil)
    return {block.name: block.summary for block in reversed(blocks)}, modules


def _comment(text: str) -> list[str]:
    return [f"// {line}" for line in textwrap.wrap(" ".join(text.replace("``", "").split()), 97)]
