"""From a component to RTLIL, one module for every different component inside it."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, cast

from amaranth.hdl import ClockSignal, Fragment, Instance, ResetSignal, Signal, Value
from amaranth.hdl._ast import SignalDict, SignalSet
from amaranth.hdl._ir import PortDirection
from amaranth.lib.wiring import Component, Flow, In

from hdl.formats import Format

__all__ = ["Block", "blocks_of"]

rtlil: Any = importlib.import_module("amaranth.back.rtlil")  # amaranth-stubs do not know it

# Amaranth's own conversion of a hierarchy gives every instance a module of its own, whose ports are
# whatever nets happen to cross its border. Converting component by component keeps the ports that
# the component declares, and makes equal components one module.


@dataclasses.dataclass(eq=False)
class Block:
    """A component that becomes one module.

    Attributes
    ----------
    component
        The first component of its kind.
    children
        Modules of the instances inside, by instance name.
    elaborated
        The amaranth Module that the component elaborated to; typed loosely, since amaranth offers
        no public way to look at submodules and signals.
    name
        Name of the module.
    rtlil
        The module itself.
    """

    component: Any
    elaborated: Any
    children: Mapping[str, Block]
    name: str = ""
    rtlil: str = ""

    @property
    def summary(self) -> str:
        """First line of the description of the component."""
        return (type(self.component).__doc__ or "").strip().split("\n\n")[0]

    def has_input(self, port: str) -> bool:
        """Return whether the module has an input of that name."""
        return re.search(rf" input \d+ +\\{port}\n", self.rtlil) is not None


def blocks_of(component: Component, name: str) -> list[Block]:
    """Convert a component with all it contains.

    Parameters
    ----------
    component
        The unit; every submodule in it must be a component too.
    name
        Name of its module; the names of the others start with it.

    Returns
    -------
    list of Block
        Every module once, instances before those that contain them; the unit itself is the last.
    """
    blocks: list[Block] = []
    known: dict[Hashable, Block] = {}

    def visit(component: Any) -> Block:
        component._MustUse__used = True  # as amaranth marks what it elaborates itself
        identity = _identity(component)
        if identity in known:
            return known[identity]
        elaborated = component.elaborate(None)
        children = {
            instance: visit(child) for instance, child in _submodules(component, elaborated)
        }
        block = Block(component, elaborated, children)
        blocks.append(block)
        if identity is not None:
            known[identity] = block
        return block

    visit(component)
    _name(blocks, name)
    # Nothing drives, in this module, what a component reads of another one without a port for it:
    # it would silently be a constant. (A signal that nothing drives anywhere is meant as one.)
    driven, undriven = SignalSet(), SignalDict()
    for block in blocks:
        _convert(block, driven, undriven)
    for signal, reader in undriven.items():
        if signal in driven:
            raise TypeError(f"{reader} reads {signal.name}, which is no port")
    return blocks


def _submodules(component: Component, module: Any) -> Iterator[tuple[str, Component]]:
    if module._anon_submodules:
        raise TypeError(f"{type(component).__name__}: a submodule has no name")
    for name, (submodule, _) in module._named_submodules.items():
        if not isinstance(submodule, Component):
            raise TypeError(f"{type(component).__name__}.{name} is not a component")
        yield name, submodule


def _identity(component: Component) -> Hashable | None:
    """Return what decides the hardware of a component; None if that cannot be told.

    That is its class and all that its constructor has kept, which `elaborate` works from.
    """
    members = component.signature.members
    state = {
        key: value
        for key, value in vars(component).items()
        if key not in members and not key.startswith(("_MustUse", "_Component"))
    }
    try:
        return type(component), repr(component.signature), _frozen(state)
    except TypeError:
        return None


def _frozen(value: Any) -> Hashable:
    """Return plain data in a form that can be compared and hashed."""
    if value is None or isinstance(value, bool | int | float | str):
        return type(value), value
    if isinstance(value, Component):
        identity = _identity(value)
        if identity is not None:
            return identity
    if isinstance(value, Mapping):
        return tuple((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(_frozen(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return type(value), tuple(_frozen(getattr(value, field.name)) for field in fields)
    raise TypeError(f"{value!r} is not plain data")


def _name(blocks: list[Block], top: str) -> None:
    """Name modules after their classes, and after parameters where a class has several."""
    *inner, unit = blocks
    unit.name = top
    families: dict[str, list[Block]] = {}
    for block in inner:
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(block.component).__name__).lower()
        families.setdefault(word, []).append(block)
    for word, family in families.items():
        for block, suffix in zip(family, _distinguish(family), strict=True):
            block.name = "_".join((top, word, *suffix))


def _distinguish(family: list[Block]) -> list[tuple[str, ...]]:
    """Return words that tell modules of one class apart: the parameters in which they differ."""
    suffixes: list[tuple[str, ...]] = [()] * len(family)
    for key in vars(family[0].component):
        if len(set(suffixes)) == len(family):
            return suffixes
        words = [_word(getattr(block.component, key, None)) for block in family]
        if None in words:
            continue
        longer = [(*suffix, str(word)) for suffix, word in zip(suffixes, words, strict=True)]
        if len(set(longer)) > len(set(suffixes)):
            suffixes = longer
    totals, seen = Counter(suffixes), Counter[tuple[str, ...]]()
    for i, suffix in enumerate(suffixes):
        if totals[suffix] > 1:
            seen[suffix] += 1
            suffixes[i] = (*suffix, str(seen[suffix]))
    return suffixes


def _word(value: object) -> str | None:
    """Return a parameter as a piece of a name, if it can be one."""
    if isinstance(value, Format):
        value = value.name
    if isinstance(value, Value):  # a port: its width
        value = len(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value >= 0 else f"m{-value}"
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_]+", value) else None


def _convert(block: Block, driven: SignalSet, undriven: SignalDict) -> None:
    """Convert one component to RTLIL, its submodules being instances of modules of their own.

    Adds what its logic drives to `driven`, and what it reads without driving to `undriven`.
    """
    module = block.elaborated
    connected = SignalSet()
    for instance, child in block.children.items():
        submodule, src_loc = module._named_submodules[instance]
        connections: dict[str, Value] = {
            f"i_{port}": value
            for port, value in (("clk", ClockSignal()), ("rst", ResetSignal()))
            if child.has_input(port)
        }
        for port, flow, signal in _ports(submodule):
            # What comes out of an instance is named after it, what goes in keeps its own name.
            signal.name = "" if flow is In else f"{instance}_{port}"
            connections[f"{'i' if flow is In else 'o'}_{port}"] = signal
            connected.add(signal)
        module._named_submodules[instance] = (Instance(child.name, **connections), src_loc)
    ports: dict[str, tuple[Signal, PortDirection]] = {}
    for port, flow, signal in _ports(block.component):
        ports[port] = (signal, PortDirection.Input if flow is In else PortDirection.Output)
        connected.add(signal)

    fragment = Fragment.get(module, None)
    statements = [statement for group in fragment.statements.values() for statement in group]
    for statement in statements:
        connected.update(statement._lhs_signals())
    driven.update(connected)
    for statement in statements:
        for signal in statement._rhs_signals():
            if signal not in connected:
                undriven[signal] = type(block.component).__name__
    text = rtlil.convert(fragment, name=block.name, ports=ports, emit_src=False)
    # Amaranth numbers ports from 0, which Yosys takes for "no position" and puts last.
    block.rtlil = re.sub(r" (input|output) (\d+) ", lambda m: f" {m[1]} {int(m[2]) + 1} ", text)


def _ports(component: Any) -> Iterator[tuple[str, Flow, Signal]]:
    for path, member, value in component.signature.flatten(component):
        yield "__".join(map(str, path)), member.flow, cast(Signal, Value.cast(value))
