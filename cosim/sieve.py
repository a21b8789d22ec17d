"""Which faults in a unit nobody can see."""

from __future__ import annotations

from typing import Literal

from cosim.formal.circuit import Circuit, Signals, read_circuit
from cosim.formal.graph import FALSE, TRUE, Graph
from cosim.formal.sequential import can_ever_be
from cosim.formal.solver import solve
from cosim.mutants import SELECT, Mutants
from cosim.unit import Unit

__all__ = ["Finding", "Sieve"]

FEW_INPUTS = 12
"""Inputs of a comparison up to which trying everything is faster than starting a solver."""

Finding = Literal["equivalent", "different", "undecided"]


class Sieve:
    """Tells the faults that make no difference from those that do.

    Parameters
    ----------
    unit
        The unit.
    planted
        The unit with faults.
    name
        Name of the module.
    timeout
        Seconds for each question.
    """

    def __init__(self, unit: Unit, planted: Mutants, name: str, timeout: float) -> None:
        self._unit = unit
        self._bits = planted.select_bits
        self._timeout = timeout
        self._circuit: Circuit = read_circuit(planted.verilog, name, clock=unit.manifest["clock"])

    def finding(self, number: int) -> Finding:
        """Return whether a mutant can be told from the unit."""
        step = self._ask(number, is_shared=True)
        if step is False:
            return "equivalent"
        if not self._circuit.registers:
            return "undecided" if step is None else "different"
        latency = self._unit.latency
        if not self._unit.is_stateful:
            # Different states may still look alike; a pipeline forgets its state in its latency.
            window = self._ask(number, cycles=latency + 1)
            if window is not None:
                return "different" if window else "equivalent"
            return "undecided"
        # Not all states can come up. Those that can are left by a cycle and so on; and unit and
        # mutant, whatever they begin with, are in one of these some cycles after a reset.
        if self._ask(number, warm=latency, is_shared=True) is False:
            start = self._ask(number, cycles=latency + 2, from_reset=True)
            if start is False:
                return "equivalent"
        seen = self._ask(number, cycles=latency + 2, from_reset=True, is_visible=True)
        if not seen:
            seen = self._ask_forever(number)
        return "undecided" if seen is None else "different" if seen else "equivalent"

    def _ask_forever(self, number: int) -> bool | None:
        """Return whether a mutant can ever be seen to differ, from a reset in the first cycle on.

        Both begin with whatever their registers wake up with.
        """
        if self._unit.reset is None:
            return None
        graph, circuit = Graph(), self._circuit
        started = graph.input("started")
        inputs = circuit.free_inputs(graph)
        (reset,) = inputs[self._unit.reset]
        inputs[self._unit.reset] = [graph.either(started ^ 1, reset)]
        registers: list[tuple[int, int]] = [(started, TRUE)]
        outputs: list[Signals] = []
        for selected in (0, number):
            held = circuit.free_state(graph, f"{selected}.")
            first = circuit.free_state(graph, f"{selected}.first.")
            state = [graph.choose(started, *pair) for pair in zip(held, first, strict=True)]
            chosen = inputs | {SELECT: self._selected(selected)}
            placed, following = circuit.place(graph, chosen, state)
            outputs.append(placed)
            registers += zip(held, following, strict=True)
        wrong = graph.both(started, self._difference(graph, *outputs))
        return can_ever_be(graph, wrong, registers, self._timeout)

    def _ask(
        self,
        number: int,
        *,
        warm: int = 0,
        cycles: int = 1,
        is_shared: bool = False,
        from_reset: bool = False,
        is_visible: bool = False,
    ) -> bool | None:
        """Return whether a mutant can differ from the unit after some cycles.

        Parameters
        ----------
        number
            The mutant.
        warm
            Cycles of the unit alone, before.
        cycles
            Cycles of both; the last counts.
        is_shared
            Whether both begin in the same state, and the states that they end in count too.
        from_reset
            Whether the first of the cycles is a reset; all others count then, and the states that
            they end in.
        is_visible
            That states do not count.
        """
        graph = Graph()
        circuit = self._circuit
        state = circuit.free_state(graph)
        for cycle in range(warm):
            inputs = circuit.free_inputs(graph, f"warm {cycle}.")
            _, state = circuit.place(graph, inputs | {SELECT: self._selected(0)}, state)
        states = [state, state if is_shared else circuit.free_state(graph, "other.")]
        differences: list[int] = []
        for cycle in range(cycles):
            inputs = circuit.free_inputs(graph, f"{cycle}.")
            if from_reset and self._unit.reset:
                inputs[self._unit.reset] = [TRUE if cycle == 0 else FALSE]
            outputs: list[Signals] = []
            for which, selected in enumerate((0, number)):
                chosen = inputs | {SELECT: self._selected(selected)}
                placed, states[which] = circuit.place(graph, chosen, states[which])
                outputs.append(placed)
            differences.append(self._difference(graph, *outputs))
        counted = differences[1:] if from_reset else differences[-1:]
        if (is_shared or from_reset) and not is_visible:
            counted.append(graph.unequal(*states))
        return solve(graph, graph.any(counted), self._timeout, FEW_INPUTS).is_possible

    def _selected(self, number: int) -> list[int]:
        return [TRUE if number >> bit & 1 else FALSE for bit in range(self._bits)]

    def _difference(self, graph: Graph, ours: Signals, theirs: Signals) -> int:
        """Return whether outputs differ where anybody looks at them."""
        valid = self._unit.valid_out
        names = [port["name"] for port in self._unit.results]
        wrong = graph.any(graph.unequal(ours[name], theirs[name]) for name in names)
        return graph.either(
            graph.unequal(ours[valid], theirs[valid]), graph.both(ours[valid][0], wrong)
        )
