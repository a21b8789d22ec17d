import gc
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gen.catalog import UNITS
from gen.config import make_config, presets, resolve
from gen.emit import generate, interface, verilog_of, write
from gen.errors import ConfigError
from hdl.bricks.adder import FullAdder
from tests.gen import toys
from tests.gen.check import compile_with_icarus, is_equivalent, lint

TOYS = {
    "operators": toys.Operators,
    "choices": toys.Choices,
    "pipeline": toys.Pipeline,
    "nested": toys.Nested,
    "chain": toys.Chain,
}

# Every path through the units at sizes that are proven in a second: pairs of kinds of format, each
# with and without an addend, every option away from its default once, registers at every cut.
UNITS_TO_PROVE = """
fma a=e4m3 b=e4m3 c=fp16 y=fp16
fma a=e4m3 b=e5m2 c=fp16 y=fp16 flags=true rounding=rdn stages=2
fma a=e2m1 b=e3m2 c=e4m3 y=e4m3 overflow=saturate rounding=rna
fma a=e5m2fnuz b=e4m3fnuz c=e3m4 y=e5m2 subnormals=flush flags=true stages=7
fma a=int4 b=uint4 c=int8 y=int8
fma a=int4 b=int4 c=int16 y=int8 overflow=saturate flags=true stages=4
fma a=int8 b=e2m1 c=int8 y=int12 rounding=rup objective=delay
fma a=e2m1 b=e2m1 c=bf16 y=bf16 objective=area stages=3
dot a=e5m2 b=int2 lanes=4 c=uint1 y=int8 rounding=rtz subnormals=flush objective=delay
dot a=int4 b=int4 lanes=3
dot a=int3 b=int3 y=int6 lanes=2 accumulate=true accumulator=carry_save gate_zero=true stages=2
dot a=uint8 b=int4 lanes=2 c=int16 y=int10 overflow=saturate stages=2
dot a=int4 b=int4 lanes=2 y=int12 accumulate=true
dot a=e2m1 b=e2m1 lanes=4 y=fp16
dot a=e2m1 b=e3m2 lanes=2 y=e4m3 c=e4m3 rounding=rtz stages=3 objective=area
dot a=e4m3 b=int4 lanes=2 y=fp16 accumulate=true stages=2
dot a=e2m1 b=e2m1 lanes=3 y=int8 objective=delay
""".strip().splitlines()


@pytest.mark.parametrize("name", TOYS)
def test_toy_is_unchanged_and_clean(name: str, tmp_path: Path) -> None:
    verilog = verilog_of(TOYS[name](), name)
    path = tmp_path / f"{name}.v"
    path.write_text(verilog)
    assert lint(path) == ""
    assert is_equivalent(TOYS[name](), verilog, name, tmp_path)


@pytest.mark.parametrize("words", UNITS_TO_PROVE)
def test_unit_is_unchanged_and_clean(words: str, tmp_path: Path) -> None:
    (config,) = resolve(words.split())
    artifact = generate(config)
    write(artifact, tmp_path)
    assert lint(tmp_path / f"{config.name}.v") == ""
    unit = UNITS[config.unit].component(config.params)
    assert is_equivalent(unit, artifact.verilog, config.name, tmp_path)


def test_proof_notices_a_changed_operator(tmp_path: Path) -> None:
    verilog = verilog_of(FullAdder(), "adder")
    assert is_equivalent(FullAdder(), verilog, "adder", tmp_path)
    assert not is_equivalent(FullAdder(), verilog.replace("a ^ b", "a | b"), "adder", tmp_path)


@pytest.mark.tool("iverilog")
@pytest.mark.parametrize("name", ["pipeline", "nested"])
def test_icarus_accepts_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.v"
    path.write_text(verilog_of(TOYS[name](), name))
    assert compile_with_icarus(path) == ""


LARGE = (
    *("dot32-int8", "dot32-e4m3-fp32", "fma-fp32", "log4.3-dally", "log-madam"),
    *("mxfp8-dot32", "nvfp4-dot64", "vsq-int4-pe", "hmma-4x4x4", "qmma", "tpu-v1-16x16"),
)
FAMILIES = ("volta", "turing", "ampere", "ada", "hopper", "blackwell")


