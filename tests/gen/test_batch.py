from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gen import batch
from gen.batch import FEW, generate_all
from gen.config import make_config
from gen.emit import generate
from gen.errors import ConfigError, ToolError

CONFIGS = [make_config("convert", {"x": f"int{bits}", "y": "int4"}) for bits in range(5, 9)]


def test_many_are_the_same_as_one_by_one() -> None:
    assert len(CONFIGS) > FEW
    together = generate_all(CONFIGS, workers=2)
    assert [one.files for one in together] == [generate(config).files for config in CONFIGS]
    assert [one.config for one in together] == CONFIGS


def test_few_need_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "ProcessPoolExecutor", None)
    assert [one.name for one in generate_all(CONFIGS[:2])] == [one.name for one in CONFIGS[:2]]
    assert len(generate_all(CONFIGS, workers=1)) == len(CONFIGS)


@pytest.mark.parametrize(
    "error", [ConfigError("x = 1: no"), ToolError("yosys", "failed", log=Path("a.log"), tail="end")]
)
def test_errors_come_through_from_a_process(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))
