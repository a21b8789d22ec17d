"""A mapped netlist as Verilog, with the cells that it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gen.errors import ConfigError
from synth.cells import Cell
from synth.libraries import Library
from synth.netlist import Netlist

__all__ = ["cell_verilog", "netlist_verilog"]


def netlist_verilog(netlist: Netlist, library: Library) -> str:
    """Return a netlist as a Verilog module of one-bit cells, and after it a module for each cell.

    The cells do what the library's functions say, without delays. The same netlist and library
    give the same text.

    Raises
    ------
    ConfigError
        If the library does not say what one of the cells does.
    """
    inputs, outputs = _ports(netlist.inputs), _ports([*netlist.outputs, *netlist.tied])
    heads = [
        f"{direction} [{bits - 1}:0] {port}"
        for direction, ports in (("input", inputs), ("output", outputs))
        for port, bits in ports.items()
    ]
    lines = [f"module {netlist.name} (", *_listed(heads), ");"]
    driven = {net: _bit(pin) for pin, net in netlist.inputs.items()}
    lines += [f"    wire {_net(net)};" for net in range(netlist.net_count)]
    lines += [f"    assign {_net(net)} = {pin};" for net, pin in driven.items()]
    for instance in netlist.instances:
        pins = {pin: _net(net) for pin, net in instance.nets.items()}
        pins |= {pin: f"1'b{value}" for pin, value in instance.tied.items()}
        order = [pin for pin in library.cells[instance.cell].pins if pin in pins]
        connections = ", ".join(f".{pin}({pins[pin]})" for pin in order)
        lines.append(f"    {instance.cell} {_identifier(instance.name)} ({connections});")
    lines += [f"    assign {_bit(pin)} = {_net(net)};" for pin, net in netlist.outputs.items()]
    lines += [f"    assign {_bit(pin)} = 1'b{value};" for pin, value in netlist.tied.items()]
    lines += ["endmodule", ""]
    cells = sorted({instance.cell for instance in netlist.instances})
    return "\n".join(lines) + "".join("\n" + cell_verilog(library.cells[name]) for name in cells)


def cell_verilog(cell: Cell) -> str:
    """Return a cell as a Verilog module that does what its functions in the library say.

    Raises
    ------
    ConfigError
        If they do not say it: a latch, asynchronous set or reset, a tristate.
    """
    heads = [
        *(f"input {pin}" for pin in cell.inputs),
        *(f"output {pin}" for pin in cell.outputs),
    ]
    lines = [f"module {cell.name} (", *_listed(heads), ");"]
    register = cell.register
    if register is not None:
        edge = "negedge" if register.is_falling else "posedge"
        # The clock is an input of the cell, and no input of what it takes over.
        data = _expression(register.next_state, cell.inputs)
        lines += ["    reg state;", f"    always @({edge} {register.clock}) state <= {data};"]
    for name in cell.outputs:
        pin = cell.pins[name]
        if pin.function is not None:
            value = _expression(pin.function, cell.inputs)
        elif register is not None and pin.state:
            value = "state" if pin.state == "state" else "~state"
        else:
            raise ConfigError(
                f"{cell.name}: cannot simulate this cell: the library gives no function of its "
                f"inputs for {name}, and no flip-flop with one clock edge"
            )
        lines.append(f"    assign {name} = {value};")
    return "\n".join([*lines, "endmodule", ""])


def _expression(table: int, inputs: Sequence[str]) -> str:
    """Return an expression for a truth table, in which input ``k`` is bit ``k`` of the index."""
    if not inputs:
        return f"1'b{table & 1}"
    *rest, last = inputs
    half = 1 << len(rest)
    ones = (1 << half) - 1
    low, high = table & ones, table >> half & ones
    if low == high:
        return _expression(low, rest)
    if (low, high) in ((0, ones), (ones, 0)):
        return last if high else f"~{last}"
    if low == ones ^ high:
        return f"({last} ^ {_expression(low, rest)})"
    if low == 0:
        return f"({last} & {_expression(high, rest)})"
    if high == 0:
        return f"(~{last} & {_expression(low, rest)})"
    if low == ones:
        return f"(~{last} | {_expression(high, rest)})"
    if high == ones:
        return f"({last} | {_expression(low, rest)})"
    return f"({last} ? {_expression(high, rest)} : {_expression(low, rest)})"


def _ports(pins: Iterable[str]) -> Mapping[str, int]:
    """Return the ports that pins ``data[3]`` and ``valid`` belong to, and their widths."""
    widths: dict[str, int] = {}
    for pin in pins:
        port, index = _split(pin)
        widths[port] = max(widths.get(port, 0), index + 1)
    return widths


def _split(pin: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*)\[(\d+)\]", pin)
    return (match[1], int(match[2])) if match else (pin, 0)


def _bit(pin: str) -> str:
    port, index = _split(pin)
    return f"{port}[{index}]"


def _net(number: int) -> str:
    return f"n{number}"


def _identifier(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"\\{name} "


def _listed(items: Sequence[str]) -> Iterator[str]:
    for index, item in enumerate(items):
        yield f"    {item}" + ("," if index < len(items) - 1 else "")
