"""Reading cells from Liberty, in ps, fF, fJ and nW."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from synth import liberty
from synth.cells import Arc, ArcKind, Cell, Pin, PowerArc, Register, Table
from synth.liberty import Group, LibertyError

__all__ = ["read_cells"]


def read_cells(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of a library, and apart from it what its cells' power arcs are.

    Parameters
    ----------
    text
        The Liberty file.

    Returns
    -------
    dict
        ``name``, ``corner``, ``area_unit``, ``delay_unit``, ``voltage`` and ``cells``, JSON types.
    dict
        A list of power arcs by cell, JSON types.

    Raises
    ------
    ValueError
        If it is no Liberty file, or has something in it that is not understood.
    """
    library = liberty.parse(text)
    reader = _Reader(library)
    facts = {
        "name": library.name,
        "corner": _corner(library),
        # Attributes of our own, which a library that counts gates has.
        "area_unit": library.simple.get("area_unit", "um2"),
        "delay_unit": library.simple.get("delay_unit", "ps"),
        "voltage": float(library.simple.get("nom_voltage", "0")),
        "cells": [dataclasses.asdict(cell) for cell in reader.cells()],
    }
    power = reader.power_arcs()
    return facts, {cell: [dataclasses.asdict(arc) for arc in arcs] for cell, arcs in power.items()}


def _corner(library: Group) -> str:
    conditions = library.simple.get("default_operating_conditions", "")
    known = [conditions] if conditions else []
    for attribute, unit in (("nom_voltage", "V"), ("nom_temperature", "C")):
        if attribute in library.simple:
            known.append(f"{float(library.simple[attribute]):g} {unit}")
    return ", ".join(known)


_TIME = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6}
_CAPACITANCE = {"ff": 1.0, "pf": 1e3, "nf": 1e6}
_VOLTAGE = {"mv": 1e-3, "v": 1.0}
_POWER = {"fw": 1e-6, "pw": 1e-3, "nw": 1.0, "uw": 1e3, "mw": 1e6}
_QUANTITY = re.compile(r"([\d.]+(?:e[+-]?\d+)?)[\s,]*([a-z]+)")

_ARC_KINDS: Mapping[str, ArcKind] = {
    "combinational": "combinational",
    "combinational_rise": "combinational",
    "combinational_fall": "combinational",
    "rising_edge": "launch",
    "falling_edge": "launch",
    "setup_rising": "setup",
    "setup_falling": "setup",
}
"""Timing types that matter for the longest path; the others are hold, pulse width, reset."""


