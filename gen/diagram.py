"""Block diagrams: what a unit is made of and how data flow through it, as SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import takewhile

from gen.config import Config
from gen.emit import modules_of, unit_of
from gen.netlist import Netlist, Source, slices

__all__ = ["Block", "Dataflow", "Edge", "dataflow", "diagram"]

CLOCKING = ("clk", "rst", "in_valid", "out_valid")
"""Ports that say nothing about what is computed."""

# Pixels.
CHARACTER, BOX_HEIGHT, ROW, MARGIN, COLUMN_GAP = 7.2, 34, 52, 14, 64


@dataclass(frozen=True)
class Block:
    """A box: a port, or all instances of one module that stand in the same place.

    Attributes
    ----------
    name
        Name of the port or of the instances; ``logic`` is what the unit computes outside of them.
    count
        How many instances.
    summary
        What it is, in a line; empty for ports.
    """

    name: str
    count: int = 1
    summary: str = ""

    @property
    def title(self) -> str:
        """What is written into the box."""
        return self.name if self.count == 1 else f"{self.name} x {self.count}"


@dataclass(frozen=True)
class Edge:
    """Data that go from one block to another.

    Attributes
    ----------
    source, target
        Positions among the blocks.
    registers
        The most registers on a way between them.
    """

    source: int
    target: int
    registers: int


@dataclass(frozen=True)
class Dataflow:
    """Blocks in columns, every one to the right of those that it gets its data from.

    Attributes
    ----------
    blocks
        The boxes: inputs first, outputs last.
    columns
        Positions of the blocks, column by column.
    edges
        What flows where, but for data that a longer way also takes there.
    feedback
        What flows back, through registers.
    """

    blocks: tuple[Block, ...]
    columns: tuple[tuple[int, ...], ...]
    edges: tuple[Edge, ...]
    feedback: tuple[Edge, ...]


def diagram(config: Config) -> str:
    """Return the block diagram of a config, SVG.

    Raises
    ------
    ConfigError
        If the parameters make no hardware.
    ToolError
        If Yosys fails.
    """
    return _drawn(dataflow(config), config.name)


def dataflow(config: Config) -> Dataflow:
    """Return the blocks of a config's top level and what flows between them."""
    summaries, modules = modules_of(unit_of(config), config.name)
    netlist = Netlist(modules[config.name], modules)
    nodes = _nodes(netlist)
    sources = _Sources(netlist)
    ends = {
        **{("in", wire.name): {} for wire in netlist.ports if wire.direction == "input"},
        **{
            ("instance", str(index)): sources.of_all(instance.inputs.values())
            for index, instance in enumerate(netlist.instances)
        },
        **{
            ("out", wire.name): sources.of_wire(wire.name)
            for wire in netlist.ports
            if wire.direction == "output"
        },
    }
    # Instances that are alike and fed alike are one box.
    groups: dict[tuple[object, ...], list[tuple[str, str]]] = defaultdict(list)
    for node in nodes:
        if node[0] == "instance":
            kind = netlist.instances[int(node[1])].kind
            feeders = frozenset(
                netlist.instances[int(name)].kind if where == "instance" else name
                for where, name in ends[node]
            )
            groups["instance", kind, feeders if len(feeders) > 1 else None].append(node)
        else:
            groups[node].append(node)
    position = {node: number for number, group in enumerate(groups.values()) for node in group}
    blocks = tuple(_block(group, netlist, summaries) for group in groups.values())
    flows: dict[tuple[int, int], int] = {}
    for node, feeders in ends.items():
        for feeder, registers in feeders.items():
            if node in position and feeder in position:
                key = position[feeder], position[node]
                flows[key] = max(registers, flows.get(key, 0))
    edges = [Edge(*ends_, registers) for ends_, registers in flows.items()]
    reachable = _reachable(len(blocks), edges)
    # What goes round through a register: an accumulator.
    back = [edge for edge in edges if edge.registers and edge.source in reachable[edge.target]]
    onward = [edge for edge in edges if edge not in back]
    # Data that also take a longer way say nothing new.
    reachable = _reachable(len(blocks), onward)
    neighbours: dict[int, set[int]] = defaultdict(set)
    for edge in onward:
        neighbours[edge.source].add(edge.target)
    direct = [
        edge
        for edge in onward
        if not any(edge.target in reachable[one] for one in neighbours[edge.source])
    ]
    outputs = [position[node] for node in nodes if node[0] == "out"]
    columns = _columns(len(blocks), onward, outputs)
    return Dataflow(blocks, columns, tuple(direct), tuple(back))


