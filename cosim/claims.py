"""What must never be, if a unit is right: comparisons of circuits, as literals of graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cosim.formal.circuit import Circuit, Signals, read_circuit
from cosim.formal.graph import FALSE, TRUE, Graph
from cosim.formal.reference import ACCUMULATOR
from cosim.unit import Unit
from gen.config import Config, make_config
from gen.emit import Artifact, generate

__all__ = ["Claim", "claims_against", "consistency_claims"]


@dataclass(frozen=True)
class Claim:
    """Something of which nothing must ever be: `violations`, over the inputs of so many cycles.

    Each violation has fewer inputs than all together where results come from operands of their own,
    as the elements of a matrix do.

    Attributes
    ----------
    text
        What is claimed, for people.
    graph, violations
        Literals that must never be true.
    cycles
        How many cycles there are inputs of.
    split
        Prefix of the inputs of which a product becomes a sum once they are fixed; None for none.
    """

    text: str
    graph: Graph
    violations: list[int]
    cycles: int
    split: str | None = None

    def split_of(self, violation: int) -> list[str]:
        """Return the inputs of a violation that it is worth to look at value by value."""
        if self.split is None:
            return []
        graph = self.graph
        names = [graph.inputs[node] for node in graph.cone(violation) if node in graph.inputs]
        return [name for name in names if name.startswith(self.split)]


def claims_against(config: Config, unit: Unit, source: str, reference: Circuit) -> Iterator[Claim]:
    """Yield that a unit answers as its description does, a pipeline in two steps.

    Parameters
    ----------
    config, unit
        The unit.
    source
        Its Verilog.
    reference
        The description.
    """
    circuit = read_circuit(source, config.name, clock=unit.manifest["clock"])
    if unit.latency == 0 or unit.is_stateful:
        yield _claim("Verilog = reference", unit, circuit, reference)
        return
    flat_config = make_config(config.unit, {**config.given(), "stages": 0}, config.name)
    flat = read_circuit(generate(flat_config).verilog, config.name)
    yield _claim("pipelined = combinational", unit, circuit, flat)
    model = Unit(generate(flat_config).manifest, unit.params, unit.model)
    yield _claim("combinational = reference", model, flat, reference)


def consistency_claims(config: Config, unit: Unit, source: str) -> Iterator[Claim]:
    """Yield that the unit does the same with and without registers, however it is built.

    Parameters as for `claims_against`.
    """

    def built(**changes: Any) -> Artifact:
        return generate(make_config(config.unit, {**config.given(), **changes}, config.name))

    circuit = read_circuit(source, config.name, clock=unit.manifest["clock"])
    if unit.is_stateful:
        for objective in _other_objectives(config):
            other = read_circuit(
                built(objective=objective).verilog, config.name, clock=unit.manifest["clock"]
            )
            # Registers come in the order of the Verilog; if they are not the same ones, the solver
            # finds a state that tells the two apart, which then proves nothing.
            if other.registers == circuit.registers:
                yield _twin_claim(f"Verilog = unit built for {objective}", unit, circuit, other)
        return
    flat = unit
    if unit.latency:
        artifact = built(stages=0)
        flat = Unit(artifact.manifest, unit.params, unit.model)
        if flat.latency:
            return  # there is no such unit without registers
        combinational = read_circuit(artifact.verilog, config.name)
        yield _claim("pipelined = combinational", unit, circuit, combinational)
        circuit, source = combinational, artifact.verilog
    for objective in _other_objectives(config):
        verilog = built(stages=0, objective=objective).verilog
        if _code_of(verilog) != _code_of(source):
            other = read_circuit(verilog, config.name)
            yield _claim(f"combinational = unit built for {objective}", flat, circuit, other)


def _other_objectives(config: Config) -> list[str]:
    own = config.params_dict()["objective"]
    return [objective for objective in ("area", "delay") if objective != own]


def _code_of(verilog: str) -> list[str]:
    return [line for line in verilog.splitlines() if not line.startswith("//")]


def _twin_claim(text: str, unit: Unit, circuit: Circuit, other: Circuit) -> Claim:
    """Return the claim that two circuits in the same state answer alike and stay in the same."""
    graph = Graph()
    state, inputs = circuit.free_state(graph), circuit.free_inputs(graph, "0.")
    ours, our_next = circuit.place(graph, inputs, state)
    theirs, their_next = other.place(graph, inputs, state)
    names = [unit.valid_out, *(port["name"] for port in unit.results)]
    differences = [graph.unequal(ours[name], theirs[name]) for name in names]
    return Claim(text, graph, [*differences, graph.unequal(our_next, their_next)], 1)


def _claim(text: str, unit: Unit, circuit: Circuit, reference: Circuit) -> Claim:
    """Return the claim that a circuit answers like another, its latency later."""
    graph = Graph()
    window = _Window.of(graph, unit, circuit)
    operands = {name: window.inputs[0][name] for name in reference.inputs if name != ACCUMULATOR}
    if unit.is_stateful:
        operands[ACCUMULATOR] = window.before["y"]
    wanted, _ = reference.place(graph, operands)
    violations = [graph.differ(window.after[unit.valid_out][0], window.is_due)]
    for port in unit.results:
        name, bits = port["name"], port["width"] // port["lanes"]
        ours, theirs = window.after[name], wanted[name]
        if unit.is_stateful and name == "y":
            # The accumulator must also keep what it holds, and be cleared by a reset.
            held = [
                graph.choose(window.is_due, *pair)
                for pair in zip(theirs, window.before[name], strict=True)
            ]
            theirs = [graph.both(bit, window.was_reset ^ 1) for bit in held]
        for low in range(0, port["width"], bits):
            wrong = graph.unequal(ours[low : low + bits], theirs[low : low + bits])
            is_kept = unit.is_stateful and name == "y"
            violations.append(wrong if is_kept else graph.both(window.is_due, wrong))
    return Claim(text, graph, violations, len(window.inputs), "0.b[")


@dataclass(frozen=True)
class _Window:
    """A unit from any state at all, for as many cycles as its latency and one more.

    Attributes
    ----------
    inputs
        Free inputs of each cycle.
    before, after
        Outputs in the last cycle but one, and in the last.
    is_due
        Whether the first cycle's operands must have got a result in the last.
    was_reset
        Whether there was a reset in the last cycle but one.
    """

    inputs: list[Signals]
    before: Signals
    after: Signals
    is_due: int
    was_reset: int

    @classmethod
    def of(cls, graph: Graph, unit: Unit, circuit: Circuit) -> _Window:
        state = circuit.free_state(graph)
        inputs: list[Signals] = []
        outputs: list[Signals] = [{}]
        for cycle in range(unit.latency + 1):
            inputs.append(circuit.free_inputs(graph, f"{cycle}."))
            placed, state = circuit.place(graph, inputs[-1], state)
            outputs.append(placed)
        resets = [signals[unit.reset][0] if unit.reset else FALSE for signals in inputs[:-1]]
        is_due = graph.both(inputs[0][unit.valid_in][0], graph.any(resets) ^ TRUE)
        return cls(inputs, outputs[-2], outputs[-1], is_due, resets[-1] if resets else FALSE)