class _Reader:
    """Cells of a parsed library, in ps, fF, fJ and nW."""

    def __init__(self, library: Group) -> None:
        self.library = library
        simple = library.simple
        self.time = _scale(simple.get("time_unit", "1ns"), _TIME)
        self.capacitance = _scale(library.complex.get("capacitive_load_unit", "1,pf"), _CAPACITANCE)
        self.power = _scale(simple.get("leakage_power_unit", "1nw"), _POWER)
        self.default_capacitance = float(simple.get("default_input_pin_cap", "0"))
        volts = _scale(simple.get("voltage_unit", "1V"), _VOLTAGE)
        self.energy = self.capacitance * volts**2  # as the format has it
        self.templates = {
            group.name: group for group in library.all("lu_table_template", "power_lut_template")
        }

    def cells(self) -> list[Cell]:
        cells = [self.cell(group) for group in self.library.all("cell")]
        return [cell for cell in cells if cell.pins]

    def cell(self, group: Group) -> Cell:
        pins = list(_signal_pins(group))
        inputs = [name for name, pin in pins if pin.simple.get("direction") == "input"]
        flip_flop = group.first("ff")
        states = tuple(flip_flop.name.replace(",", " ").split()) if flip_flop else ()
        return Cell(
            name=group.name,
            area=float(group.simple.get("area", "0")),
            leakage=float(group.simple.get("cell_leakage_power", "0")) * self.power,
            sequential="ff" if flip_flop else "latch" if group.first("latch") else "",
            pins={name: self.pin(pin, inputs, states) for name, pin in pins},
            arcs=tuple(arc for name, pin in pins for arc in self.arcs(name, pin)),
            register=_register(flip_flop, inputs) if flip_flop else None,
        )

    def pin(self, group: Group, inputs: Sequence[str], states: Sequence[str]) -> Pin:
        direction = group.simple.get("direction", "internal")
        default = self.default_capacitance if direction == "input" else 0.0
        load = float(group.simple.get("capacitance", default))
        rise, fall = (
            float(group.simple.get(f"{edge}_capacitance", load)) * self.capacitance
            for edge in ("rise", "fall")
        )
        function, state = None, ""
        if "function" in group.simple and "three_state" not in group.simple:
            text = group.simple["function"]
            try:
                function = liberty.truth_table(text, inputs)
            except LibertyError:  # of a state variable: the output of a register
                state = _shown_state(text, states)
        return Pin(direction, rise, fall, function, state)

    def power_arcs(self) -> dict[str, list[PowerArc]]:
        """Return the power arcs of all cells, by cell."""
        found: dict[str, list[PowerArc]] = {}
        for group in self.library.all("cell"):
            pins = list(_signal_pins(group))
            names = [name for name, _ in pins]
            arcs = [
                arc
                for name, pin in pins
                for power in pin.all("internal_power")
                for arc in self.arcs_of_power(name, power, names)
            ]
            if arcs:
                found[group.name] = arcs
        return found

    def arcs_of_power(self, name: str, group: Group, pins: Sequence[str]) -> Iterator[PowerArc]:
        both = group.first("power")
        rise, fall = (
            self.table(group.first(f"{edge}_power") or both, self.energy)
            for edge in ("rise", "fall")
        )
        when = None
        if "when" in group.simple:
            try:
                when = liberty.truth_table(group.simple["when"], pins)
            except LibertyError:  # of something inside the cell that nobody outside knows
                when = None
        for source in group.simple.get("related_pin", "").split() or [""]:
            yield PowerArc(name, source, when, rise, fall)

    def arcs(self, name: str, pin: Group) -> Iterable[Arc]:
        for timing in pin.all("timing"):
            kind = _ARC_KINDS.get(timing.simple.get("timing_type", "combinational"))
            if kind is None:
                continue
            kinds = ("rise_constraint", "fall_constraint")
            if kind != "setup":
                kinds = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
            tables = [self.table(timing.first(kind), self.time) for kind in kinds]
            tables += [None] * (4 - len(tables))
            sense = timing.simple.get("timing_sense", "non_unate")
            for source in timing.simple.get("related_pin", "").split():
                yield Arc(kind, source, name, sense, *tables)

    def table(self, group: Group | None, scale: float) -> Table | None:
        """Return a table with its axes in the order of `Table`, whatever order the file has.

        `scale` is the unit that its values are in.
        """
        if group is None:
            return None
        template = self.templates.get(group.name, Group("", ""))
        values = [value * scale for value in liberty.numbers(group.complex.get("values", ""))]
        axes: dict[bool, list[float]] = {}
        for number in ("1", "2"):
            variable = template.simple.get(f"variable_{number}", "")
            if variable:
                index = group.complex.get(f"index_{number}")
                index = index or template.complex.get(f"index_{number}", "")
                load = "capacitance" in variable
                unit = self.capacitance if load else self.time
                is_column = load or variable == "related_pin_transition"
                axes[is_column] = [point * unit for point in liberty.numbers(index)]
        rows, columns = axes.get(False, [0.0]), axes.get(True, [0.0])
        if any(low >= high for axis in (rows, columns) for low, high in pairwise(axis)):
            raise LibertyError(f"table {group.kind} has an axis that does not increase")
        if len(values) != len(rows) * len(columns):
            raise LibertyError(f"table {group.kind} has {len(values)} values for its axes")
        if next(iter(axes), False):  # the columns' variable comes first
            grid = [tuple(values[row :: len(rows)]) for row in range(len(rows))]
        else:
            grid = [tuple(values[row * len(columns) :][: len(columns)]) for row in range(len(rows))]
        return Table(tuple(rows), tuple(columns), tuple(grid))


def _signal_pins(group: Group) -> Iterator[tuple[str, Group]]:
    """Yield the pins of a cell: ``pin (A, B) { ... }`` describes two."""
    for pin in group.all("pin"):
        for name in pin.name.replace(",", " ").split():
            yield name, pin


def _register(group: Group, inputs: Sequence[str]) -> Register | None:
    if {"clear", "preset"} & group.simple.keys():
        return None
    clocked_on = group.simple.get("clocked_on", "")
    clock, is_falling = clocked_on.strip("!()' "), "!" in clocked_on or "'" in clocked_on
    try:
        next_state = liberty.truth_table(group.simple.get("next_state", ""), inputs)
    except LibertyError:
        return None
    return Register(clock, next_state, is_falling) if clock in inputs else None


def _shown_state(function: str, states: Sequence[str]) -> Literal["", "state", "complement"]:
    """Return which of a register's two state variables an output shows."""
    try:
        table = liberty.truth_table(function, states)
    except LibertyError:
        return ""
    # The second variable is the complement of the first.
    return "state" if table >> 1 & 1 and not table >> 2 & 1 else "complement"


def _scale(quantity: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.search(quantity.lower())
    if match is None or match[2] not in units:
        raise LibertyError(f"unknown unit {quantity!r}")
    return float(match[1]) * units[match[2]]
