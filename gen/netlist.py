"""A module ready to be written as Verilog: every operand as wide as its operator computes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gen.rtlil import Cell, Constant, Module, Signal, Slice, Wire, cut, joined, width_of

__all__ = ["Control", "Instance", "Netlist", "Operation", "Part", "Register", "Source", "slices"]

# Verilog extends and truncates operands silently, depending on what surrounds them. With explicit
# widths an expression means the same wherever it is put, so that it can stand in for the temporary
# it would otherwise be assigned to; and no lint tool has anything to say about it.

_UNARY = {"$not": "~", "$neg": "-", "$pos": "+"}
_REDUCTION = {"$reduce_and": "&", "$reduce_or": "|", "$reduce_bool": "|", "$reduce_xor": "^"}
_ARITHMETIC = {"$and": "&", "$or": "|", "$xor": "^", "$xnor": "~^", "$add": "+", "$sub": "-"}
_COMPARISON = {"$eq": "==", "$ne": "!=", "$lt": "<", "$le": "<=", "$gt": ">", "$ge": ">="}
_LOGIC = {"$logic_and": "&&", "$logic_or": "||"}
_SHIFT = {"$shl": "<<", "$sshl": "<<", "$shr": ">>", "$sshr": ">>", "$shift": ">>"}
_FLIP_FLOPS = ("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce")


@dataclass(frozen=True)
class Operation:
    """An operator and what it is applied to.

    Attributes
    ----------
    operator
        As in Verilog; ``?`` is a choice, whose operands are condition, value, condition, value,
        ..., otherwise.
    operands
        Signals of the width that the operator computes at.
    width
        Width of the result.
    signed
        Whether the operands are two's complement where that makes a difference.
    """

    operator: str
    operands: tuple[Signal, ...]
    width: int
    signed: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether it must be all of an assignment, as its meaning depends on what surrounds it.

        A product is as wide as what it is assigned to, and the arithmetic shift is one only among
        signed operands.
        """
        return self.operator in ("*", ">>>")


Source = Signal | Operation
Part = tuple[int, int, Source]
"""Offset and width of bits of a wire, and what drives them."""


def slices(source: Source) -> Iterator[Slice]:
    """Yield every slice of a wire that `source` reads."""
    for signal in source.operands if isinstance(source, Operation) else (source,):
        for chunk in signal:
            if isinstance(chunk, Slice):
                yield chunk


@dataclass(frozen=True)
class Control:
    """When registers are loaded and reset. Empty: never reset, always enabled."""

    clock: Signal
    reset: Source
    enable: Source
    enable_first: bool

    @property
    def sources(self) -> tuple[Source, Source, Source]:
        """All of them."""
        return self.clock, self.reset, self.enable


@dataclass(frozen=True)
class Register:
    """A flip-flop for every bit of a wire."""

    control: Control
    data: Signal
    reset_value: Constant | None


@dataclass(frozen=True)
class Instance:
    """An instance of another module; each output drives the whole of a wire."""

    kind: str
    name: str
    inputs: dict[str, Signal]
    outputs: dict[str, str]


