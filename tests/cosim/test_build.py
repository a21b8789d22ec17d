import time
from pathlib import Path

import pytest

from cosim import build
from cosim.build import build_bulk, build_cycle
from cosim.toolchain import find_compiler
from gen.cache import cache_dir
from gen.errors import ToolError
from tests.cosim.duts import SUM, SUM_PORTS, port, sum_unit


def test_an_unchanged_unit_is_not_built_again(tmp_path, monkeypatch):
    model = build_bulk(sum_unit().manifest, SUM, tmp_path / "log")
    assert (model.top, model.bench, model.copies) == ("slipstick_player", "bulk", 8)

    def refuse(*_args, **_keywords):
        raise AssertionError("ran a tool")

    monkeypatch.setattr(build, "run", refuse)
    start = time.perf_counter()
    assert build_bulk(sum_unit().manifest, SUM, tmp_path / "log") == model
    assert time.perf_counter() - start < 0.3
    with pytest.raises(AssertionError, match=r"^ran a tool$"):
        build_bulk(sum_unit().manifest, SUM + "// changed\n", tmp_path / "log")


def test_a_damaged_result_is_built_again(tmp_path):
    log = tmp_path / "log"
    program = Path(build_bulk(sum_unit().manifest, SUM, log).command[0])
    size = program.stat().st_size
    program.write_bytes(program.read_bytes()[:1000])
    build_bulk(sum_unit().manifest, SUM, log)
    assert program.stat().st_size == pytest.approx(size, rel=0.1)
    assert build._is_intact(program.parent)


def test_verilog_that_does_not_compile(tmp_path):
    broken = SUM.replace("+ b", "+ nothing")
    with pytest.raises(ToolError, match=r"^verilator: exit code 1$") as error:
        build_bulk(sum_unit().manifest, broken, tmp_path / "log")
    assert "Can't find definition of variable: 'nothing'" in error.value.tail


@pytest.mark.tool("iverilog", "vvp")
def test_verilog_that_icarus_does_not_compile(tmp_path):
    broken = SUM.replace("+ b", "+ nothing")
    with pytest.raises(ToolError, match=r"^iverilog: exit code [12]$") as error:
        build_cycle(sum_unit().manifest, broken, tmp_path / "log", "icarus")
    assert "nothing" in error.value.tail


@pytest.mark.parametrize(
    ("lanes", "verilog_bytes", "copies"),
    [(3, 1000, 8), (3, 20_000, 4), (3, 100_000, 1), (64, 1000, 3), (1024, 1000, 1)],
)
def test_wide_or_large_units_get_fewer_copies(lanes, verilog_bytes, copies):
    ports = [*SUM_PORTS, port("c", "in", 8 * lanes, "data", "int8", lanes=lanes)]
    assert build._copies({"ports": ports}, " " * verilog_bytes) == copies


def test_much_code_is_compiled_in_parallel_and_what_runs_once_in_no_time(tmp_path, monkeypatch):
    monkeypatch.setattr(build.os, "cpu_count", lambda: 2)
    sizes = {"a": 400_000, "b": 200_000, "c": 150_000, "d__Slow": 900_000, "e__Slow": 1}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(bytes(size))
    assert build._parts(tmp_path.iterdir(), "-O2") == [
        build._Part(["a"], "-O2"),
        build._Part(["b", "c"], "-O2"),
        build._Part(["d__Slow", "e__Slow"], "-O0"),
    ]
    few = [tmp_path / "e__Slow", tmp_path / "b"]
    assert build._parts(few, "-O2") == [build._Part(["b", "e__Slow"], "-O2")]


def test_for_few_vectors_compiling_is_brief(tmp_path):
    models = [
        build_bulk(sum_unit().manifest, SUM, tmp_path / "log", brief=b) for b in (False, True)
    ]
    assert models[0].command[0] != models[1].command[0]
    headers = list((cache_dir() / "runtime").rglob("runtime.h.gch"))
    if find_compiler().is_gcc:
        assert headers
    for header in filter(Path.is_dir, headers):  # a file in what an older version left behind
        assert {path.name for path in header.iterdir()} == {"O0", "O2"}
