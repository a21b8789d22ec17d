import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import cosim.stimuli.fma
from cosim import toolchain
from cosim import verify as verify_module
from cosim.failure import Value
from cosim.golden import get_model
from cosim.processes import run
from cosim.stimuli import get_stimuli
from cosim.verify import Options, simulate, verify, verify_all, verify_operands
from gen.config import make_config, resolve
from gen.emit import generate
from gen.errors import ConfigError, ToolError
from hdl.fma import Fma

ROOT = Path(__file__).parents[2]

TINY = make_config("fma", {"a": "int2", "b": "int2", "c": "int4", "y": "int4"})
SMALL = make_config("fma", {"a": "e2m1", "b": "e2m1", "c": "e2m1", "y": "e3m2", "stages": 2})
STATE = make_config(
    "dot", {"a": "int4", "b": "int4", "y": "int12", "lanes": 3, "accumulate": True, "stages": 1}
)


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    """Let every test start in an empty directory."""
    directory = tmp_path / "here"
    directory.mkdir()
    monkeypatch.chdir(directory)


def planted(config, y="right_y", out_valid="right_out_valid", also=""):
    """Return a file with the Verilog of a unit whose outputs are spoilt.

    `y` and `out_valid` are expressions, in which the outputs as they should be have the prefix
    ``right_``; `also` declares what else is in them.
    """
    artifact = generate(config)
    ports = {port["name"]: port for port in artifact.manifest["ports"]}
    text = re.sub(rf"\bmodule {config.name}\b", "module right", artifact.verilog)
    spoilt = {"y": y, "out_valid": out_valid}
    lines = [
        f"module {config.name}(",
        ", ".join(f"{p['dir']}put [{p['width'] - 1}:0] {name}" for name, p in ports.items()),
        ");",
        *(f"wire [{ports[name]['width'] - 1}:0] right_{name};" for name in spoilt),
        "right unit(",
        ", ".join(f".{name}({f'right_{name}' if name in spoilt else name})" for name in ports),
        ");",
        also,
        *(f"assign {name} = {expression};" for name, expression in spoilt.items()),
        "endmodule\n",
    ]
    file = Path("planted.v")
    file.write_text(text + "\n".join(lines))
    return file


@pytest.mark.parametrize(
    ("config", "strategy", "asked"),
    [
        (TINY, "exhaustive", 256),
        (SMALL, "directed and random", 2000),
        (STATE, "directed and random", 2000),
    ],
    ids=["combinational", "pipelined", "accumulating"],
)
def test_a_unit_that_is_right_passes_and_leaves_nothing_behind(config, strategy, asked):
    seen = []
    result = verify(config, Options(vectors=2000), lambda done, total: seen.append((done, total)))
    assert result.passed
    assert (result.strategy, result.vectors, result.mismatches) == (strategy, asked, 0)
    assert result.interface_vectors > 50
    assert seen[-1] == (asked, asked)
    assert set(result.seconds) == {"generate", "build", "simulate"}
    assert os.listdir() == []


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize("config", [TINY, SMALL, STATE], ids=lambda config: config.name)
def test_icarus_says_the_same(config):
    result = verify(config, Options(vectors=300, sim="icarus"))
    assert result.passed
    assert result.simulator.startswith("Icarus Verilog")


@pytest.mark.parametrize(
    ("config", "condition", "sim"),
    [
        (TINY, "a == 3 && b == 2 && c == 5", "verilator"),
        pytest.param(
            *(TINY, "a == 3 && b == 2 && c == 5", "icarus"),
            marks=pytest.mark.tool("iverilog", "vvp"),
        ),
        (SMALL, "right_y == 'h13", "verilator"),
        (STATE, "right_y[6:0] == 9", "verilator"),
    ],
    ids=["combinational", "icarus", "pipelined", "accumulating"],
)
def test_a_bug_in_the_verilog_is_found_and_replayed(config, condition, sim):
    file = planted(config, f"right_y ^ ({condition})")
    result = verify(config, Options(vectors=5000, verilog=file, sim=sim))
    assert not result.passed
    failure = result.failure
    assert failure is not None
    assert failure.reproduced
    assert failure.operands_file.parent == Path("build/verify")
    got, want = failure.got[-1], failure.want[-1]
    assert int(got.hex, 16) == int(want.hex, 16) ^ 1

    # What the command says, without the command line.
    words = shlex.split(failure.replay)
    assert words[:2] == ["slipstick", "verify"]
    cut = words.index("--operands")
    options = dict(zip(words[cut::2], words[cut + 1 :: 2], strict=True))
    assert options.pop("--operands") == str(failure.operands_file)
    assert options.pop("--verilog") == str(file)
    assert options == ({"--sim": sim} if sim != "verilator" else {})
    (again,) = resolve(words[2:cut])
    replay = Options(operands=failure.operands_file, verilog=file, sim=sim)
    repeated = verify(again, replay)
    assert repeated.mismatches >= 1
    assert repeated.failure is not None
    assert (repeated.failure.got, repeated.failure.want) == (failure.got, failure.want)
    # The same operands are right where there is no bug.
    assert verify(again, Options(operands=failure.operands_file)).passed


