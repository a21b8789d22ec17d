"""What a sweep found, as files: a table, pictures, Verilog, and a page to choose from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gen.errors import ConfigError
from gen.files import write_atomically
from synth.database import Row
from synth.energy import macs_of

__all__ = ["METRICS", "Column", "Table", "table_of", "write_report"]

PAGE = "index.html"
"""The page, in the report's directory."""

VERILOG = "verilog"
"""Directory with the Verilog and manifest of each config."""

_TEMPLATE = Path(__file__).with_name("page.html")

Record = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    key
        Its name in the CSV file.
    label
        Its heading for people, with the unit.
    kind
        ``text`` or ``number``.
    better
        ``less`` or ``more`` for what is chosen by; empty for everything else.
    """

    key: str
    label: str
    kind: str
    better: str = ""


METRICS = (
    Column("area_um2", "area, um2", "number", "less"),
    Column("nand2_equivalents", "NAND2", "number", "less"),
    Column("delay_ps", "delay, ps", "number", "less"),
    Column("latency", "latency, cycles", "number", "less"),
    Column("fj_per_op", "energy, fJ/op", "number", "less"),
    Column("fj_per_mac", "energy, fJ/MAC", "number", "less"),
    Column("leakage_nw", "leakage, nW", "number", "less"),
    Column("area_per_mac_um2", "area/MAC, um2", "number", "less"),
    Column("sqnr_db", "SQNR, dB", "number", "more"),
    Column("digits_accuracy", "digits right", "number", "more"),
    Column("verified_vectors", "vectors verified", "number"),
)
"""What is measured; a column without any value is left out of the page."""


@dataclass(frozen=True)
class Table:
    """All points, and what is to be known of their columns.

    Attributes
    ----------
    columns
        Config, options and metrics in the order in which they are shown.
    records
        A dict a point: all columns, ``status``, ``error``, ``log``, ``files`` (stem of its files,
        or None), ``area_blocks`` and ``energy_blocks`` (um2 and fJ by block).
    common
        Parameters that all points share, which are no columns.
    """

    columns: tuple[Column, ...]
    records: tuple[Record, ...]
    common: Mapping[str, Any]


def table_of(rows: Sequence[Row]) -> Table:
    """Return the points of a database as one table, in their order."""
    stems = _stems(rows)
    records = [_record(row, stems.get(row.key)) for row in rows]
    # Points that failed know less of themselves.
    known = [record for record in records if record["status"] == "done"] or records
    given = dict.fromkeys(key for record in known for key in record["params"])
    shared = {
        key: known[0]["params"].get(key)
        for key in given
        if all(record["params"].get(key) == known[0]["params"].get(key) for record in known)
    }
    varying = [key for key in given if key not in shared or len(known) == 1]
    for record in records:
        record |= {key: record["params"].get(key) for key in varying}
    settings_of = ("unit", "library", "effort", "operands")
    keys = [key for key in settings_of if len({record[key] for record in known}) > 1]
    keys += [*varying, "period_ps"]
    settings = {key: [r[key] for r in known if r[key] is not None] for key in keys}
    columns = (
        Column("name", "name", "text"),
        *(
            Column(key, _LABELS.get(key, key), _kind(values))
            for key, values in settings.items()
            if values
        ),
        *(one for one in METRICS if any(record[one.key] is not None for record in known)),
    )
    common = {} if len(known) == 1 else shared
    return Table(columns, tuple(records), common)


_LABELS: Mapping[str, str] = {"period_ps": "period, ps"}


def _kind(values: Sequence[Any]) -> str:
    numbers = all(isinstance(value, int | float) and value is not True for value in values)
    return "number" if numbers and not any(isinstance(v, bool) for v in values) else "text"


def _stems(rows: Sequence[Row]) -> dict[str, str]:
    """Return the stem of the files of each point that has Verilog; one hardware, one stem."""
    taken: dict[str, str] = {}
    stems: dict[str, str] = {}
    for row in rows:
        if row.verilog is None or row.manifest is None:
            continue
        # The manifest's: a period may have decided how many stages there are.
        stem, config = (row.manifest.get(key, getattr(row, key)) for key in ("name", "config_hash"))
        if taken.setdefault(stem, config) != config:
            stem = f"{stem}_{config[:8]}"
        stems[row.key] = stem
    return stems


def _record(row: Row, stem: str | None) -> Record:
    result = row.result or {}
    energy = result.get("energy") or {}
    manifest = row.manifest or {}
    params = manifest.get("config", {}).get("params", row.params)
    area = result.get("area_um2")
    macs = 1 if area is None else macs_of(params) or 1
    checked = result.get("verify") or {}
    library = result.get("library", {}).get("name", Path(row.options.get("library", "")).name)
    return {
        "name": row.name,
        "unit": row.unit,
        "library": library,
        "params": {key: _plain(value) for key, value in params.items()},
        "period_ps": row.options.get("period_ps"),
        "effort": result.get("effort"),
        "operands": energy.get("operands"),
        **{
            key: result.get(key) for key in ("area_um2", "nand2_equivalents", "delay_ps", "latency")
        },
        **{key: result.get(key) for key in ("sqnr_db", "digits_accuracy")},
        **{key: energy.get(key) for key in ("fj_per_op", "fj_per_mac", "leakage_nw")},
        "area_per_mac_um2": None if area is None else round(area / macs, 3),
        "verified_vectors": checked.get("vectors"),
        "status": row.status,
        "error": row.error,
        "log": row.log,
        "files": stem,
        "area_blocks": {block["name"]: block["area_um2"] for block in result.get("blocks", [])},
        "energy_blocks": {block["name"]: block["fj"] for block in energy.get("blocks", [])},
    }


def _plain(value: Any) -> Any:
    """Return a parameter as one cell of a table."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def csv_of(table: Table) -> str:
    """Return the table for spreadsheets and pandas: all columns, the common parameters too."""
    keys = [column.key for column in table.columns]
    extra = [key for key in ("unit", "library", "effort", "operands") if key not in keys]
    header = [*keys, *extra, *table.common, "status", "error"]
    out = io.StringIO()
    writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for record in table.records:
        writer.writerow({**table.common, **record})
    return out.getvalue()


