"""Splitting vectors that are made from themselves, bit after bit, into wires without a loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from gen.netlist import Netlist, Operation, Part, Source, slices
from gen.rtlil import Chunk, Signal, Slice, Wire, cut, joined

__all__ = ["split_loops"]

# A carry chain may live in one vector: bit 3 is made from bit 2. That is no loop of gates, but one
# of names, and tools that look at whole vectors take it for a loop: Verilator warns, and simulates
# it until it settles, as soon as it may not take the vector apart (as with `--public-flat-rw`,
# which cocotb's runner always asks for).


_BITWISE = ("&", "|", "^", "~^", "~", "?")

_Piece = tuple[int, int]
"""Offset and width of the bits of a vector that become a wire of their own."""


def split_loops(netlist: Netlist) -> None:
    """Split vectors of a netlist until no wire or instance depends on itself."""
    for pieces_of in (_parts, _bits):
        loops = _loops(netlist)
        if not loops:
            return
        split = {wire: pieces for wire in loops if len(pieces := pieces_of(netlist, wire)) > 1}
        _replace(netlist, split)


def _parts(netlist: Netlist, wire: str) -> list[_Piece]:
    """Return what drives a wire, piece by piece."""
    return [(offset, width) for offset, width, _ in netlist.parts.get(wire, ())]


def _bits(netlist: Netlist, wire: str) -> list[_Piece]:
    """Return single bits wherever one bit of the result does not depend on its neighbours."""
    pieces: list[_Piece] = []
    for offset, width, source in netlist.parts.get(wire, ()):
        is_bitwise = not isinstance(source, Operation) or source.operator in _BITWISE
        size = 1 if is_bitwise else width
        pieces += [(low, size) for low in reversed(range(offset, offset + width, size))]
    return pieces


def _loops(netlist: Netlist) -> list[str]:
    """Return the wires that are made from themselves, registers aside."""
    targets: dict[str | int, list[str | int]] = defaultdict(list)
    for wire, parts in netlist.parts.items():
        for _, _, source in parts:
            for piece in slices(source):
                targets[piece.wire].append(wire)
    for number, instance in enumerate(netlist.instances):
        for signal in instance.inputs.values():
            for piece in slices(signal):
                targets[piece.wire].append(number)
        targets[number] += instance.outputs.values()
    return [
        node
        for component in _strongly_connected(targets)
        if len(component) > 1 or component[0] in targets[component[0]]
        for node in component
        if isinstance(node, str) and node in netlist.parts and netlist.wires[node].width > 1
    ]


def _strongly_connected(
    targets: dict[str | int, list[str | int]],
) -> Iterator[list[str | int]]:
    """Yield groups of nodes that all lead to each other (Tarjan's algorithm)."""
    number: dict[str | int, int] = {}
    lowest: dict[str | int, int] = {}
    stack: list[str | int] = []
    for root in list(targets):
        if root in number:
            continue
        path = [(root, iter(targets[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        while path:
            node, rest = path[-1]
            for target in rest:
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    stack.append(target)
                    path.append((target, iter(targets.get(target, ()))))
                    break
                lowest[node] = min(lowest[node], number[target])
            else:
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[node])
                if lowest[node] == number[node]:
                    position = stack.index(node)
                    component, stack[position:] = stack[position:], []
                    for one in component:
                        # What is done with must not be taken for a way back.
                        number[one] = lowest[one] = 1 << 60
                    yield component


def _replace(netlist: Netlist, split: dict[str, list[_Piece]]) -> None:
    """Put one wire in the place of every piece, wherever a split wire is driven or read."""
    ports = {port.name for port in netlist.ports}
    names: dict[str, dict[_Piece, str]] = {}
    parts: dict[str, list[Part]] = {}
    for wire, pieces in split.items():
        names[wire] = {
            (offset, width): _new_wire(netlist, f"{wire}_{offset}", width)
            for offset, width in pieces
        }
        for (offset, width), name in names[wire].items():
            source = next(
                _part_of(source, offset - low, width)
                for low, size, source in netlist.parts[wire]
                if low <= offset < low + size
            )
            parts[name] = [(0, width, source)]
        if wire in ports:
            whole = tuple(Slice(name, 0, width) for (_, width), name in names[wire].items())
            parts[wire] = [(0, netlist.wires[wire].width, whole)]
    for wire in split:
        del netlist.parts[wire]
        if wire not in ports:
            del netlist.wires[wire]
    netlist.parts.update(parts)

    def renamed(signal: Signal) -> Signal:
        chunks: list[Chunk] = []
        for chunk in signal:
            if isinstance(chunk, Slice) and chunk.wire in names:
                chunks += _slices_of(chunk, names[chunk.wire])
            else:
                chunks.append(chunk)
        return joined(tuple(chunks))

    _rewrite(netlist, renamed)


def _new_wire(netlist: Netlist, name: str, width: int) -> str:
    while name in netlist.wires:
        name += "$"
    netlist.wires[name] = Wire(name, width)
    return name


def _part_of(source: Source, offset: int, width: int) -> Source:
    """Return bits of what drives a wire."""
    if not isinstance(source, Operation):
        return cut(source, offset, width)
    if (offset, width) == (0, source.width):
        return source
    if source.operator == "?":
        # Conditions stay, between the values.
        operands = tuple(
            operand
            if index % 2 == 0 and index < len(source.operands) - 1
            else cut(operand, offset, width)
            for index, operand in enumerate(source.operands)
        )
    else:
        operands = tuple(cut(operand, offset, width) for operand in source.operands)
    return replace(source, operands=operands, width=width)


def _slices_of(chunk: Slice, names: dict[_Piece, str]) -> Iterator[Slice]:
    """Yield the wires that some bits of a split wire have become, the highest first."""
    top = chunk.offset + chunk.width
    for (offset, width), name in sorted(names.items(), reverse=True):
        low, high = max(offset, chunk.offset), min(offset + width, top)
        if low < high:
            yield Slice(name, low - offset, high - low)


def _rewrite(netlist: Netlist, renamed: Callable[[Signal], Signal]) -> None:
    """Apply a function to every signal that is read."""

    def source_of(source: Source) -> Source:
        if isinstance(source, Operation):
            return replace(source, operands=tuple(map(renamed, source.operands)))
        return renamed(source)

    for parts in netlist.parts.values():
        parts[:] = [(offset, width, source_of(source)) for offset, width, source in parts]
    for wire, register in netlist.registers.items():
        control = replace(
            register.control,
            clock=renamed(register.control.clock),
            reset=source_of(register.control.reset),
            enable=source_of(register.control.enable),
        )
        netlist.registers[wire] = replace(register, data=renamed(register.data), control=control)
    netlist.instances[:] = [
        replace(
            instance,
            inputs={port: renamed(signal) for port, signal in instance.inputs.items()},
        )
        for instance in netlist.instances
    ]