def _nodes(netlist: Netlist) -> list[tuple[str, str]]:
    ports = [wire for wire in netlist.ports if wire.name not in CLOCKING]
    return [
        *(("in", wire.name) for wire in ports if wire.direction == "input"),
        *(("instance", str(index)) for index in range(len(netlist.instances))),
        *(("out", wire.name) for wire in ports if wire.direction == "output"),
    ]


def _block(
    group: Sequence[tuple[str, str]], netlist: Netlist, summaries: Mapping[str, str]
) -> Block:
    where, name = group[0]
    if where != "instance":
        return Block(name)
    instances = [netlist.instances[int(index)] for _, index in group]
    names = [instance.name for instance in instances]
    name = names[0]
    if len(names) > 1:
        alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
        name = "".join(letters[0] for letters in alike).rstrip("_0123456789")
    return Block(name, len(group), summaries[instances[0].kind])


class _Sources:
    """Where the data of a wire come from: the blocks before it, and the registers on the way."""

    def __init__(self, netlist: Netlist) -> None:
        self._netlist = netlist
        self._known: dict[str, dict[tuple[str, str], int]] = {}
        self._inputs = {wire.name for wire in netlist.ports if wire.direction == "input"}

    def of_wire(self, wire: str) -> dict[tuple[str, str], int]:
        """Return blocks with the most registers between them and a wire."""
        if wire in self._known:
            return self._known[wire]
        self._known[wire] = found = {}  # a loop ends here
        if wire in self._inputs:
            found["in", wire] = 0
        elif wire in self._netlist.drivers:
            found["instance", str(self._netlist.drivers[wire])] = 0
        elif wire in self._netlist.registers:
            register = self._netlist.registers[wire]
            for feeder, registers in self.of_all([register.data]).items():
                found[feeder] = registers + 1
        else:
            for _, _, source in self._netlist.parts.get(wire, ()):
                _merge(found, self._of_source(source))
        return found

    def of_all(self, signals: Iterable[Source]) -> dict[tuple[str, str], int]:
        """Return the same for all wires that signals or operations read."""
        found: dict[tuple[str, str], int] = {}
        for signal in signals:
            _merge(found, self._of_source(signal))
        return found

    def _of_source(self, source: Source) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for piece in slices(source):
            _merge(found, self.of_wire(piece.wire))
        return found


def _merge(into: dict[tuple[str, str], int], more: Mapping[tuple[str, str], int]) -> None:
    for node, registers in more.items():
        into[node] = max(registers, into.get(node, 0))


def _reachable(count: int, edges: Sequence[Edge]) -> list[set[int]]:
    """Return what every block leads to."""
    targets: list[set[int]] = [set() for _ in range(count)]
    for edge in edges:
        targets[edge.source].add(edge.target)
    found: list[set[int]] = []
    for block in range(count):
        seen: set[int] = set()
        waiting = list(targets[block])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += targets[one]
        found.append(seen)
    return found


