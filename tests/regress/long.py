"""What takes hours: `make regress`. Nothing else collects it, for its name."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cosim.results import Options, story
from cosim.verify import verify_all
from gen import yosys
from gen.config import Config, make_config, resolve
from gen.emit import generate, write
from tests.gen.check import compile_with_icarus, lint

INTEGERS = ("int4", "int8", "uint8")
FLOATS = ("e2m1", "e3m2", "e2m3", "e4m3", "e5m2", "e3m4", "fp16", "bf16")
SUMS = ("int32", "fp16", "bf16", "fp32")
STAGES = range(5)
MIXES = [
    pytest.param(a, b, y, id=f"{a} * {b} + {y}")
    for a, b, y in product(INTEGERS + FLOATS, INTEGERS + FLOATS, SUMS)
]


def assert_verified(configs: list[Config], options: Options) -> None:
    results = list(verify_all(configs, options))
    assert len(results) == len(configs) > 0
    stories = [f"{one.name}\n{story(one.failure)}" for one in results if one.failure]
    assert not stories, "\n".join(stories)
    assert all(one.passed for one in results)


def assert_clean(config: Config, directory: Path) -> None:
    """Verilator without any warning, Icarus and Yosys take the file."""
    file = next(path for path in write(generate(config), directory) if path.suffix == ".v")
    assert lint(file) == ""
    assert compile_with_icarus(file) == ""
    script = f"read_verilog {file.name}\nhierarchy -check -top {config.name}\nproc\ncheck -assert\n"
    yosys.run(script, cwd=directory)


@pytest.mark.parametrize(("a", "b", "y"), MIXES)
def test_fma_of_every_mix_of_formats(a: str, b: str, y: str, tmp_path: Path) -> None:
    formats = {"a": a, "b": b, "c": y, "y": y}
    configs = [make_config("fma", formats | {"stages": stages}) for stages in STAGES]
    for config in configs:
        assert_clean(config, tmp_path)
    assert_verified(configs, Options())


@pytest.mark.parametrize("accumulate", [False, True], ids=["sum", "accumulator"])
@pytest.mark.parametrize(("a", "b", "y"), MIXES)
def test_dot_of_every_mix_of_formats(
    a: str, b: str, y: str, accumulate: bool, tmp_path: Path
) -> None:
    params = {"a": a, "b": b, "y": y, "lanes": 4, "accumulate": accumulate}
    configs = [make_config("dot", params | {"stages": stages}) for stages in (0, 2)]
    for config in configs:
        assert_clean(config, tmp_path)
    assert_verified(configs, Options(vectors=20_000))


@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize("fmt", ["e4m3", "e5m2"])
def test_all_operands_of_an_fp8_fma(fmt: str, rounding: str, overflow: str) -> None:
    words = f"fma a={fmt} b={fmt} c={fmt} y={fmt} rounding={rounding} overflow={overflow}"
    assert_verified(resolve([*words.split(), "flags=true"]), Options(exhaustive=True))
