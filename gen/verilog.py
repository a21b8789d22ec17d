"""A netlist as Verilog-2005 that a person can read, in dataflow order, with few temporaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial, reduce

from gen.acyclic import split_loops
from gen.expressions import (
    Expression,
    atom,
    binary,
    choice,
    concatenation,
    constant,
    fill,
    layout,
    unary,
)
from gen.names import KEYWORDS
from gen.netlist import Control, Instance, Netlist, Operation, Source, slices
from gen.rtlil import Chunk, Constant, Module, Signal
from gen.wires import Wires, stem_of, unused

__all__ = ["write_modules"]

# Operators whose operands are numbers, not patterns of bits.
_NUMERIC = frozenset({"+", "-", "*", "<<", ">>", ">>>", "==", "!=", "<", "<=", ">", ">="})
# Longest expression that takes the place of a temporary.
_INLINE = 72

# An operator's result, or an instance's output, need not be used to its last bit.
_WAIVER_START = "    // verilator lint_off UNUSEDSIGNAL"
_WAIVER_END = "    // verilator lint_on UNUSEDSIGNAL"

_Node = str | int
"""A wire by its name, or an instance by its number."""


def write_modules(modules: Sequence[Module]) -> dict[str, list[str]]:
    """Return the lines of every module by its name."""
    by_name = {module.name: module for module in modules}
    # What is called the same inside a module as an instance of that module hides the instance:
    # an instance makes way for a port, other names inside make way for the instance.
    instances: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        taken: set[str] = {*KEYWORDS}
        for cell in module.cells:
            if cell.kind in by_name:
                ports = {port.name for port in by_name[cell.kind].ports()}
                cell.name = unused(stem_of(cell.name), taken | ports)
                taken.add(cell.name)
                instances[cell.kind].add(cell.name)
    lines: dict[str, list[str]] = {}
    for name, module in by_name.items():
        netlist = Netlist(module, by_name)
        split_loops(netlist)
        lines[name] = _Writer(netlist, instances[name]).lines()
    return lines


class _Writer:
    """Writes one netlist."""

    def __init__(self, netlist: Netlist, reserved: Set[str]) -> None:
        self._netlist = netlist
        self._wires = Wires(netlist, reserved)
        # Wires that are the last alternative of a choice.
        self._alternatives = {
            chunk.wire
            for parts in netlist.parts.values()
            for _, _, source in parts
            if isinstance(source, Operation) and source.operator == "?"
            for chunk in slices(source.operands[-1])
        }
        self._lines: list[str] = []
        self._declared: set[str] = set()
        self._inlined: dict[str, Expression] = {}
        self._visited: set[str | int] = set()

    def lines(self) -> list[str]:
        """Return the whole module."""
        netlist = self._netlist
        self._write_header()
        for control, wires in self._register_groups():
            self._separate()
            self._declare(wires)
            data = [netlist.registers[wire].data for wire in wires]
            self._write_before(*data, *control.sources)
            # A register of a later stage, where a state depends on it in a roundabout way.
            self._declare_sources(*data, *control.sources)
            self._write_registers(control, wires)
            self._separate()
        outputs = (port.name for port in netlist.ports if port.direction == "output")
        for wire in outputs:
            self._write_with_needs(netlist.drivers.get(wire, wire))
        for index in range(len(netlist.instances)):  # those of which no output is used
            self._write_with_needs(index)
        if not self._lines[-1]:
            self._lines.pop()
        self._lines.append("endmodule")
        return self._lines

    def _separate(self) -> None:
        """Leave a line empty, unless one is."""
        if self._lines[-1]:
            self._lines.append("")

    # Order: everything comes after what it is made from.

    def _needs(self, node: _Node) -> list[_Node]:
        """Return the wires and instances that a wire or an instance is made from."""
        netlist = self._netlist
        if isinstance(node, int):
            sources: Iterable[Source] = netlist.instances[node].inputs.values()
        elif node in netlist.registers:
            sources = (netlist.registers[node].data,)
        else:
            sources = (source for _, _, source in netlist.parts.get(node, ()))
        wires = (chunk.wire for source in sources for chunk in slices(source))
        return [netlist.drivers.get(wire, wire) for wire in wires]

    def _register_groups(self) -> list[tuple[Control, list[str]]]:
        """Return registers that are controlled alike together, pipeline stage by stage."""
        registers = self._netlist.registers
        stages: dict[_Node, int] = {}
        visited: set[_Node] = set()
        for wire in registers:
            for node in _postorder(wire, self._needs, visited):
                before = (stages.get(need, 0) for need in self._needs(node))
                stages[node] = max(before, default=0) + (node in registers)
        groups: dict[tuple[int, Control], list[str]] = defaultdict(list)
        for wire, register in registers.items():
            groups[stages[wire], register.control].append(wire)
        return [
            (control, wires)
            for (_, control), wires in sorted(groups.items(), key=lambda item: item[0][0])
        ]

    def _write_before(self, *sources: Source) -> None:
        """Write all that the sources read, as far as it is not written yet."""
        for source in sources:
            for chunk in slices(source):
                self._write_with_needs(self._netlist.drivers.get(chunk.wire, chunk.wire))

    def _write_with_needs(self, root: _Node) -> None:
        for node in _postorder(root, self._needs_of_logic, self._visited):
            if isinstance(node, int):
                self._write_instance(self._netlist.instances[node])
            elif node in self._netlist.parts:
                self._write_wire(node)

    def _needs_of_logic(self, node: _Node) -> list[_Node]:
        return [] if node in self._netlist.registers else self._needs(node)

    # What is written.

    def _write_header(self) -> None:
        ports = self._netlist.ports
        self._lines.append(f"module {self._netlist.name} (")
        for port in ports:
            kind = "reg" if port.name in self._netlist.registers else "wire"
            comma = "" if port is ports[-1] else ","
            line = f"    {port.direction} {kind} {self._range(port.name)}{port.name}{comma}"
            self._add_declaration([port.name], [line])
        self._lines.append(");")

    def _range(self, wire: str) -> str:
        width = self._wires.width(wire)
        return f"[{width - 1}:0] " if width > 1 else ""

    def _add_declaration(self, wires: Sequence[str], lines: list[str]) -> None:
        """Add the lines that declare wires; tell lint tools if not every bit is used."""
        self._declared.update(wires)
        if all(self._wires.is_used(wire) for wire in wires):
            self._lines += lines
            return
        if self._lines[-1] == _WAIVER_END:
            self._lines.pop()
        else:
            self._lines.append(_WAIVER_START)
        self._lines += [*lines, _WAIVER_END]

    def _declare(self, wires: Iterable[str]) -> None:
        """Declare wires that are not declared yet, like ones together."""
        groups: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for wire in dict.fromkeys(wires):
            if wire not in self._declared:
                kind = "reg" if wire in self._netlist.registers else "wire"
                groups[f"    {kind} {self._range(wire)}", self._wires.is_used(wire)].append(wire)
        for (start, _), group in groups.items():
            *names, last = (self._wires.name(wire) for wire in group)
            pieces = [*(f"{name}," for name in names), f"{last};"]
            self._add_declaration(group, fill(start, pieces, " " * 8))

    def _declare_sources(self, *sources: Source) -> None:
        """Declare what the sources read ahead of its assignment, as in a loop through a vector."""
        wires = (chunk.wire for source in sources for chunk in slices(source))
        self._declare(wire for wire in wires if wire not in self._inlined)

    def _write_wire(self, wire: str) -> None:
        parts = self._netlist.parts[wire]
        self._declare_sources(*(source for _, _, source in parts))
        expression = concatenation(
            [piece for _, _, source in parts for piece in self._pieces(source)]
        )
        if self._can_inline(wire, expression):
            self._inlined[wire] = expression
        elif wire in self._declared:
            self._lines += layout(f"    assign {self._wires.name(wire)} = ", expression)
        else:
            start = f"    wire {self._range(wire)}{self._wires.name(wire)} = "
            self._add_declaration([wire], layout(start, expression))

    def _can_inline(self, wire: str, expression: Expression) -> bool:
        """Return whether the expression may replace the wire: a temporary read once, as a whole."""
        if not wire.startswith("$") or wire in self._declared or self._wires.is_sliced(wire):
            return False
        sources = [source for _, _, source in self._netlist.parts[wire]]
        if any(isinstance(source, Operation) and source.stands_alone for source in sources):
            return False
        if self._wires.readers(wire) > 1:
            return expression.operator == "~" and expression.operands[0].rank == 0
        is_chained = expression.operator == "?" and wire in self._alternatives
        return is_chained or len(expression.text) <= _INLINE

    def _write_instance(self, instance: Instance) -> None:
        self._declare_sources(*instance.inputs.values())
        self._declare(instance.outputs.values())
        pins = [f".{port}({self._expression(s).text})" for port, s in instance.inputs.items()]
        pins += [f".{port}({self._wires.name(wire)})" for port, wire in instance.outputs.items()]
        start = f"    {instance.kind} {instance.name} ("
        *first, last = pins
        lines = fill(start, [*(f"{pin}," for pin in first), f"{last});"], " " * 8)
        if len(lines) > 3:  # too many to see at a glance: one a line
            lines = [start]
            for pin in pins:
                lines += layout("        ", atom(pin), "" if pin is last else ",")
            lines.append("    );")
        self._lines += lines

    def _write_registers(self, control: Control, wires: Sequence[str]) -> None:
        loads: list[str] = []
        resets: list[str] = []
        indent = " " * (12 if control.reset or control.enable else 8)
        for wire in wires:
            register, start = self._netlist.registers[wire], f"{indent}{self._wires.name(wire)} <= "
            loads += layout(start, self._expression(register.data))
            if register.reset_value:
                resets += layout(start, constant(register.reset_value.bits))
        clock, reset, enable = (self._expression(source).text for source in control.sources)
        if control.enable_first:
            reset = f"({enable}) && ({reset})"
        self._lines.append(f"    always @(posedge {clock}) begin")
        if reset:
            self._lines += [f"        if ({reset}) begin", *resets]
            self._lines.append(
                f"        end else if ({enable}) begin" if enable else "        end else begin"
            )
            self._lines += [*loads, "        end"]
        elif enable:
            self._lines += [f"        if ({enable}) begin", *loads, "        end"]
        else:
            self._lines += loads
        self._lines.append("    end")

    # Expressions.

    def _expression(self, source: Source) -> Expression:
        return concatenation(self._pieces(source)) if source else atom("")

    def _pieces(self, source: Source) -> list[Expression]:
        """Return what stands side by side in a source."""
        if isinstance(source, Operation):
            return [self._operation(source)]
        return [self._chunk(chunk) for chunk in source]

    def _chunk(self, chunk: Chunk) -> Expression:
        if isinstance(chunk, Constant):
            return constant(chunk.bits)
        if chunk.wire in self._inlined:
            return self._inlined[chunk.wire]
        name = self._wires.name(chunk.wire)
        if chunk.width == self._wires.width(chunk.wire):
            return atom(name)
        last = chunk.offset + chunk.width - 1
        return atom(f"{name}[{last}:{chunk.offset}]" if chunk.width > 1 else f"{name}[{last}]")

    def _operand(self, signal: Signal, *, is_number: bool) -> Expression:
        if is_number and len(signal) == 1 and isinstance(signal[0], Constant):
            return constant(signal[0].bits, is_number=True)
        return self._expression(signal)

    def _operation(self, operation: Operation) -> Expression:
        operator = operation.operator
        operands = [
            self._operand(signal, is_number=operator in _NUMERIC) for signal in operation.operands
        ]
        if operator == "?":
            *arms, result = operands
            for value, condition in zip(arms[-1::-2], arms[-2::-2], strict=True):
                result = choice(condition, value, result)
            return result
        if len(operands) == 1:
            return self._of_one_operand(operation)
        left, right = operands
        if operator == "==" and operation.operands[1] == (Constant("0"),):
            return unary("~", left)
        if operation.signed and operator == ">>>":
            # No wire is signed: what is signed only for the shift says so.
            shifted = binary(operator, atom(f"$signed({left.text})"), right)
            return atom(f"$unsigned({shifted.text})")
        if operation.signed:
            left, right = (atom(f"$signed({side.text})") for side in (left, right))
        return binary(operator, left, right)

    def _of_one_operand(self, operation: Operation) -> Expression:
        operator, (signal,) = operation.operator, operation.operands
        if operator in ("&", "|", "^") and all(chunk.width == 1 for chunk in signal):
            # A reduction of single bits: the binary operator between them.
            first, *rest = (self._chunk(chunk) for chunk in signal)
            return reduce(partial(binary, operator), rest, first)
        operand = self._expression(signal)
        return operand if operator == "+" else unary(operator, operand)


def _postorder(
    root: _Node, needs: Callable[[_Node], list[_Node]], visited: set[_Node]
) -> Iterator[_Node]:
    """Yield `root` and all it needs, each after its own needs except where they form a loop."""
    if root in visited:
        return
    visited.add(root)
    path = [(root, iter(needs(root)))]
    while path:
        node, rest = path[-1]
        for need in rest:
            if need not in visited:
                visited.add(need)
                path.append((need, iter(needs(need))))
                break
        else:
            path.pop()
            yield node
