import subprocess
from pathlib import Path

import pyslang
import pytest

from gen.config import resolve
from gen.emit import Artifact, generate, write
from tests.gen.check import lint

TOP = Path(__file__).parents[3] / "examples" / "systemverilog" / "top.sv"


def generated_unit() -> Artifact:
    """Return the unit that the comment of the example names."""
    comment = next(line for line in TOP.read_text().splitlines() if "slipstick generate" in line)
    words = comment.split("slipstick generate ")[1].split(" -o ")[0]
    (config,) = resolve(words.split())
    return generate(config)


@pytest.mark.tool("iverilog", "vvp")
def test_bench_passes_and_can_fail(tmp_path: Path) -> None:
    artifact = generated_unit()
    for verilog, verdict in (
        (artifact.verilog, "PASS"),
        (artifact.verilog.replace(".b(first ? ", ".b(1 ? "), "FAIL"),
    ):
        (tmp_path / "unit.v").write_text(verilog)
        sources = [TOP, TOP.with_name("bench.sv"), tmp_path / "unit.v"]
        build = ["iverilog", "-g2012", "-o", tmp_path / "bench", *sources]
        subprocess.run(build, check=True, capture_output=True)
        run = subprocess.run(
            ["vvp", tmp_path / "bench"], check=True, capture_output=True, text=True
        )
        assert run.stdout.startswith(verdict)


def test_top_takes_the_unit_that_its_comment_names(tmp_path: Path) -> None:
    artifact = generated_unit()
    write(artifact, tmp_path)
    (tmp_path / "top.sv").write_text(TOP.read_text() + artifact.verilog)
    assert lint(tmp_path / "top.sv", "--top-module", "top", "-Wno-DECLFILENAME") == ""
    compilation = pyslang.ast.Compilation()
    compilation.addSyntaxTree(pyslang.syntax.SyntaxTree.fromText((tmp_path / "top.sv").read_text()))
    assert [one.name for one in compilation.getRoot().topInstances] == ["top"]
    found = compilation.getAllDiagnostics()
    assert pyslang.DiagnosticEngine.reportAll(compilation.sourceManager, found) == ""
