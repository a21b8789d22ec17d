"""`slipstick generate`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from slipstick.cli import main
from tests.gen.check import lint


def test_writes_the_files_of_every_config_and_prints_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    assert main(["generate", "dp4a", "int8-mac", "-o", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    names = [
        f"{name}.{kind}" for name in ("dp4a", "int8_mac") for kind in ("v", "f", "core", "json")
    ]
    assert printed == [str(out / name) for name in names]
    assert {path.name for path in out.iterdir()} == set(names)


def test_json_is_the_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "dp4a", "-o", str(tmp_path), "--json"]) == 0
    (manifest,) = json.loads(capsys.readouterr().out)
    assert manifest == json.loads((tmp_path / "dp4a.json").read_text())
    verilog = (tmp_path / "dp4a.v").read_bytes()
    assert manifest["files"]["dp4a.v"] == hashlib.sha256(verilog).hexdigest()


def test_nothing_is_written_if_one_config_is_bad(tmp_path: Path) -> None:
    assert main(["generate", "dp4a", "fma", "a=int8", "-o", str(tmp_path / "out")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_configuration_for_layout_on_request(tmp_path: Path) -> None:
    assert main(["generate", "dp4a", "-o", str(tmp_path), "--openlane", "4"]) == 0
    variables = json.loads((tmp_path / "dp4a.openlane.json").read_text())
    assert (variables["DESIGN_NAME"], variables["CLOCK_PERIOD"]) == ("dp4a", 4)
    assert main(["generate", "dp4a", "-o", str(tmp_path), "--openlane", "0"]) == 2


def test_streams_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dp4a", "-o", str(tmp_path), "--json", "--stream"]
    manifests = {}
    for kind in ("ready", "axi"):
        assert main(["generate", *words, kind]) == 0
        (manifests[kind],) = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in manifests.values()] == ["dp4a_stream", "dp4a_axis"]
    assert manifests["ready"]["stream"] == {"kind": "ready", "depth": 0}
    roles = {port["name"]: port["role"] for port in manifests["ready"]["ports"]}
    assert (roles["in_ready"], roles["out_ready"], roles["a"]) == ("ready", "ready", "data")
    fields = manifests["axi"]["stream"]["fields"]
    assert [(field["name"], field["offset"]) for field in fields["s_axis_tdata"]] == [
        ("a", 0),
        ("b", 32),
        ("c", 64),
    ]
    text = (tmp_path / "dp4a_axis.v").read_text()
    assert "//     s_axis_tdata[63:32] is b: 4 x int8, the first in the low bits" in text
    assert "Either side may stall" in text
    for file in tmp_path.glob("*.v"):
        assert lint(file) == ""


def test_streams_need_a_name_that_is_not_too_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x" * 125
    words = ["generate", "dp4a", f"name={name}", "-o", str(tmp_path), "--stream", "axi"]
    assert main(words) == 2
    assert f"name = {name}_axis: must be 1 to 128 letters" in " ".join(
        capsys.readouterr().err.split()
    )
    assert list(tmp_path.iterdir()) == []
