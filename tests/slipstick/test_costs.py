from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.config import make_config
from slipstick.costs import Pricing, closed, curve, price, workload_of
from synth.flow import synthesize


def test_energy_of_an_accumulator_in_a_pipeline() -> None:
    config = make_config(
        "dot",
        {"a": "int4", "b": "int4", "y": "int16", "lanes": 2, "accumulate": True, "stages": 1},
    )
    energy = synthesize(config, objective="area", workload=workload_of(config)).energy
    assert energy is not None
    assert energy.checked_bits == 512 * 32 * (16 + 1)  # y and out_valid
    assert energy.fj_per_mac == pytest.approx(energy.fj_per_op / 2, abs=1e-4)  # as rounded
    assert {"registers", "clock", "input ports"} < {block.name for block in energy.blocks}


def test_a_file_goes_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "tensor.npz"
    codes = np.zeros((3, 2), np.uint8)
    np.savez(file, a=codes, b=codes)
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2})
    workload = workload_of(config, file)
    assert (workload.name, workload.macs) == ("tensor.npz", 2)


def test_a_period_closes_only_what_is_open() -> None:
    fixed = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2, "stages": 2})
    how: Pricing = {"period_ps": 400.0, "effort": "quick"}
    assert closed(fixed, how) == fixed
    free = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2})
    assert closed(free, {"effort": "quick"}) == free
    chosen = closed(free, how)
    assert price(chosen, how).delay_ps <= 400
    if chosen.params.stages:
        fewer = make_config("dot", {**free.given(), "stages": chosen.params.stages - 1})
        assert price(fewer, how).delay_ps > 400


def test_a_config_with_a_period_is_sized_for_it() -> None:
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2, "period": 3000})
    assert price(config, {"effort": "quick"}).period_ps == 3000


def test_a_curve_asks_for_its_own_delays() -> None:
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 1, "period": 3000})
    found = curve(config, {"effort": "quick", "objective": "delay"}, 1, operands="uniform")
    assert len(found) > 1
    assert 3000 not in {one.period_ps for one in found}
    assert all(one.energy is not None and one.energy.operands == "uniform" for one in found)
