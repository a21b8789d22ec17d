"""Write a page for every unit of the catalogue, from the catalogue and from measurement."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from gen.catalog import UNITS, UnitEntry
from gen.config import Config, load_config
from gen.diagram import diagram
from gen.emit import interface
from gen.schema import parameters_of
from synth.flow import synthesize

__all__ = ["write_pages"]

EXAMPLES = Path(__file__).parent.parent / "configs"


def write_pages(directory: Path) -> None:
    """Write ``<unit>.md`` and ``<unit>.svg`` for every unit."""
    directory.mkdir(exist_ok=True)
    for unit in UNITS.values():
        config = load_config(EXAMPLES / f"example-{unit.name}.toml")
        (directory / f"{unit.name}.svg").write_text(diagram(config))
        (directory / f"{unit.name}.md").write_text("\n".join(_page(unit, config)) + "\n")


def _page(unit: UnitEntry, config: Config) -> Iterator[str]:
    example = f"configs/example-{unit.name}.toml"
    yield f"# `{unit.name}`: {unit.summary}\n"
    class_name = "".join(part.title() for part in unit.name.split("_"))
    contract = inspect.getdoc(getattr(import_module(f"hdl.{unit.name}"), class_name)) or ""
    # The docstrings mark code with two backquotes, as reStructuredText wants it.
    yield contract.partition("\n\nParameters\n")[0].replace("``", "`") + "\n"
    yield from _parameters(unit)
    facts = interface(config)
    yield f"\n## Example\n\n`{example}`:\n"
    yield f"```{{literalinclude}} ../../{example}\n:language: toml\n```\n"
    yield f"It computes `{config.params.formula}`.\n"
    yield f"![What {config.name} is made of]({unit.name}.svg)\n"
    yield "Rounded boxes are ports, bars across an arrow are pipeline registers.\n"
    yield "| port | | bits | lanes | format | role |\n|---|---|---:|---:|---|---|"
    for port in facts["ports"]:
        yield (
            f"| `{port['name']}` | {port['dir']} | {port['width']} | {port['lanes']} "
            f"| {port['format'] or ''} | {port['role']} |"
        )
    latency = facts["latency"]
    cycles = {0: "0: combinational", 1: "1 cycle"}.get(latency, f"{latency} cycles")
    yield f"\nLatency: {cycles}. One operation a cycle.\n"
    yield from _cost(config)


def _parameters(unit: UnitEntry) -> Iterator[str]:
    yield "## Parameters\n\n| name | default | values | meaning |\n|---|---|---|---|"
    for one in parameters_of(unit.name):
        default = "" if one.default is None else f"`{str(one.default).lower()}`"
        values = re.sub(r"[^ ,]*[^ ,.]+[^ ,]*", r"`\g<0>`", one.values)
        meaning = re.sub(r"([|<>])", r"\\\1", one.schema.get("description", ""))
        yield f"| `{one.key}` | {one.need or default} | {values} | {meaning} |"


def _cost(config: Config) -> Iterator[str]:
    result = synthesize(config)
    yield "## What the example costs\n"
    yield (
        f"{result.area_um2:,.0f} um2 = {result.nand2_equivalents:,.0f} NAND2, "
        f"{result.delay_ps:,.0f} ps, measured when this page was built: `slipstick synth` on "
        f"{result.library['name']}; see [](../synthesis.md) for what these numbers are not.\n"
    )
    yield "| block | um2 | share |\n|---|---:|---:|"
    for block in result.blocks:
        count = f" x {block.instances}" if block.instances > 1 else ""
        yield f"| {block.name}{count} | {block.area_um2:,.1f} | {block.share:.1%} |"