def _columns(
    count: int, edges: Sequence[Edge], outputs: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Put every block one column behind the last of those that feed it, outputs last."""
    feeders: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        feeders[edge.target].append(edge.source)
    column = [0] * count
    for _ in range(count):  # no way is longer
        for block, before in feeders.items():
            column[block] = max(column[one] + 1 for one in before)
    last = max(column, default=0)
    for block in outputs:
        column[block] = last
    return tuple(
        tuple(block for block in range(count) if column[block] == number)
        for number in range(last + 1)
    )


def _drawn(flow: Dataflow, title: str) -> str:
    widths = [
        max((len(flow.blocks[block].title) for block in column), default=1) * CHARACTER + 20
        for column in flow.columns
    ]
    tallest = max(len(column) for column in flow.columns)
    bottom = tallest * ROW + MARGIN
    height = bottom + MARGIN + (20 if flow.feedback else 0)
    place: dict[int, tuple[float, float, float]] = {}
    left = float(MARGIN)
    for column, width in zip(flow.columns, widths, strict=True):
        top = MARGIN + (tallest - len(column)) * ROW / 2
        for row, block in enumerate(column):
            place[block] = left, top + row * ROW + (ROW - BOX_HEIGHT) / 2, width
        left += width + COLUMN_GAP
    total = left - COLUMN_GAP + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {height:.0f}" '
        f'width="{total:.0f}" height="{height:.0f}" font-family="monospace" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
        f'<rect width="{total:.0f}" height="{height:.0f}" fill="#fff"/>',
    ]
    for edge in flow.edges:
        lines += _arrow(place[edge.source], place[edge.target], edge.registers)
    for edge in flow.feedback:
        lines += _loop(place[edge.source], place[edge.target], edge.registers, bottom + 10)
    for number, block in enumerate(flow.blocks):
        lines += _box(block, *place[number])
    return "\n".join([*lines, "</svg>", ""])


def _box(block: Block, left: float, top: float, width: float) -> Iterator[str]:
    is_port = not block.summary
    style = 'fill="#eef3fb" stroke="#7a93b8"' if is_port else 'fill="#fff7e0" stroke="#a08030"'
    yield f"<g><title>{escape(block.summary or block.name)}</title>"
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{BOX_HEIGHT}" '
        f'rx="{BOX_HEIGHT / 2 if is_port else 4}" {style}/>'
    )
    yield (
        f'<text x="{left + width / 2:.1f}" y="{top + BOX_HEIGHT / 2 + 4:.1f}" '
        f'text-anchor="middle">{escape(block.title)}</text></g>'
    )


def _arrow(
    source: tuple[float, float, float], target: tuple[float, float, float], registers: int
) -> Iterator[str]:
    begin = source[0] + source[2], source[1] + BOX_HEIGHT / 2
    end = target[0], target[1] + BOX_HEIGHT / 2
    bend = COLUMN_GAP / 2
    yield _line(
        f"M{begin[0]:.1f} {begin[1]:.1f}C{begin[0] + bend:.1f} {begin[1]:.1f} "
        f"{end[0] - bend:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    )
    yield from _bars(begin[0] + 10, begin[1], registers)


def _loop(
    source: tuple[float, float, float],
    target: tuple[float, float, float],
    registers: int,
    below: float,
) -> Iterator[str]:
    """Yield an arrow that goes back, around what is between."""
    begin, end = source[0] + source[2] / 2, target[0] + target[2] / 2
    yield _line(
        f"M{begin:.1f} {source[1] + BOX_HEIGHT:.1f}V{below:.1f}H{end:.1f}"
        f"V{target[1] + BOX_HEIGHT:.1f}"
    )
    yield from _bars(begin - 16, below, registers)


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#555" marker-end="url(#tip)"/>'


def _bars(left: float, middle: float, registers: int) -> Iterator[str]:
    """Yield bars across a line, as many as there are registers in it, up to eight."""
    for number in range(min(registers, 8)):
        yield (
            f'<path d="M{left + 5 * number:.1f} {middle - 6:.1f}v12" stroke="#b02020" '
            f'stroke-width="2"><title>registers: {registers}</title></path>'
        )
