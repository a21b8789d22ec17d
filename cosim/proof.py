"""Proof that a unit computes what it should, for all operands at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cosim.failure import Failure
from cosim.formal.circuit import Circuit, Signals, read_circuit
from cosim.formal.graph import FALSE, TRUE, Graph
from cosim.formal.reference import ACCUMULATOR, reference_verilog
from cosim.formal.solver import Answer, Engine, solve
from cosim.golden import code_dtype, get_model
from cosim.results import Options
from cosim.stimuli import get_stimuli
from cosim.unit import Codes, Unit
from cosim.verify import verify, verify_operands
from gen.config import Config, make_config
from gen.emit import Artifact, generate
from gen.errors import ConfigError

__all__ = ["ProofResult", "Step", "Verdict", "prove"]

Verdict = Literal["proven", "consistent", "refuted", "inconclusive"]

EXHAUSTIVE_BITS = 24
"""Operand bits up to which simulation of all operands stands for a description: seconds."""


@dataclass(frozen=True)
class Step:
    """One claim and what became of it.

    Attributes
    ----------
    claim
        What was to be shown, for people.
    verdict
        Whether it was.
    engine
        What decided it, or ran out of time: a solver, or ``simulation`` of all operands.
    seconds
        How long that took.
    """

    claim: str
    verdict: Verdict
    engine: Engine | Literal["simulation"]
    seconds: float


@dataclass(frozen=True)
class ProofResult:
    """What came of a proof.

    Attributes
    ----------
    name, unit, config_hash
        What it is about.
    verdict
        ``proven`` if every step is, ``refuted`` if one is, else ``inconclusive``. ``consistent`` if
        every step is proven, but none compares with what the unit is to compute.
    steps
        The steps.
    seconds
        How long all of it took.
    note
        What there is to say about it, for people; empty if nothing.
    failure
        For what is refuted: operands that show it, as in the simulator.
    """

    name: str
    unit: str
    config_hash: str
    verdict: Verdict
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0
    note: str = ""
    failure: Failure | None = None

    @property
    def passed(self) -> bool:
        """Whether all that could be asked is proven."""
        return self.verdict in ("proven", "consistent") and len(self.steps) > 0

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        content = asdict(self)
        if self.failure is not None:
            content["failure"]["operands_file"] = str(self.failure.operands_file)
        return {"passed": self.passed, **content}


def prove(
    config: Config,
    timeout: float = 60,
    *,
    verilog: Path | None = None,
    directory: Path | None = None,
) -> ProofResult:
    """Compare a unit with a plain description of what it computes.

    A pipeline is compared with the same unit without registers, and that with the description. All
    comparisons are of circuits without state: a window of as many cycles as the latency, from any
    state at all, shows everything a pipeline can do.

    Units of which there is no description are compared with themselves, built for other objectives,
    and with the golden model where all operands can be simulated.

    Parameters
    ----------
    config
        The unit.
    timeout
        Seconds for each step.
    verilog
        Somebody's Verilog to prove instead of the generated one.
    directory
        Where the operands of a counterexample go.

    Raises
    ------
    ConfigError
        If there is nothing to compare such a unit with.
    ToolError
        If a tool is missing or fails.
    """
    start = time.monotonic()
    params = config.params_dict()
    artifact = generate(config)
    unit = Unit(artifact.manifest, params, get_model(config.unit))
    source = verilog.read_text() if verilog else artifact.verilog
    options = Options(verilog=verilog, directory=directory)
    steps: list[Step] = []
    note, missing, failure = "", "", None
    try:
        text = reference_verilog(config.name, config.unit, params)
        claims = _claims(config, unit, source, read_circuit(text, config.name))
    except LookupError as error:
        missing = error.args[0]
        claims = _consistency_claims(config, unit, source)
    for claim in claims:
        answer = solve(claim.graph, claim.violation, timeout, split=claim.split)
        verdict: Verdict = "proven"
        if answer.is_possible is None:
            verdict = "inconclusive"
            note = f"no answer within {timeout:g} s; --timeout allows more"
        elif answer.is_possible:
            verdict, note, failure = _confirm(config, unit, claim, answer, options)
        steps.append(Step(claim.text, verdict, answer.engine, answer.seconds))
        if verdict != "proven":
            break
    verdict = steps[-1].verdict if steps else "consistent"
    if missing and verdict in ("proven", "consistent"):
        bits = get_stimuli(config.unit).space_bits(params)
        if bits <= EXHAUSTIVE_BITS:
            step, failure = _simulate_all(config, bits, options)
            steps.append(step)
            verdict = step.verdict
        elif not steps:
            raise ConfigError(f"{config.name}: cannot be proven: {missing}")
        else:
            verdict = "consistent"
            note = f"nothing is proven of what it computes: {missing}"
    return ProofResult(
        name=config.name,
        unit=config.unit,
        config_hash=config.config_hash,
        verdict=verdict,
        steps=steps,
        seconds=time.monotonic() - start,
        note=note,
        failure=failure,
    )


@dataclass(frozen=True)
class _Claim:
    """Something that must never be: `violation`, over the inputs of so many cycles.

    With the inputs in `split` fixed, all that is left of a product is a sum.
    """

    text: str
    graph: Graph
    violation: int
    cycles: int
    split: list[str]


def _claims(config: Config, unit: Unit, source: str, reference: Circuit) -> Iterator[_Claim]:
    circuit = read_circuit(source, config.name, clock=unit.manifest["clock"])
    if unit.latency == 0 or unit.is_stateful:
        yield _claim("Verilog = reference", unit, circuit, reference)
        return
    flat_config = make_config(config.unit, {**config.given(), "stages": 0}, config.name)
    flat = read_circuit(generate(flat_config).verilog, config.name)
    yield _claim("pipelined = combinational", unit, circuit, flat)
    model = Unit(generate(flat_config).manifest, unit.params, unit.model)
    yield _claim("combinational = reference", model, flat, reference)


def _consistency_claims(config: Config, unit: Unit, source: str) -> Iterator[_Claim]:
    """Yield that the unit does the same with and without registers, however it is built."""

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


def _twin_claim(text: str, unit: Unit, circuit: Circuit, other: Circuit) -> _Claim:
    """Return the claim that two circuits in the same state answer alike and stay in the same."""
    graph = Graph()
    state, inputs = circuit.free_state(graph), circuit.free_inputs(graph, "0.")
    ours, our_next = circuit.place(graph, inputs, state)
    theirs, their_next = other.place(graph, inputs, state)
    names = [unit.valid_out, *(port["name"] for port in unit.results)]
    differences = [graph.unequal(ours[name], theirs[name]) for name in names]
    violation = graph.any([*differences, graph.unequal(our_next, their_next)])
    return _Claim(text, graph, violation, 1, [])


def _simulate_all(config: Config, bits: int, options: Options) -> tuple[Step, Failure | None]:
    start = time.monotonic()
    result = verify(config, replace(options, exhaustive=True))
    verdict: Verdict = "proven" if result.passed else "refuted"
    text = f"Verilog = golden model, all 2^{bits} operands"
    return Step(text, verdict, "simulation", time.monotonic() - start), result.failure


def _claim(text: str, unit: Unit, circuit: Circuit, reference: Circuit) -> _Claim:
    """Return the claim that a circuit answers like another, its latency later."""
    graph = Graph()
    window = _Window.of(graph, unit, circuit)
    operands = {name: window.inputs[0][name] for name in reference.inputs if name != ACCUMULATOR}
    if unit.is_stateful:
        operands[ACCUMULATOR] = window.before["y"]
    wanted, _ = reference.place(graph, operands)
    names = [port["name"] for port in unit.results]
    if not unit.is_stateful:
        wrong = graph.any(graph.unequal(window.after[name], wanted[name]) for name in names)
        violation = graph.both(window.is_due, wrong)
    else:
        # The accumulator must also keep what it holds, and be cleared by a reset.
        held = [
            graph.choose(window.is_due, *bits)
            for bits in zip(wanted["y"], window.before["y"], strict=True)
        ]
        kept = [graph.both(bit, window.was_reset ^ 1) for bit in held]
        violation = graph.unequal(window.after["y"], kept)
    valid = graph.differ(window.after[unit.valid_out][0], window.is_due)
    split = [f"0.b[{bit}]" for bit in range(circuit.inputs.get("b", 0))]
    return _Claim(text, graph, graph.either(valid, violation), len(window.inputs), split)


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


def _confirm(
    config: Config, unit: Unit, claim: _Claim, answer: Answer, options: Options
) -> tuple[Verdict, str, Failure | None]:
    """Try a counterexample in the simulator, where the golden model has its say too."""
    result, _ = verify_operands(config, _operands(unit, claim, answer.values), options)
    if result.failure is None and unit.is_stateful:
        # The state it begins in may be out of reach; ordinary vectors tell if it is not.
        result = verify(config, options)
        if result.failure is None:
            return "inconclusive", "differs from a state that may be out of reach", None
    if result.failure is None:
        other = claim.text.partition(" = ")[2]
        side = f"the golden model sides with the Verilog, not with the {other}"
        return "refuted", side, None
    return "refuted", "", result.failure


def _operands(unit: Unit, claim: _Claim, values: Mapping[str, bool]) -> Codes:
    """Return what to drive in every cycle of a counterexample."""
    ports = {port["name"]: port for port in unit.operands}
    # A valid port that is always 1 and a reset that is never is what operands mean by themselves.
    if unit.latency:
        timing = (unit.valid_in, unit.reset)
        ports |= {port["name"]: port for port in unit.ports if port["name"] in timing}
    operands: Codes = {}
    for name, port in ports.items():
        bits = port["width"] // port["lanes"]
        codes = np.zeros((claim.cycles, port["lanes"]), code_dtype(bits))
        for cycle, lane, bit in np.ndindex(claim.cycles, port["lanes"], bits):
            if values.get(f"{cycle}.{name}[{lane * bits + bit}]", False):
                codes[cycle, lane] |= codes.dtype.type(1 << bit)
        operands[name] = codes if port["lanes"] > 1 else codes[:, 0]
    return operands