def is_large(preset: str) -> bool:
    """Tell whether a preset is as large as others of its family that are checked always."""
    return preset in LARGE or (preset.startswith(FAMILIES) and preset != "volta-fp16")


@pytest.mark.parametrize(
    "preset",
    [pytest.param(name, marks=pytest.mark.slow if is_large(name) else ()) for name in presets()],
)
def test_preset_is_clean_and_plain_verilog(preset: str, tmp_path: Path) -> None:
    (config,) = resolve([preset])
    artifact = generate(config)
    write(artifact, tmp_path)
    assert lint(tmp_path / f"{config.name}.v") == ""
    lines = artifact.verilog.splitlines()
    assert max(map(len, lines)) <= 100
    assert not [line for line in lines if "\\" in line or line != line.rstrip()]
    modules = re.findall(r"^module (\w+)", artifact.verilog, re.MULTILINE)
    assert modules[0] == config.name
    assert all(name.startswith(f"{config.name}_") for name in modules[1:])
    # Nothing is waived but bits that nobody reads, and that the parts of a unit share its file.
    waived = set(re.findall(r"lint_off (\w+)", artifact.verilog))
    assert waived <= {"UNUSEDSIGNAL", "DECLFILENAME"}


def test_waivers_cover_only_declarations_with_unread_bits() -> None:
    verilog = verilog_of(toys.Nested(), "nested")
    waived = re.findall(r"lint_off UNUSEDSIGNAL\n(.*?) *// verilator lint_on", verilog, re.DOTALL)
    assert [re.split(" = |[,;]", text.strip())[0] for text in waived] == [
        "input wire [2:0] unused",  # bit 0
        "wire [7:0] generate_",  # inverted bits are taken before they are put together
        "wire [7:0] choices_y",
        "wire [2:0] choices_w",
        "wire [9:0] total",  # bit 0
        "wire [3:0] y_t1",  # a constant bit
        "input wire [7:0] x",  # shifted out
    ]


def test_garbage_is_collected_again_afterwards() -> None:
    (config,) = resolve(["fma", "a=int2", "b=int2", "c=int2", "y=int4"])
    assert gc.isenabled()
    generate(config)
    assert gc.isenabled()


def test_small_module_reads_like_written_by_hand() -> None:
    verilog = verilog_of(FullAdder(), "full_adder")
    assert verilog == (
        "\n"
        "module full_adder (\n"
        "    input wire a,\n"
        "    input wire b,\n"
        "    input wire c,\n"
        "    output wire sum,\n"
        "    output wire carry\n"
        ");\n"
        "    wire propagate = a ^ b;\n"
        "    assign sum = propagate ^ c;\n"
        "    assign carry = (a & b) | (propagate & c);\n"
        "endmodule\n"
    )


def test_files_belong_together(tmp_path: Path) -> None:
    (config,) = resolve(["dp4a", "stages=1", "name=mac"])
    artifact = generate(config)
    paths = write(artifact, tmp_path / "out")
    assert [path.name for path in paths] == ["mac.v", "mac.f", "mac.core", "mac.json"]
    manifest = json.loads((tmp_path / "out" / "mac.json").read_text())
    assert manifest == artifact.manifest
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    assert (tmp_path / "out" / "mac.f").read_text() == "mac.v\n"
    core = (tmp_path / "out" / "mac.core").read_text()
    assert core.startswith("CAPI=2:\n")
    assert "      - mac.v\n" in core


