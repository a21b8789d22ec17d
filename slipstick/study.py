"""The study from its file to its page: formats judged by `cosim`, units priced by `synth`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cosim.fidelity import Fidelity, fidelity_of, format_facts
from gen.errors import ConfigError
from gen.files import write_atomically
from slipstick.point import TARGET
from synth.claims import GATES, Evidence, claims_sheet, compared_parts
from synth.database import Row, read_rows
from synth.executors import executor_for
from synth.grid import load_sweep
from synth.instructions import instructions_sheet
from synth.report import write_report
from synth.sheets import Cell, Sheet, page_of
from synth.study import Design, Settings, design_of, sweep_text
from synth.study_costs import Points, costs_of
from synth.study_sheets import cost_sheets, draw_study
from synth.sweep import Summary, run_sweep

__all__ = ["Outcome", "run_study"]

Progress = Callable[[int, int], None]
Begin = Callable[[str], Progress | None]
"""Begins a step with a label; returns what to tell of its progress."""

DATABASE = "study.db"


@dataclass(frozen=True)
class Outcome:
    """What a study came to.

    Attributes
    ----------
    page
        The page with everything.
    sheets
        Its tables.
    summaries
        Of its sweeps.
    """

    page: Path
    sheets: tuple[Sheet, ...]
    summaries: tuple[Summary, ...]

    @property
    def failures(self) -> list[Row]:
        """The points that failed."""
        return [row for summary in self.summaries for row in summary.failures]


def run_study(
    settings: Settings,
    directory: Path,
    *,
    tensors: Mapping[str, NDArray[Any]] | None = None,
    claims: bool = True,
    jobs: int | None = None,
    retry: bool = False,
    begin: Begin = lambda _: None,
) -> Outcome:
    """Judge formats, price units, and write tables, pictures and a page.

    What is in the directory's database is not priced again: a study that was interrupted goes on.

    Parameters
    ----------
    settings
        What to compare.
    directory
        Where everything goes.
    tensors
        Further ones to judge formats by, by name, with blocks along the last axis.
    claims
        Whether to price what published claims are held against as well.
    jobs
        Points to work on at a time.
    retry
        Whether to try points that failed again.
    begin
        Is called with the label of each step.

    Raises
    ------
    ConfigError
        If the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{directory}: cannot write here: {error.strerror}") from error
    losses = fidelity_of(settings.formats, tensors, progress=begin("formats"))
    designs = [
        design_of(name, lanes, settings) for name in settings.formats for lanes in settings.lanes
    ]
    summaries: list[Summary] = []
    wanted: set[str] = set()
    for name, text in _sweeps(settings, designs, claims=claims).items():
        (file,) = write_atomically(directory, {f"{name}.toml": text.encode()})
        sweep = load_sweep(file)
        wanted |= {point.key for point in sweep.points}
        summary = run_sweep(
            sweep,
            directory / DATABASE,
            lambda: executor_for(TARGET, jobs=jobs, scheduler=None),
            retry=retry,
            progress=begin(name),
        )
        summaries.append(summary)
    # The database may also have points of a study with other settings.
    rows = [row for row in read_rows(directory / DATABASE) if row.key in wanted]
    points = Points(rows)
    costs = costs_of(designs, points, settings.library)
    sheets = [_accuracy_sheet(losses), *cost_sheets(costs)]
    if claims:
        known = Evidence(
            costs,
            points,
            library=settings.library,
            objective=settings.objective,
            facts=format_facts(),
        )
        sheets += [claims_sheet(known), instructions_sheet(known)]
    bits = {loss.name: loss.bits for loss in losses}
    gaussian = {loss.name: loss.sqnr_db["gaussian"] for loss in losses}
    pictures = draw_study(costs, gaussian, bits)
    captions = dict(_CAPTIONS)
    for number, tensor in enumerate(tensors or (), start=1):
        noise = {loss.name: loss.sqnr_db[tensor] for loss in losses}
        pictures |= draw_study(costs, noise, bits, name=f"tensor{number}", of=tensor)
        captions[f"tensor{number}-energy.svg"] = f"Accuracy on {tensor} against energy."
        captions[f"tensor{number}-area.svg"] = f"Accuracy on {tensor} against area."
    write_report(rows, directory / "points", "Points of the study")
    page = _write(directory, sheets, pictures, captions)
    return Outcome(page, tuple(sheets), tuple(summaries))


def _sweeps(settings: Settings, designs: Sequence[Design], *, claims: bool) -> dict[str, str]:
    """Return the sweep files by name: the designs, and what has to be counted in gates."""
    parts = [part for design in designs for part in design.parts]
    compared = compared_parts(settings.objective).values() if claims else ()
    parts += [part for library, part in compared if not library]
    common = {"effort": settings.effort}
    priced = common | {"library": settings.library, "energy": True}
    texts = {"points": sweep_text(parts, priced, vectors=settings.vectors)}
    gates = [part for library, part in compared if library]
    if gates:
        texts["gates"] = sweep_text(gates, common | {"library": GATES}, vectors=settings.vectors)
    return texts


def _accuracy_sheet(losses: Sequence[Fidelity]) -> Sheet:
    tensors = list(losses[0].sqnr_db)
    headings = ("format", "bits", *(f"{name}, dB" for name in tensors), "gaussian at max, dB")
    rows: list[list[Cell]] = [
        [
            loss.name,
            f"{loss.bits:g}",
            *(f"{loss.sqnr_db[name]:.1f}" for name in tensors),
            f"{loss.sqnr_max_db['gaussian']:.1f}",
            f"{loss.digits_accuracy:.1%}".replace("%", " %"),
        ]
        for loss in losses
    ]
    caption = (
        "Signal to noise of tensors, each with the scale that suits it best; in the last column "
        "but one with the largest magnitude at the largest number. Digits: test images that a "
        "network with weights and activations in the format gets right (FP32: 97.2 %)."
    )
    return Sheet("accuracy", "What formats lose", caption, (*headings, "digits right"), rows)


_CAPTIONS = {
    "study-energy.svg": "Accuracy against energy; the line joins what nothing beats in both.",
    "study-area.svg": "Accuracy against area.",
}


def _write(
    directory: Path,
    sheets: Sequence[Sheet],
    pictures: Mapping[str, bytes],
    captions: Mapping[str, str],
) -> Path:
    shown = {
        caption: pictures[name].decode() for name, caption in captions.items() if name in pictures
    }
    title = "Number formats: what they lose, what they cost"
    rest = '<p><a href="points/index.html">All points, to sort and to filter</a></p>\n'
    files = {f"{sheet.name}.csv": sheet.csv().encode() for sheet in sheets}
    files |= {f"{sheet.name}.md": sheet.markdown().encode() for sheet in sheets}
    files |= pictures
    files["index.html"] = page_of(title, sheets, shown, rest).encode()
    return write_atomically(directory, files)[-1]
