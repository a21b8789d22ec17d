"""Configuration for LibreLane, formerly OpenLane 2: from the Verilog to a layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["openlane_config"]


def openlane_config(manifest: Mapping[str, Any], period_ns: float) -> bytes:
    """Return the contents of a configuration file that lies beside the Verilog, JSON.

    Parameters
    ----------
    manifest
        Of the unit.
    period_ns
        Clock period. A combinational unit has no clock; there it bounds the way from inputs to
        outputs.
    """
    config = {
        "meta": {"version": 2},
        "DESIGN_NAME": manifest["name"],
        "VERILOG_FILES": [f"dir::{manifest['name']}.v"],
        "CLOCK_PORT": manifest["clock"],
        "CLOCK_PERIOD": period_ns,
    }
    return f"{json.dumps(config, indent=2)}\n".encode()
