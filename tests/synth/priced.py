"""Points of a study, with made-up results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synth.database import Row, Status
from synth.study import Part


def row(
    part: Part, result: Mapping[str, Any] | None, status: Status = "done", library: str = "tiny"
) -> Row:
    """Return a point of a library; without a result, one that failed."""
    return Row(
        key=part.config_hash,
        unit=part.unit,
        name="toy",
        config_hash=part.config_hash,
        params=part.params,
        options={"library": library},
        status=status,
        attempts=1,
        seconds=1.0,
        result=result,
        manifest=None,
        verilog=None,
        error=None if result else "it broke",
        log=None,
    )


def result(area: float, delay: float, fj: float, vectors: int = 500) -> dict[str, Any]:
    """Return what was measured, energy at 1.1 V."""
    return {
        "area_um2": area,
        "delay_ps": delay,
        "energy": {"fj_per_op": fj, "voltage": 1.1},
        "verify": {"vectors": vectors},
    }
