"""Proof that a unit computes what it should, for all operands at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cosim.claims import Claim, claims_against, consistency_claims
from cosim.failure import Failure
from cosim.formal.circuit import read_circuit
from cosim.formal.reference import reference_verilog
from cosim.formal.solver import ENGINES, Answer, Engine, solve
from cosim.golden import code_dtype, get_model
from cosim.results import Options
from cosim.stimuli import get_stimuli
from cosim.unit import Codes, Unit
from cosim.verify import verify, verify_operands
from gen.config import Config
from gen.emit import generate
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
        claims = claims_against(config, unit, source, read_circuit(text, config.name))
    except LookupError as error:
        missing = error.args[0]
        claims = consistency_claims(config, unit, source)
    for claim in claims:
        answer = _answer(claim, timeout)
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


def _answer(claim: Claim, timeout: float) -> Answer:
    """Return whether any violation of a claim is possible, and what it took to find out."""
    seconds = 0.0
    hardest: Engine = ENGINES[0]
    for violation in claim.violations:
        split = claim.split_of(violation)
        answer = solve(claim.graph, violation, timeout - seconds, split=split)
        seconds += answer.seconds
        if ENGINES.index(answer.engine) > ENGINES.index(hardest):
            hardest = answer.engine
        if answer.is_possible is not False:
            return replace(answer, seconds=seconds)
    return Answer(False, {}, hardest, seconds)


def _simulate_all(config: Config, bits: int, options: Options) -> tuple[Step, Failure | None]:
    start = time.monotonic()
    result = verify(config, replace(options, exhaustive=True))
    verdict: Verdict = "proven" if result.passed else "refuted"
    text = f"Verilog = golden model, all 2^{bits} operands"
    return Step(text, verdict, "simulation", time.monotonic() - start), result.failure


def _confirm(
    config: Config, unit: Unit, claim: Claim, answer: Answer, options: Options
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


def _operands(unit: Unit, claim: Claim, values: Mapping[str, bool]) -> Codes:
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
