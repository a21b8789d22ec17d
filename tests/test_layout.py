"""Every source file has its test file, at the mirrored place."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_source_file_has_a_test() -> None:
    sources = [
        path.relative_to(ROOT)
        for folder in ("hdl", "gen", "cosim", "synth", "examples")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    assert sources
    tests = [Path("tests") / path.with_name(f"test_{path.name}") for path in sources]
    assert [str(path) for path in tests if not (ROOT / path).is_file()] == []
