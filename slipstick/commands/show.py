"""`slipstick show`."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from gen.catalog import UNITS, UnitEntry
from gen.diagram import diagram as drawn
from gen.emit import interface
from gen.files import write_atomically
from gen.schema import json_schema, parameters_of
from slipstick.commands.output import (
    console,
    file_option,
    json_option,
    print_json,
    resolve_one,
    table,
    value_text,
)
from slipstick.completion import complete_config

__all__ = ["command"]


@click.command()
@click.argument(
    "what", nargs=-1, required=True, metavar="UNIT|CONFIG", shell_complete=complete_config
)
@json_option
@file_option("--diagram", metavar="FILE.svg", text="Draw the blocks of a CONFIG, too.")
def command(what: tuple[str, ...], as_json: bool, diagram: Path | None) -> None:
    """Show what a UNIT takes and computes, or the parameters, ports and latency of a CONFIG.

    With --json, a unit is shown as the JSON Schema of its config files.
    """
    if len(what) == 1 and what[0] in UNITS:
        if diagram is not None:
            raise click.UsageError("--diagram takes a CONFIG: blocks depend on the parameters")
        if as_json:
            print_json(json_schema(what[0]))
        else:
            _print_unit(UNITS[what[0]])
        return
    config = resolve_one(what)
    if diagram is not None:
        write_atomically(diagram.parent, {diagram.name: drawn(config).encode()})
    facts = interface(config) | {"formula": config.params.formula}
    if as_json:
        print_json(facts)
    else:
        _print_config(facts)


def _print_unit(unit: UnitEntry) -> None:
    click.echo(f"{unit.name}: {unit.summary}\n\n{_contract(unit)}")
    shown = table("parameter", "default", "values", "meaning")
    for one in parameters_of(unit.name):
        default = one.need or value_text(one.default)
        shown.add_row(one.key, default, one.values, one.schema.get("description", ""))
    console().print(shown)


def _contract(unit: UnitEntry) -> str:
    """Return what the component's docstring says before it lists its parameters."""
    class_name = "".join(part.title() for part in unit.name.split("_"))
    component = getattr(import_module(f"hdl.{unit.name}"), class_name)
    return (inspect.getdoc(component) or "").partition("\n\nParameters\n")[0].replace("`", "")


def _print_config(facts: dict[str, Any]) -> None:
    click.echo(f"{facts['name']}: {facts['formula']}")
    latency = facts["latency"]
    click.echo(f"latency {latency}" + ("" if latency else ": combinational, no clock"))
    ports = table("port", "", "bits", "lanes", "format", "role", right=("bits", "lanes"))
    for port in facts["ports"]:
        numbers = (str(port["width"]), str(port["lanes"]))
        ports.add_row(port["name"], port["dir"], *numbers, port["format"] or "", port["role"])
    params = table("parameter", "value")
    for key, value in facts["config"]["params"].items():
        params.add_row(key, value_text(value))
    console().print(ports, params)
