from pathlib import Path

import pyslang

from gen.config import resolve
from gen.emit import generate, write
from tests.gen.check import lint

TOP = Path(__file__).parents[3] / "examples" / "systemverilog" / "top.sv"


def test_top_takes_the_unit_that_its_comment_names(tmp_path: Path) -> None:
    comment = next(line for line in TOP.read_text().splitlines() if "slipstick generate" in line)
    words = comment.split("slipstick generate ")[1].split(" -o ")[0]
    (config,) = resolve(words.split())
    artifact = generate(config)
    write(artifact, tmp_path)
    (tmp_path / "top.sv").write_text(TOP.read_text() + artifact.verilog)
    assert lint(tmp_path / "top.sv", "--top-module", "top", "-Wno-DECLFILENAME") == ""
    compilation = pyslang.ast.Compilation()
    compilation.addSyntaxTree(pyslang.syntax.SyntaxTree.fromText((tmp_path / "top.sv").read_text()))
    assert [one.name for one in compilation.getRoot().topInstances] == ["top"]
    found = compilation.getAllDiagnostics()
    assert pyslang.DiagnosticEngine.reportAll(compilation.sourceManager, found) == ""