class Netlist:
    """A module in which every wire has one kind of driver.

    Parameters
    ----------
    module
        The module, with neither processes nor memories.
    modules
        All modules by name, for the ports of instances.

    Attributes
    ----------
    name
        Name of the module.
    ports
        The wires that are ports, in order.
    wires
        All wires by name.
    parts
        For wires that logic drives: all their bits, the highest first.
    registers
        For wires that flip-flops drive.
    instances
        Instances.
    drivers
        For wires that instances drive: the index of the instance.
    """

    def __init__(self, module: Module, modules: Mapping[str, Module]) -> None:
        self.name = module.name
        self.ports = module.ports()
        self.wires = dict(module.wires)
        self.parts: dict[str, list[Part]] = defaultdict(list)
        self.registers: dict[str, Register] = {}
        self.instances: list[Instance] = []
        self.drivers: dict[str, int] = {}
        for left, right in module.connections:
            self._connect(left, right)
        for cell in module.cells:
            if not cell.kind.startswith("$"):
                self._add_instance(cell, modules[cell.kind])
            elif cell.kind in _FLIP_FLOPS:
                self._add_register(cell)
            elif cell.ports["Y"]:
                operation = _operation(cell)
                decided = _decided(operation)
                if decided is None:
                    self._add_operation(cell.ports["Y"], operation)
                else:
                    result = cell.ports["Y"]
                    self._connect(result, _resized(decided, width_of(result)))
        self.registers = {
            wire: self.registers[wire] for wire in self.wires if wire in self.registers
        }
        for wire, parts in self.parts.items():
            parts.sort(reverse=True, key=lambda part: part[0])
            if sum(width for _, width, _ in parts) != self.wires[wire].width:
                raise ValueError(f"{self.name}: not every bit of {wire} has one driver")

    def _connect(self, left: Signal, right: Signal) -> None:
        """Let `right` drive `left`, bit by bit."""
        offset = width_of(left)
        for chunk in left:
            assert isinstance(chunk, Slice)  # nothing drives a constant
            offset -= chunk.width
            source = cut(right, offset, chunk.width)
            self.parts[chunk.wire].append((chunk.offset, chunk.width, source))

    def _add_operation(self, result: Signal, operation: Operation) -> None:
        """Let `operation`, its upper bits cut off or filled up with zeros, drive `result`."""
        width = width_of(result)
        if width == operation.width and len(result) == 1 and isinstance(result[0], Slice):
            chunk = result[0]
            if self._whole(result) or not operation.stands_alone:
                self.parts[chunk.wire].append((chunk.offset, width, operation))
                return
        wire = self._new_wire(operation.width)
        self.parts[wire].append((0, operation.width, operation))
        self._connect(result, _resized((Slice(wire, 0, operation.width),), width))

    def _add_register(self, cell: Cell) -> None:
        if not cell.is_set("CLK_POLARITY"):
            raise ValueError(f"{self.name}: a register on the falling edge")
        data = cell.ports["D"]
        control = Control(
            clock=cell.ports["CLK"],
            reset=_active_high(cell, "SRST"),
            enable=_active_high(cell, "EN"),
            enable_first=cell.kind == "$sdffce",
        )
        width = width_of(data)
        wire = self._driven(cell.ports["Q"], width)
        reset_value = cell.constant("SRST_VALUE", width) if control.reset else None
        self.registers[wire] = Register(control, data, reset_value)

    def _add_instance(self, cell: Cell, kind: Module) -> None:
        inputs: dict[str, Signal] = {}
        outputs: dict[str, str] = {}
        for port in kind.ports():
            signal = cell.ports.get(port.name, ())
            if port.direction == "input":
                inputs[port.name] = signal
            else:
                wire = self._driven(signal, port.width, f"{cell.name}_{port.name}")
                self.drivers[wire] = len(self.instances)
                outputs[port.name] = wire
        self.instances.append(Instance(cell.kind, cell.name, inputs, outputs))

    def _driven(self, signal: Signal, width: int, name: str = "$") -> str:
        """Return a wire of `width` bits that, driven as a whole, drives `signal`."""
        wire = self._whole(signal)
        if wire is None:
            wire = self._new_wire(width, name)
            self._connect(signal, cut((Slice(wire, 0, width),), 0, width_of(signal)))
        return wire

    def _whole(self, signal: Signal) -> str | None:
        """Return the wire that `signal` is all of, if it is."""
        if len(signal) != 1 or not isinstance(signal[0], Slice):
            return None
        wire = self.wires[signal[0].wire]
        return wire.name if signal[0].width == wire.width else None

    def _new_wire(self, width: int, name: str = "$") -> str:
        while name in self.wires:
            name += "$"
        self.wires[name] = Wire(name, width)
        return name