def test_the_operands_of_a_failure_are_decoded():
    config = make_config("fma", {"a": "e2m1", "b": "e2m1", "c": "e2m1", "y": "e4m3"})
    # 1.5 * 6 + 2 = 11 is code 0x53 in E4M3; one bit off is 0x52, worth 10.
    file = planted(config, "right_y ^ (a == 3 && b == 7 && c == 4)")
    # A seed whose operands for the interface do not meet the bug as well.
    result = verify(config, Options(exhaustive=True, verilog=file, seed=2))
    assert (result.vectors, result.mismatches) == (4096, 1)
    assert result.failure is not None
    assert result.failure.operands == [
        Value("a", None, "e2m1", "0x3", "1.5"),
        Value("b", None, "e2m1", "0x7", "6.0"),
        Value("c", None, "e2m1", "0x4", "2.0"),
    ]
    assert result.failure.got == [Value("y", None, "e4m3", "0x52", "10.0")]
    assert result.failure.want == [Value("y", None, "e4m3", "0x53", "11.0")]


def test_a_bug_in_the_component_is_found(monkeypatch):
    original = Fma._elaborate_integer

    def wrong(self, m):
        original(self, m)
        m.d.comb += self.y.eq(0)  # the last assignment wins

    monkeypatch.setattr(Fma, "_elaborate_integer", wrong)
    assert not verify(TINY).passed


def test_a_bug_in_the_model_is_found(monkeypatch):
    def wrong(params, operands):
        answer = get_model("fma")(params, operands)
        answer["y"] = np.where(operands["a"] == 3, answer["y"] ^ 1, answer["y"])
        return answer

    monkeypatch.setattr(verify_module, "get_model", lambda _: wrong)
    result = verify(TINY)
    assert not result.passed
    assert result.failure is not None
    assert [value.hex for value in result.failure.operands if value.port == "a"] == ["0x3"]


@pytest.mark.parametrize("given", [0, 10])
def test_fewer_stimuli_than_asked_for_do_not_pass(given, monkeypatch):
    stimuli = get_stimuli("fma")

    def too_few(params, start, _count):
        return {name: codes[:given] for name, codes in original(params, start, 256).items()}

    original = stimuli.enumerate_space
    monkeypatch.setattr(cosim.stimuli.fma, "enumerate_space", too_few)
    result = verify(TINY)
    assert not result.passed
    assert (result.vectors, result.asked, result.mismatches) == (given, 256, 0)


@pytest.mark.parametrize(
    ("out_valid", "also"),
    [
        ("late", "reg late; always @(posedge clk) late <= right_out_valid & ~rst;"),
        ("right_out_valid | in_valid", ""),
        ("right_out_valid & ~gap", "reg gap; always @(posedge clk) gap <= ~in_valid;"),
        ("right_out_valid | reset", "reg reset; always @(posedge clk) reset <= rst;"),
    ],
    ids=["late", "early", "lost before a gap", "left by a reset"],
)
def test_a_valid_port_that_is_wrong_is_found(out_valid, also):
    file = planted(SMALL, out_valid=out_valid, also=also)
    result = verify(SMALL, Options(verilog=file, vectors=2000))
    assert result.mismatches > 0
    assert result.failure is not None
    assert result.failure.got[0].port == "out_valid"
    assert verify(SMALL, Options(verilog=file, operands=result.failure.operands_file)).mismatches


def test_somebodys_operands_and_what_the_unit_answers():
    operands = {"a": [1, 3, 2], "b": [1, 1, 2], "c": [5, 5, 0]}
    result, outputs = verify_operands(TINY, operands)
    # 1*1+5, -1*1+5, -2*-2+0
    assert outputs["y"].tolist() == [6, 4, 4]
    assert result.passed
    assert (result.strategy, result.vectors, result.interface_vectors) == ("operands", 3, 0)
    assert simulate(TINY, operands)["y"].tolist() == [6, 4, 4]


def test_many_operands_for_an_accumulator_stay_one_sequence():
    count = 30_000
    rng = np.random.default_rng(1)
    operands = {name: rng.integers(0, 16, (count, 3), np.uint8) for name in "ab"}
    operands["first"] = np.zeros(count, np.uint8)
    result, outputs = verify_operands(STATE, operands)
    assert (result.passed, result.vectors) == (True, count)
    signed = [(operands[name].astype(np.int64) ^ 8) - 8 for name in "ab"]
    total = int((signed[0] * signed[1]).sum())
    assert int(outputs["y"][-1]) == total % 4096


@pytest.mark.parametrize(
    "sim", ["verilator", pytest.param("icarus", marks=pytest.mark.tool("vvp"))]
)
def test_waves_of_the_first_failure(sim):
    file = planted(SMALL, "right_y ^ (right_y == 'h13)")
    options = Options(vectors=3000, verilog=file, waves=Path("new/w.fst"), sim=sim)
    result = verify(SMALL, options)
    assert result.waves == Path("new/w.fst")
    assert result.viewer is not None
    assert result.viewer.endswith(" new/w.fst")
    assert Path("new/w.fst").read_bytes()[:9] == b"\0" + (329).to_bytes(8, "big")


