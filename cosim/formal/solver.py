"""Can a literal of a graph be true? Four ways to find out, the cheapest first."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from cosim.formal.exhaustion import find_by_exhaustion
from cosim.formal.graph import FALSE, TRUE, Graph
from gen.errors import ToolError

__all__ = ["ENGINES", "Answer", "Engine", "run_abc", "solve"]

EXHAUSTION_BITS = 25
"""Inputs up to which trying everything beats SAT for the arithmetic here: 2^25 take seconds."""

CONFLICTS = 100_000_000
"""More than can happen within any time limit, so that the limit decides."""

CASE_BITS = 10
"""Inputs up to which every case is looked at separately."""

CASES_AT_ONCE = 16
"""Cases that one abc gets."""

DIAGRAM_NODES = 100_000
"""Size at which a decision diagram is given up."""

Engine = Literal["structure", "exhaustion", "cases", "sat"]

ENGINES: tuple[Engine, ...] = get_args(Engine)
"""The cheapest first."""


@dataclass(frozen=True)
class Answer:
    """What was found out.

    Attributes
    ----------
    is_possible
        Whether the literal can be true; None if the time did not suffice.
    values
        Inputs that make it true; those not mentioned do not matter.
    engine
        ``structure``: decided by merging equal gates; ``exhaustion``; ``cases``: a binary decision
        diagram for each value of some inputs; ``sat``: abc's ``&cec``.
    seconds
        How long it took.
    """

    is_possible: bool | None
    values: Mapping[str, bool]
    engine: Engine
    seconds: float


def solve(
    graph: Graph,
    root: int,
    timeout: float,
    exhaustion_bits: int = EXHAUSTION_BITS,
    split: Sequence[str] = (),
) -> Answer:
    """Find out whether a literal can be true.

    Parameters
    ----------
    graph, root
        The literal.
    timeout
        Seconds.
    exhaustion_bits
        Number of inputs up to which everything is tried. For circuits that differ in one place,
        SAT is faster from about ten inputs on.
    split
        Inputs whose values make simpler cases: a factor, so that nothing multiplies variables.
        Ignored if they are none, or too many.

    Raises
    ------
    ToolError
        If abc is not there or does something unexpected.
    """
    start = time.monotonic()

    def answer(engine: Engine, values: Mapping[str, bool] | None) -> Answer:
        elapsed = time.monotonic() - start
        return Answer(values is not None, values or {}, engine, elapsed)

    if root in (FALSE, TRUE):
        return answer("structure", {} if root == TRUE else None)
    inputs = sum(node in graph.inputs for node in graph.cone(root))
    engine: Engine = "exhaustion" if inputs <= exhaustion_bits else "sat"
    try:
        if engine == "exhaustion":
            return answer(engine, find_by_exhaustion(graph, root, start + timeout))
        if 0 < len(split) <= CASE_BITS:
            engine = "cases"
            is_decided, values = _find_by_cases(graph, root, split, start + timeout)
            if is_decided:
                return answer(engine, values)
        engine = "sat"
        return answer(engine, _find_by_sat(graph, root, start + timeout - time.monotonic()))
    except TimeoutError:
        return Answer(None, {}, engine, time.monotonic() - start)


def _find_by_sat(graph: Graph, root: int, timeout: float) -> dict[str, bool] | None:
    content, names = graph.to_aiger(root)
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        work = Path(directory)
        (work / "miter.aig").write_bytes(content)
        command = f"read_aiger miter.aig; &get; &cec -m -C {CONFLICTS}; write_cex cex"
        printed = run_abc(command, work, timeout)
        if "Networks are equivalent" in printed:
            return None
        if "NOT EQUIVALENT" not in printed:
            raise ToolError("abc", "gave no verdict", tail=printed[-2000:])
        bits = (work / "cex").read_text().partition("#")[0].strip()
    return {name: bit == "1" for name, bit in zip(names, bits, strict=True)}


def _find_by_cases(
    graph: Graph, root: int, split: Sequence[str], deadline: float
) -> tuple[bool, dict[str, bool] | None]:
    """Return whether this decided it, and if it did, values that make the literal true."""
    starts = range(0, 1 << len(split), CASES_AT_ONCE)

    def look(start: int) -> tuple[bool, dict[str, bool] | None]:
        return _look_at_cases(graph, root, _cases(split, start), deadline)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The first cases tell whether diagrams are any good for this.
        first = look(starts[0])
        for is_decided, values in chain([first], pool.map(look, starts[1:] if first[0] else [])):
            if not is_decided or values is not None:
                pool.shutdown(cancel_futures=True)
                return is_decided, values
    return True, None


def _cases(split: Sequence[str], start: int) -> Iterator[dict[str, bool]]:
    for number in range(start, min(start + CASES_AT_ONCE, 1 << len(split))):
        yield {name: bool(number >> index & 1) for index, name in enumerate(split)}


def _look_at_cases(
    graph: Graph, root: int, cases: Iterator[dict[str, bool]], deadline: float
) -> tuple[bool, dict[str, bool] | None]:
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        work = Path(directory)
        commands: list[str] = []
        asked: list[tuple[dict[str, bool], Graph, int]] = []
        for case in cases:
            part, literal = graph.restricted(root, case)
            if literal == TRUE:
                return True, case
            if literal != FALSE:
                file = f"{len(asked)}.aig"
                (work / file).write_bytes(part.to_aiger(literal)[0])
                # If the diagram gets too large the circuit stays as it is, and SAT soon gives up.
                collapse = f"read_aiger {file}; collapse -B {DIAGRAM_NODES}; strash; sat -C 100"
                commands.append(collapse)
                asked.append((case, part, literal))
        if not asked:
            return True, None
        printed = run_abc("; ".join(commands), work, deadline - time.monotonic())
        verdicts = _verdicts(printed, len(asked))
        for verdict, (case, part, literal) in zip(verdicts, asked, strict=True):
            if verdict == "UNDECIDED":
                return False, None
            if verdict == "SATISFIABLE":
                values = _find_by_sat(part, literal, deadline - time.monotonic())
                if values is None:
                    raise ToolError("abc", "contradicts itself")
                return True, case | values
    return True, None


def _verdicts(printed: str, count: int) -> list[str]:
    """Return what abc said of so many cases."""
    if "Collapsing has failed" in printed:  # a diagram got too large, and abc stopped there
        return ["UNDECIDED"] * count
    verdicts: list[str] = re.findall(r"\b(UNSATISFIABLE|SATISFIABLE|UNDECIDED)\b", printed)
    if len(verdicts) != count:
        raise ToolError("abc", "gave no verdict", tail=printed[-2000:])
    return verdicts


def run_abc(commands: str, directory: Path, timeout: float) -> str:
    """Run abc and return what it printed; nothing but the time limit may be short of a verdict."""
    try:
        done = subprocess.run(
            [_abc(), "-q", commands],
            cwd=directory,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=max(timeout, 0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.stdout + done.stderr


def _abc() -> Path:
    package = find_spec("pyosys")
    if package is None or package.origin is None:
        raise ToolError("yosys", "not installed (pip install pyosys)")
    return Path(package.origin).parent / "yosys-abc"
