from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench_study import PAGE, PICTURES, SHEETS, main, place, refresh
from cosim.fidelity import fidelity_of
from synth.study import default_file, load_settings


def study(directory: Path) -> Path:
    directory.mkdir()
    for name in SHEETS:
        (directory / f"{name}.md").write_text(f"| the {name} |\n")
    for name in PICTURES:
        (directory / name).write_text(f"<svg>{name}</svg>")
    return directory


def test_tables_go_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "study.md"
    marks = [f"<!-- study {name}: begin -->\nold\n<!-- study {name}: end -->\n" for name in SHEETS]
    page.write_text("Before.\n" + "Between.\n".join(marks))
    refresh(study(tmp_path / "study"), page)
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("Before.\n<!-- study accuracy: begin -->\n\n| the accuracy |\n\n<!--")
    assert text.count("Between.") == len(SHEETS) - 1
    assert (tmp_path / PICTURES[0]).read_text() == f"<svg>{PICTURES[0]}</svg>"


def test_a_page_without_marks_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no marks of area in the page"):
        place("nothing", "area", "x")


def test_half_a_study_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = PAGE.read_text()
    assert main([str(tmp_path)]) == 2
    assert "bench_study: " in capsys.readouterr().err
    assert PAGE.read_text() == before


def test_the_page_has_what_formats_lose_now() -> None:
    # The other tables take half an hour; this one a second.
    settings = load_settings(default_file())
    (int4,) = fidelity_of(["int4"])
    text = PAGE.read_text()
    line = next(line for line in text.splitlines() if line.startswith("| int4 | 4 |"))
    assert f" {int4.sqnr_db['gaussian']:.1f} " in line
    for name in settings.formats:
        assert f"| {name} |" in text
    assert all((PAGE.parent / name).stat().st_size < 200_000 for name in PICTURES)
