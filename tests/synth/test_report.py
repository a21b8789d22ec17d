from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gen.errors import ConfigError
from synth import report
from synth.database import Row
from synth.report import csv_of, page_of, table_of, write_report


def row(
    number: int,
    *,
    a: str,
    lanes: int,
    area: float,
    sqnr: float | None,
    error: str | None = None,
    library: str = "tiny",
    config_hash: str | None = None,
) -> Row:
    """Return a point of a made-up unit."""
    name = f"toy{number}"
    params = {"a": a, "lanes": lanes, "rounding": "rne", "c": None}
    fj = area * 2
    result = {
        "library": {"name": library},
        "area_um2": area,
        "nand2_equivalents": area,
        "delay_ps": 1000.0 - lanes,
        "latency": 0,
        "sqnr_db": sqnr,
        "verify": {"vectors": 500, "mismatches": 0},
        "blocks": [{"name": "product", "area_um2": area, "share": 1.0}],
        "energy": {
            "fj_per_op": fj,
            "fj_per_mac": fj / lanes,
            "leakage_nw": 5.0,
            "blocks": [{"name": "product", "fj": fj, "share": 1.0}],
        },
    }
    return Row(
        key=f"key{number}",
        unit="toy",
        name=name,
        config_hash=config_hash or f"hash{number:04}",
        params={"a": a, "lanes": lanes},
        options={"library": library, "period_ps": None},
        status="failed" if error else "done",
        attempts=1,
        seconds=1.0,
        result=None if error else result,
        manifest=None if error else {"config": {"params": params}},
        verilog=None if error else f"module {name}; endmodule\n",
        error=error,
        log="the log" if error else None,
    )


ROWS = [
    row(1, a="int8", lanes=4, area=400.0, sqnr=40.0),
    row(2, a="e4m3", lanes=8, area=1000.0, sqnr=30.0),
    row(3, a="e4m3", lanes=16, area=1.0, sqnr=None, error="it broke"),
]


def test_what_all_points_share_is_no_column() -> None:
    table = table_of(ROWS)
    assert table.common == {"rounding": "rne", "c": None}
    assert [column.key for column in table.columns] == [
        *("name", "a", "lanes"),
        *("area_um2", "nand2_equivalents", "delay_ps", "latency", "fj_per_op", "fj_per_mac"),
        *("leakage_nw", "area_per_mac_um2", "sqnr_db", "verified_vectors"),
    ]
    kinds = {column.key: column.kind for column in table.columns}
    assert (kinds["a"], kinds["lanes"]) == ("text", "number")
    assert table.records[0]["area_per_mac_um2"] == 100.0
    assert table.records[2]["area_um2"] is None
    assert table.records[2]["lanes"] == 16


def test_a_parameter_may_be_called_blocks() -> None:
    point = row(5, a="mxfp4", lanes=4, area=10.0, sqnr=1.0)
    assert point.manifest is not None
    point.manifest["config"]["params"]["blocks"] = 2
    record = table_of([ROWS[0], point]).records[1]
    assert (record["blocks"], record["area_blocks"]) == (2, {"product": 10.0})


def test_libraries_are_a_column_if_there_are_several() -> None:
    rows = [ROWS[0], row(4, a="int8", lanes=4, area=1.0, sqnr=1.0, library="other")]
    assert [column.key for column in table_of(rows).columns][:2] == ["name", "library"]


def test_a_single_point_has_all_its_parameters() -> None:
    table = table_of(ROWS[:1])
    assert table.common == {}
    assert {"a", "lanes", "rounding"} <= {column.key for column in table.columns}


def test_csv_can_be_read_back() -> None:
    content = list(csv.DictReader(io.StringIO(csv_of(table_of(ROWS)))))
    assert [point["name"] for point in content] == ["toy1", "toy2", "toy3"]
    assert [point["status"] for point in content] == ["done", "done", "failed"]
    assert float(content[1]["fj_per_mac"]) == 250.0
    assert content[0]["rounding"] == "rne"
    assert content[2]["area_um2"] == ""


def test_the_page_holds_its_data_and_asks_for_nothing() -> None:
    text = page_of(table_of(ROWS), "a <title> </script>")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert data["title"] == "a <title> </script>"
    assert len(data["points"]) == 3
    assert "<title>a &lt;title&gt; &lt;/script&gt;</title>" in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)


def test_the_files_of_a_report(tmp_path: Path) -> None:
    page, *files = write_report(ROWS, tmp_path, "toys")
    assert page == tmp_path / "index.html"
    names = {file.name for file in files}
    assert {"points.csv", "pareto-area.svg", "pareto-area.png", "breakdown-energy.svg"} <= names
    assert {file.name for file in (tmp_path / "verilog").iterdir()} == {
        *("toy1.v", "toy1.json", "toy2.v", "toy2.json"),
    }


def test_one_name_for_two_units_gets_two_files(tmp_path: Path) -> None:
    other = row(1, a="e4m3", lanes=4, area=2.0, sqnr=2.0, config_hash="0123456789")
    write_report([ROWS[0], other], tmp_path, "toys")
    assert (tmp_path / "verilog" / "toy1_01234567.v").exists()
    assert "toy1_01234567" in (tmp_path / "index.html").read_text()


def test_without_points_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="toys: there are no points in it"):
        write_report([], tmp_path, "toys")


def test_parquet_only_where_pyarrow_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "find_spec", lambda _: None)
    write_report(ROWS[:1], tmp_path, "toys")
    assert not (tmp_path / "points.parquet").exists()

    class Sink:
        content = b""

        def getvalue(self) -> Sink:
            return self

        def to_pybytes(self) -> bytes:
            return self.content

    def write_table(table: bytes, sink: Sink) -> None:
        sink.content = b"PAR1" + table

    modules: dict[str, dict[str, Any]] = {
        "pyarrow": {"BufferOutputStream": Sink},
        "pyarrow.csv": {"read_csv": lambda stream: stream.read()},
        "pyarrow.parquet": {"write_table": write_table},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(report, "find_spec", lambda name: name)
    write_report(ROWS[:1], tmp_path, "toys")
    assert (tmp_path / "points.parquet").read_bytes().startswith(b"PAR1name,")