def _operation(cell: Cell) -> Operation:
    """Return what an operator's cell computes, its operands extended or cut as need be."""
    if cell.kind in ("$mux", "$pmux"):
        return _choice(cell)
    if cell.kind in _SHIFT and not cell.is_set("B_SIGNED"):
        return _shift(cell)
    operation = _binary(cell) if "B" in cell.ports else _unary(cell)
    if operation is None:
        raise ValueError(f"no Verilog for {cell.kind} with parameters {cell.parameters}")
    return operation


def _choice(cell: Cell) -> Operation:
    selects, values, width = cell.ports["S"], cell.ports["B"], width_of(cell.ports["Y"])
    arms: list[Signal] = []
    for i in range(width_of(selects)):
        arms += [cut(selects, i, 1), cut(values, i * width, width)]
    return Operation("?", (*arms, cell.ports["A"]), width)


def _shift(cell: Cell) -> Operation:
    # A right shift brings down bits that the result has no room for.
    width = max(width_of(cell.ports["Y"]), width_of(cell.ports["A"]))
    signed = cell.is_set("A_SIGNED")
    shifted = _resized(cell.ports["A"], width, signed)
    arithmetic = cell.kind == "$sshr" and signed
    operator = ">>>" if arithmetic else _SHIFT[cell.kind]
    return Operation(operator, (shifted, cell.ports["B"]), width, arithmetic)


def _unary(cell: Cell) -> Operation | None:
    kind, operand, width = cell.kind, cell.ports["A"], width_of(cell.ports["Y"])
    if kind in _UNARY:
        return Operation(_UNARY[kind], (_resized(operand, width, cell.is_set("A_SIGNED")),), width)
    if kind in _REDUCTION:
        return Operation(_REDUCTION[kind], (operand,), 1)
    if kind == "$logic_not":
        return Operation("==", (operand, _zeros(width_of(operand))), 1)
    return None


def _binary(cell: Cell) -> Operation | None:
    kind, width = cell.kind, width_of(cell.ports["Y"])
    sides = cell.ports["A"], cell.ports["B"]
    wider = max(width_of(side) for side in sides)
    signed = cell.is_set("A_SIGNED") and cell.is_set("B_SIGNED")
    if kind in _LOGIC:
        return Operation(_LOGIC[kind], sides, 1)
    if kind == "$mul":
        factors = tuple(cut(side, 0, min(width, width_of(side))) for side in sides)
        return Operation("*", factors, width, signed)
    if kind in _COMPARISON:
        sides = tuple(_resized(side, wider, signed) for side in sides)
        return Operation(_COMPARISON[kind], sides, 1, signed and kind not in ("$eq", "$ne"))
    if kind in _ARITHMETIC:
        sides = tuple(_resized(side, width, signed) for side in sides)
        return Operation(_ARITHMETIC[kind], sides, width)
    return None


def _decided(operation: Operation) -> Signal | None:
    """Return the result of a comparison with the largest number there is, which Yosys leaves."""
    if operation.operator not in (">", "<=") or operation.signed:
        return None
    (chunk, *rest) = operation.operands[1]
    if rest or not isinstance(chunk, Constant) or "0" in chunk.bits:
        return None
    return (Constant("0" if operation.operator == ">" else "1"),)


def _zeros(width: int) -> Signal:
    return (Constant("0" * width),)


def _resized(signal: Signal, width: int, signed: bool = False) -> Signal:
    """Return `signal` cut, or extended by its sign or by zeros, to `width` bits."""
    missing = width - width_of(signal)
    if missing <= 0:
        return cut(signal, 0, width)
    if signed:
        return joined(cut(signal, width_of(signal) - 1, 1) * missing + signal)
    return joined(_zeros(missing) + signal)


def _active_high(cell: Cell, port: str) -> Source:
    """Return a control input of a flip-flop, complemented if it is active low."""
    signal = cell.ports.get(port, ())
    if not signal or cell.is_set(f"{port}_POLARITY"):
        return signal
    return Operation("~", (signal,), 1)