_UNSHOWN = ("area_blocks", "energy_blocks", "params")


def page_of(table: Table, title: str) -> str:
    """Return the page: one file that needs nothing else but the Verilog that it links to."""
    shown = [
        {key: value for key, value in record.items() if key not in _UNSHOWN}
        for record in table.records
    ]
    data = {
        "title": title,
        "columns": [vars(column) for column in table.columns],
        "points": shown,
        "common": table.common,
        "directory": VERILOG,
    }
    # In a script element, only "</" could end it early.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=str)
    text = text.replace("</", "<\\/").replace("<!--", "<\\!--")
    return _TEMPLATE.read_text().replace("{{DATA}}", text).replace("{{TITLE}}", _escaped(title))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_report(rows: Sequence[Row], directory: Path, title: str) -> list[Path]:
    """Write the table, the page, the pictures and the Verilog; return the files, the page first.

    Raises
    ------
    ConfigError
        If there are no points, or the directory cannot be written.
    """
    from synth.charts import draw_charts

    if not rows:
        raise ConfigError(f"{title}: there are no points in it")
    table = table_of(rows)
    stems = _stems(rows)
    sources: dict[str, bytes] = {}
    for row in rows:
        if row.key in stems and row.verilog is not None:
            sources[f"{stems[row.key]}.v"] = row.verilog.encode()
            sources[f"{stems[row.key]}.json"] = f"{json.dumps(row.manifest, indent=2)}\n".encode()
    files: dict[str, bytes] = {"points.csv": csv_of(table).encode()}
    if find_spec("pyarrow") is not None:
        files["points.parquet"] = _parquet(table)
    files |= draw_charts(table)
    files[PAGE] = page_of(table, title).encode()
    write_atomically(directory / VERILOG, sources)
    return list(reversed(write_atomically(directory, files)))


def _parquet(table: Table) -> bytes:
    arrow, reader, writer = (
        import_module(name) for name in ("pyarrow", "pyarrow.csv", "pyarrow.parquet")
    )
    sink = arrow.BufferOutputStream()
    writer.write_table(reader.read_csv(io.BytesIO(csv_of(table).encode())), sink)
    return sink.getvalue().to_pybytes()
