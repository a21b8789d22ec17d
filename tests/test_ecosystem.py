"""What other people's tools and programs make of slipstick."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pyslang
import pytest

from cosim.toolchain import find_verilator
from gen.catalog import UNITS
from gen.config import load_config, presets
from gen.emit import generate, write

ROOT = Path(__file__).parents[1]
EXAMPLES = [ROOT / "configs" / f"example-{unit}.toml" for unit in UNITS]
CONFIGS = [*EXAMPLES, presets()["int8-mac"], presets()["fma-e4m3-fp16"]]

ONLY_NUMPY = """
import sys
class OnlyNumpy:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "numpy", "cosim", "hdl"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, OnlyNumpy())
from cosim.golden import decode, encode, get_model, quantize
for unit in sys.argv[1:]:
    get_model(unit)
assert decode(encode([0.3], "e4m3"), "e4m3")[0] == 0.3125
assert quantize([1.0] * 32, "mxfp4").codes.shape == (32,)
"""


def test_golden_models_need_nothing_but_numpy() -> None:
    command = [sys.executable, "-c", ONLY_NUMPY, *UNITS]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_strict_front_end_has_nothing_to_say(path: Path) -> None:
    artifact = generate(load_config(path))
    tree = pyslang.syntax.SyntaxTree.fromText(artifact.verilog)
    compilation = pyslang.ast.Compilation()
    compilation.addSyntaxTree(tree)
    found = compilation.getAllDiagnostics()
    assert pyslang.DiagnosticEngine.reportAll(compilation.sourceManager, found) == ""
    assert [one.name for one in compilation.getRoot().topInstances] == [artifact.name]


def test_fusesoc_resolves_and_lints_a_core(tmp_path: Path) -> None:
    config = load_config(presets()["int8-mac"])
    write(generate(config), tmp_path / "rtl")
    verilator = find_verilator()
    environment = {
        **os.environ,
        "PATH": f"{verilator.program.parent}{os.pathsep}{os.environ['PATH']}",
        "VERILATOR_ROOT": str(verilator.root),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
    }
    fusesoc = Path(sysconfig.get_path("scripts")) / "fusesoc"
    command = [fusesoc, "--cores-root", "rtl", "run", "--target", "lint"]
    run = subprocess.run(
        [*command, f"slipstick:generated:{config.name}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "%Warning" not in run.stdout + run.stderr


@pytest.mark.slow
def test_the_wheel_works_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", wheel], check=True)
    # What it depends on is that of this environment, but not the checkout that this one has.
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    slipstick = tmp_path / "venv" / "bin" / "slipstick"
    elsewhere = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def output(*words: str) -> str:
        command = [slipstick, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=elsewhere, check=True, capture_output=True, text=True
        ).stdout

    assert "int8-mac" in output("list")
    output("generate", "int8-mac", "-o", "rtl")
    assert (tmp_path / "rtl" / "int8_mac.v").is_file()
    assert "0 mismatches" in output("verify", "int8-mac", "--vectors", "2000")
    home = subprocess.run(
        [python, "-c", "import cosim; print(cosim.__file__)"],
        cwd=tmp_path,
        env=elsewhere,
        check=True,
        capture_output=True,
        text=True,
    )
    assert home.stdout.startswith(str(site))
