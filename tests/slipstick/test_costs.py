from __future__ import annotations

from pathlib import Path

import numpy as np

from gen.config import make_config
from slipstick.costs import workload_of
from synth.flow import synthesize


def test_energy_of_an_accumulator_in_a_pipeline() -> None:
    config = make_config(
        "dot",
        {"a": "int4", "b": "int4", "y": "int16", "lanes": 2, "accumulate": True, "stages": 1},
    )
    energy = synthesize(config, objective="area", workload=workload_of(config)).energy
    assert energy is not None
    assert energy.checked_bits == 512 * 32 * (16 + 1)  # y and out_valid
    assert energy.fj_per_mac == energy.fj_per_op / 2
    assert {"registers", "clock", "input ports"} < {block.name for block in energy.blocks}


def test_a_file_goes_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "tensor.npz"
    codes = np.zeros((3, 2), np.uint8)
    np.savez(file, a=codes, b=codes)
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2})
    workload = workload_of(config, file)
    assert (workload.name, workload.macs) == ("tensor.npz", 2)
