"""`slipstick generate`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from slipstick.cli import main


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
