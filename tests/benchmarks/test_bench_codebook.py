from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.bench_codebook import HELD, TABLE, UNITS, ProductTable, main, operands_of
from gen.config import make_config
from hdl.formats import CodebookFormat, IntFormat, parse_format
from hdl.stages.codebook import Codebook
from tests.hdl.simulate import settle


def test_held_weights_stay() -> None:
    config = make_config("dot", UNITS["16 x int8 nf4 as q1.7"])
    held, fresh = (operands_of(config, held=held)["b"] for held in (True, False))
    assert held.shape == fresh.shape
    changes = np.flatnonzero((held[1:] != held[:-1]).any(axis=1)) + 1
    assert (changes % HELD == 0).all()
    assert (fresh[1:] != fresh[:-1]).any(axis=1).mean() > 0.99


def test_products_by_table() -> None:
    left = CodebookFormat("left", (0.5, -1.0))
    right = CodebookFormat("right", (0.25, 0.75, -0.5, 0.0))
    books = [Codebook(fmt, parse_format("q1.2")) for fmt in (left, right)]
    unit = ProductTable(books[0], books[1], IntFormat(6))
    rows = [{"in_valid": 1, "a": a, "b": b} for b in range(4) for a in range(2)]
    # In units of 1/16: (2, -4) times (1, 3, -2, 0).
    expected = [2, -4, 6, -12, -4, 8, 0, 0]
    assert settle(unit, rows, "y") == [(y & 63,) for y in expected]


def test_costs_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", TABLE]) == 0
    (costs,) = json.loads(capsys.readouterr().out).values()
    assert 350 < costs["um2"] < 500
    assert 0.4 < costs["fJ held"] / costs["fJ"] < 1
    assert main([TABLE]) == 0
    assert "held for 64" in capsys.readouterr().out
