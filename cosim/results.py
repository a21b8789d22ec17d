"""How to check a unit, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cosim.coverage import Coverage
from cosim.failure import Failure, Value
from gen.config import Config

__all__ = ["Netlists", "Options", "Result", "junit", "story"]


@dataclass(frozen=True)
class Netlists:
    """Where gate-level Verilog comes from.

    Attributes
    ----------
    verilog_of
        Returns that of a config: a module with its ports, and the cells that it is made of.
    words
        Options of `slipstick verify` that stand for it.
    """

    verilog_of: Callable[[Config], str]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """How to check a unit.

    Attributes
    ----------
    vectors
        How many vectors; all there are if those are no more.
    exhaustive
        Check all of them, however many.
    seed
        Where the random vectors start from.
    sim
        ``verilator`` or ``icarus``.
    verilog
        Somebody's Verilog to check instead of the generated one.
    netlists
        Check gate-level Verilog from there instead of the generated one.
    waves
        File for the waveforms (FST) around the first wrong answer, else of the first vectors.
    operands
        File with operands (.npz) to use instead of generated ones.
    directory
        Where the operands of a failure, or the log of a tool that failed, go.
    coverage
        Count which kinds of operands, results and roundings the vectors meet, and fail if any is
        missing.
    """

    vectors: int = 100_000
    exhaustive: bool = False
    seed: int = 1
    sim: str = "verilator"
    verilog: Path | None = None
    netlists: Netlists | None = None
    waves: Path | None = None
    operands: Path | None = None
    directory: Path | None = None
    coverage: bool = False


@dataclass(frozen=True)
class Result:
    """What came of checking a unit.

    Attributes
    ----------
    name, unit, config_hash
        What was checked.
    simulator, strategy
        With what, and with which vectors, for people.
    asked, vectors
        Results that were to be compared, and those that were.
    mismatches
        How many results were wrong, those of the interface included.
    interface_vectors
        Results compared beforehand, with gaps in the valid port and resets in flight; 0 for
        somebody's own operands.
    seconds
        How long it took to ``generate``, ``build`` and ``simulate``, and to ``synthesize`` what is
        checked if that is a netlist.
    failure
        The first wrong answer.
    waves, viewer
        File with waveforms, and the command that shows them.
    coverage
        What the vectors met, if that was asked for.
    """

    name: str
    unit: str
    config_hash: str
    simulator: str
    strategy: str
    asked: int
    vectors: int
    mismatches: int
    interface_vectors: int
    seconds: dict[str, float]
    failure: Failure | None = None
    waves: Path | None = None
    viewer: str | None = None
    coverage: Coverage | None = None

    @property
    def passed(self) -> bool:
        """Whether everything was compared and right, something was, and nothing was left out."""
        is_covered = self.coverage is None or self.coverage.is_complete
        return self.mismatches == 0 and self.vectors == self.asked > 0 and is_covered

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        content = asdict(replace(self, coverage=None))
        content["coverage"] = self.coverage and self.coverage.to_json()
        if self.failure is not None:
            content["failure"]["operands_file"] = str(self.failure.operands_file)
        if self.waves is not None:
            content["waves"] = str(self.waves)
        return {"passed": self.passed, **content}


def junit(results: Iterable[Result]) -> bytes:
    """Return results as JUnit XML, one test case each."""
    results = list(results)
    suite = ElementTree.Element(
        "testsuite",
        name="slipstick verify",
        tests=str(len(results)),
        failures=str(sum(not result.passed for result in results)),
        errors="0",
        time=_seconds(results),
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=result.unit, name=result.name, time=_seconds([result])
        )
        if not result.passed:
            message = f"{result.mismatches} wrong, {result.vectors} of {result.asked} compared"
            failure = ElementTree.SubElement(case, "failure", message=message)
            failure.text = story(result.failure) if result.failure else None
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _seconds(results: Iterable[Result]) -> str:
    return f"{sum(sum(result.seconds.values()) for result in results):.3f}"


def story(failure: Failure) -> str:
    """Return what there is to say about a failure, a line each, the command to replay it last."""

    def lines(title: str, values: list[Value]) -> list[str]:
        return [
            f"{title} {value.port}{'' if value.lane is None else f'[{value.lane}]'}"
            f" = {value.hex} ({value.value})"
            for value in values
        ]

    return "\n".join(
        [
            f"vector {failure.index}",
            *lines("operand", failure.operands),
            *lines("got", failure.got),
            *lines("want", failure.want),
            failure.replay,
        ]
    )