def test_several_units_come_in_order_and_compile_meanwhile():
    configs = [
        make_config("fma", {"a": "int2", "b": "int2", "c": f"int{bits}", "y": "int4"})
        for bits in (2, 3, 4)
    ]
    started = []

    def begin(config):
        started.append(config.name)

    results = list(verify_all(configs, Options(), begin))
    assert [result.name for result in results] == started == [config.name for config in configs]
    assert all(result.passed for result in results)


def test_nobody_waits_for_compilers_that_are_no_longer_needed(monkeypatch):
    compiling = threading.Event()

    def build(manifest, _verilog, log, _most_copies, **_):
        if manifest["name"] == TINY.name:
            assert compiling.wait(10)
            raise ToolError("first", "failed")
        compiling.set()
        for _ in range(3):  # one after the other
            with suppress(ToolError):
                run("sleep", ["sleep", "60"], log=log)
        raise ToolError("second", "was stopped")

    monkeypatch.setattr(verify_module, "build_bulk", build)
    monkeypatch.setattr(verify_module.os, "cpu_count", lambda: 2)
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"^first: failed$"):
        list(verify_all([TINY, SMALL]))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(vectors=0), "vectors = 0: must be 1 or more"),
        (Options(seed=-1), "seed = -1: must be 0 or more"),
        (Options(sim="vcs"), "sim = vcs: must be one of verilator, icarus"),
        (
            Options(exhaustive=True, operands=Path("x.npz")),
            "operands from a file and exhaustive exclude each other",
        ),
        (
            Options(operands=Path("nowhere.npz")),
            "nowhere.npz: cannot read it: No such file or directory",
        ),
        (
            Options(verilog=Path("nowhere.v")),
            "nowhere.v: cannot read it: No such file or directory",
        ),
        (
            Options(verilog=Path("empty.v")),
            f"empty.v: there is no module {TINY.name} in it, which this config is for",
        ),
        (
            Options(operands=Path("text.npz")),
            "text.npz: not an .npz file with arrays of numbers",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_options_that_cannot_work(options, message):
    Path("empty.v").write_text("")
    Path("text.npz").write_text("not operands")
    with pytest.raises(ConfigError) as error:
        verify(TINY, options)
    assert str(error.value) == message
    assert sorted(os.listdir()) == ["empty.v", "text.npz"]


def test_the_log_of_a_tool_that_failed_is_kept():
    Path("broken.v").write_text(f"module {TINY.name}(input clk); nonsense endmodule\n")
    with pytest.raises(ToolError) as error:
        verify(TINY, Options(verilog=Path("broken.v"), directory=Path("logs")))
    assert error.value.log == Path("logs") / f"{TINY.name}.log"
    assert "syntax error" in Path(f"logs/{TINY.name}.log").read_text()
    assert "syntax error" in error.value.tail


def test_a_simulator_that_is_not_there(monkeypatch):
    toolchain.find_icarus.cache_clear()
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    with pytest.raises(ToolError, match=r"^iverilog: not found; install it"):
        verify(TINY, Options(sim="icarus"))


def test_the_same_unit_twice_at_a_time():
    file = planted(TINY)
    with open(file, "a") as text:
        text.write(f"// never built before: {time.time_ns()}\n")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: verify(TINY, Options(verilog=file)), range(2)))
    assert [result.passed for result in results] == [True, True]


ENDLESS = """\
import signal
import sys
from pathlib import Path
# What a shell starts in the background inherits that interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {root!r})
from cosim.verify import Options, verify
from gen.config import make_config
config = make_config("fma", dict(a="int8", b="int8", c="int16", y="int16"))
verify(config, Options(exhaustive=True), lambda done, total: print(done, flush=True))
"""


@contextmanager
def endless(directory):
    """Start a check that takes minutes; yield it when it runs, with its simulators."""
    directory.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS.format(root=str(ROOT))],
        env=os.environ | {"TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert int(process.stdout.readline()) > 0
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            assert children
            yield process, [int(child) for child in children.split()]
        finally:
            process.kill()


def wait_until_gone(pid):
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":  # dead, not yet reaped
            return
        assert time.monotonic() < deadline, "the simulator is still there"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_stopping_it_stops_the_simulator_and_leaves_nothing_to_trust(how, tmp_path):
    with endless(tmp_path / "temporary") as (process, simulators):
        process.send_signal(how)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == -how
    assert ("KeyboardInterrupt" in errors) == (how == signal.SIGINT)
    for simulator in simulators:
        wait_until_gone(simulator)
    assert os.listdir() == []


def test_results_are_json():
    content = json.loads(json.dumps(verify(TINY).to_json()))
    assert content["passed"] is True
    assert content["config_hash"] == TINY.config_hash
