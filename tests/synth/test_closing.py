from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gen.config import Config, make_config
from gen.errors import ConfigError
from synth.closing import close_timing, is_open
from synth.result import SynthResult

FMA = {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16"}
MAC = {"a": "int4", "b": "int4", "y": "int16", "lanes": 2, "accumulate": True}


class Prices:
    """Made-up delays by number of stages; which were asked for is kept."""

    def __init__(self, *delays: float) -> None:
        self.delays = delays
        self.asked: list[int] = []

    def __call__(self, config: Config) -> SynthResult:
        stages = config.params.stages
        self.asked.append(stages)
        path = {"from": "a[0]", "to": "DFF"}
        return cast(Any, SimpleNamespace(delay_ps=self.delays[stages], path=path))


@pytest.mark.parametrize(
    ("period", "stages"),
    [(2500.0, 0), (2000.0, 0), (1999.0, 1), (1000.0, 2), (700.0, 3), (600.0, 4)],
)
def test_the_smallest_number_that_meets_it(period: float, stages: int) -> None:
    prices = Prices(2000.0, 1100.0, 900.0, 650.0, 600.0)
    config, result = close_timing(make_config("fma", FMA), period, prices)
    assert config.params.stages == stages
    assert config.name.endswith(f"_s{stages}") == (stages > 0)
    assert result.delay_ps <= period
    assert len(prices.asked) == len(set(prices.asked))


def test_registers_that_only_hinder() -> None:
    prices = Prices(400.0, 700.0, 700.0, 700.0, 700.0)
    config, _ = close_timing(make_config("fma", FMA), 500.0, prices)
    assert config.params.stages == 0


def test_out_of_reach() -> None:
    with pytest.raises(ConfigError) as caught:
        close_timing(make_config("fma", FMA), 100.0, Prices(900.0, 500.0, 300.2, 300.1, 310.0))
    assert str(caught.value) == (
        "period = 100: fma_e4m3_e4m3_fp16_fp16_s3, with stages = 3, takes 300 ps from a[0] to DFF; "
        "nearest: 301"
    )


def test_a_loop_is_to_blame() -> None:
    with pytest.raises(ConfigError, match="no register divides the loop of its accumulator"):
        close_timing(make_config("dot", MAC), 50.0, Prices(*[200.0] * 9))


def test_who_says_how_many_stages_is_not_asked_again() -> None:
    assert is_open(make_config("fma", FMA))
    assert not is_open(make_config("fma", FMA | {"stages": 0}))
    by_period = make_config("fma", FMA | {"period": 3000})
    assert is_open(by_period)
    other = replace(by_period, name="other")
    assert close_timing(other, 2000.0, Prices(2000.0))[0].params.stages == 0