def test_manifest_describes_config_and_ports() -> None:
    config = make_config(
        "dot",
        {"a": "int8", "b": "e4m3", "lanes": 2, "y": "fp16", "accumulate": True, "stages": 1},
    )
    manifest = generate(config).manifest
    assert manifest["schema"] == 1
    assert manifest["config"] == config.config_dict()
    assert manifest["config_hash"] == config.config_hash
    assert (manifest["latency"], manifest["clock"], manifest["reset"]) == (2, "clk", "rst")
    assert sorted(manifest["tools"]) == ["amaranth", "pyosys", "slipstick"]
    rows = [list(port.values()) for port in manifest["ports"]]
    assert list(manifest["ports"][0]) == ["name", "dir", "width", "lanes", "format", "role"]
    assert rows == [
        ["clk", "in", 1, 1, None, "clock"],
        ["rst", "in", 1, 1, None, "reset"],
        ["in_valid", "in", 1, 1, None, "valid"],
        ["first", "in", 1, 1, None, "control"],
        ["a", "in", 16, 2, "int8", "data"],
        ["b", "in", 16, 2, "e4m3", "data"],
        ["out_valid", "out", 1, 1, None, "valid"],
        ["y", "out", 16, 1, "fp16", "data"],
    ]


def test_interface_is_the_manifest_without_its_files() -> None:
    (config,) = resolve(["dp4a", "stages=1"])
    manifest = generate(config).manifest
    description = interface(config)
    assert set(manifest) - set(description) == {"schema", "files", "tools"}
    assert description == {key: manifest[key] for key in description}
    gc.collect()  # amaranth would now complain about a component that is never elaborated


@pytest.mark.parametrize("words", ["int8-mac", "int8-mac stages=2", "dp4a y=int40"])
def test_ports_of_the_module_are_those_of_the_manifest(words: str) -> None:
    artifact = generate(resolve(words.split())[0])
    header = artifact.verilog.partition("module ")[2].partition(");")[0]
    ports: list[tuple[str, str, int]] = [
        (name, direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"(in|out)put (?:wire|reg) (?:\[(\d+):0\] )?(\w+)", header
        )
    ]
    described: list[Any] = [
        (port["name"], port["dir"], port["width"]) for port in artifact.manifest["ports"]
    ]
    assert ports == described
    assert (artifact.manifest["clock"] is None) == ("clk" not in header)


def test_same_config_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    words = ["dot", "a=e2m1", "b=int4", "y=fp16", "lanes=3", "accumulate=true", "stages=2"]
    here = generate(resolve(words)[0]).files
    program = (
        "import sys; from gen.config import resolve; from gen.emit import generate, write; "
        "write(generate(resolve(sys.argv[2:])[0]), sys.argv[1])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path.cwd())}
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *words], check=True, env=environment
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == here


def test_no_trace_of_the_machine(tmp_path: Path) -> None:
    files = generate(resolve(["int8-mac"])[0]).files
    text = b"".join(files.values()).decode()
    for secret in (str(Path.cwd()), str(Path.home()), os.uname().nodename, "/tmp"):
        assert secret not in text


def test_comment_holds_a_config_file_that_gives_the_same(tmp_path: Path) -> None:
    artifact = generate(resolve(["dp4a"])[0])
    lines = [line.removeprefix("//     ") for line in artifact.verilog.splitlines()]
    start = lines.index('unit = "dot"')
    path = tmp_path / "again.toml"
    path.write_text("\n".join(lines[start : lines.index("", start)]))
    assert generate(resolve([str(path)])[0]).files == artifact.files


def test_unwritable_directory_is_the_users_to_mend(tmp_path: Path) -> None:
    artifact = generate(resolve(["int8-mac"])[0])
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file: cannot write here: "):
        write(artifact, tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


def test_ports_that_are_no_numbers_and_those_with_a_weight_say_so() -> None:
    sparse = generate(make_config("sparse_mux", {"x": "int8", "groups": 2}))
    assert "8 bit  2 x 4 bits, the first in the low bits" in sparse.verilog
    assert "1 bit  something about the operands is illegal" in sparse.verilog
    scales = {"x": "int8", "scale_a": "uint4", "scale_b": "uint4", "scale_bits": 5}
    scaled = generate(make_config("vector_scale", scales))
    assert "13 bit  int13, the lowest bit worth 2^3" in scaled.verilog
    assert {port["name"]: port["lsb"] for port in scaled.manifest["ports"] if "lsb" in port} == {
        "y": 3
    }
