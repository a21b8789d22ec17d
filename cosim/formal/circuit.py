"""Verilog as a graph: one time step of a circuit, which can be put together with others."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim.formal.graph import FALSE, Graph
from gen import yosys

__all__ = ["Circuit", "Signals", "read_circuit"]

Signals = dict[str, list[int]]
"""Literals by port or register, the lowest bit first."""

# No cell may assume how registers power up: their first state is free. Without `-noff`, Yosys would
# put x where it has proven that a register is not loaded.
_BIT_LEVEL = """\
flatten
setattr -unset init w:*
opt -full -noff
techmap
opt -fast -noff
dfflegalize -cell $_DFF_P_ x
delete */t:$scopeinfo
aigmap
clean -purge
write_aiger -ascii -symbols circuit.aag
"""


@dataclass(frozen=True)
class Circuit:
    """One time step: from inputs and state to outputs and next state.

    Attributes
    ----------
    inputs, outputs
        Names of the ports and their widths; there is no clock among them.
    registers
        Number of state bits.
    """

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    registers: int
    _sources: Sequence[int]
    _gates: Sequence[tuple[int, int, int]]
    _results: Mapping[str, Sequence[int]]
    _next_state: Sequence[int]

    def place(
        self, graph: Graph, inputs: Mapping[str, Sequence[int]], state: Sequence[int] = ()
    ) -> tuple[Signals, list[int]]:
        """Put a copy of the circuit into a graph.

        Parameters
        ----------
        graph
            Where to.
        inputs
            Literals for every input.
        state
            Literals for every state bit.

        Returns
        -------
        dict
            Literals of the outputs.
        list of int
            Literals of the next state.
        """
        literal = {0: FALSE}
        flat = [bit for name in self.inputs for bit in inputs[name]]
        literal |= dict(zip(self._sources, [*flat, *state], strict=True))
        for gate, left, right in self._gates:
            literal[gate] = graph.both(
                literal[left // 2] ^ left % 2, literal[right // 2] ^ right % 2
            )

        def placed(bits: Sequence[int]) -> list[int]:
            return [literal[bit // 2] ^ bit % 2 for bit in bits]

        results = {name: placed(bits) for name, bits in self._results.items()}
        return results, placed(self._next_state)

    def free_inputs(self, graph: Graph, label: str = "") -> Signals:
        """Return fresh inputs of a graph for all inputs, named ``label`` + ``port[bit]``.

        Bits of equal weight come together: the order in which decision diagrams of sums are small.
        """
        inputs: Signals = {name: [] for name in self.inputs}
        for bit in range(max(self.inputs.values())):
            for name, width in self.inputs.items():
                if bit < width:
                    inputs[name].append(graph.input(f"{label}{name}[{bit}]"))
        return inputs

    def free_state(self, graph: Graph, label: str = "") -> list[int]:
        """Return fresh inputs of a graph for all state bits."""
        return [graph.input(f"{label}state[{bit}]") for bit in range(self.registers)]


def read_circuit(
    verilog: str, top: str, *, clock: str | None = None, prepare: Iterable[str] = ()
) -> Circuit:
    """Return a module as a circuit.

    Parameters
    ----------
    verilog
        Text of the module and those below it.
    top
        Name of the module.
    clock
        Name of its clock, which is taken out.
    prepare
        Yosys commands to run on the flattened module first.

    Raises
    ------
    ToolError
        If Yosys does not accept it.
    """
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        (Path(directory) / "circuit.v").write_text(verilog)
        read = ["read_verilog circuit.v", f"hierarchy -check -top {top}", "proc", "flatten"]
        yosys.run("\n".join([*read, *prepare, _BIT_LEVEL]), cwd=Path(directory))
        return _parse((Path(directory) / "circuit.aag").read_text(), clock)


def _parse(text: str, clock: str | None) -> Circuit:
    lines = iter(text.splitlines())
    counts = next(lines).split()[2:6]

    def numbers(count: str) -> list[list[int]]:
        return [[int(word) for word in next(lines).split()] for _ in range(int(count))]

    input_rows, latch_rows, output_rows, gate_rows = map(numbers, counts)
    sources = [row[0] // 2 for row in input_rows]
    results = [row[0] for row in output_rows]
    input_bits: list[tuple[str, int]] = []
    output_bits: list[tuple[str, int]] = []
    for line in lines:
        match = re.fullmatch(r"([iol])(\d+) (.*)", line)
        if match is None:
            break  # the comment
        if match[1] == "i":
            input_bits.append((match[3], sources[int(match[2])]))
        elif match[1] == "o":
            output_bits.append((match[3], results[int(match[2])]))
    inputs, outputs = _by_port(input_bits), _by_port(output_bits)
    inputs.pop(clock or "", None)
    return Circuit(
        inputs={name: len(bits) for name, bits in inputs.items()},
        outputs={name: len(bits) for name, bits in outputs.items()},
        registers=len(latch_rows),
        _sources=[
            *(bit for bits in inputs.values() for bit in bits),
            *(row[0] // 2 for row in latch_rows),
        ],
        _gates=[(row[0] // 2, row[1], row[2]) for row in gate_rows],
        _results=outputs,
        _next_state=[row[1] for row in latch_rows],
    )


def _by_port(bits: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """Collect the bits of each port, which are called ``name[bit]`` unless there is only one."""
    ports: dict[str, dict[int, int]] = {}
    for name, value in bits:
        match = re.fullmatch(r"(.*)\[(\d+)\]", name)
        port, index = (match[1], int(match[2])) if match else (name, 0)
        ports.setdefault(port, {})[index] = value
    return {port: [found[index] for index in sorted(found)] for port, found in ports.items()}
