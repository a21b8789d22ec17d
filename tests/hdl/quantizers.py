"""A block quantizer in Amaranth's simulator beside the golden model."""

from typing import Any

import numpy as np

from cosim.golden.block_quantize import model
from cosim.stimuli import block_quantize as stimuli
from gen.config import make_config
from hdl.block_quantize import BlockQuantize
from tests.hdl.simulate import settle

__all__ = ["assert_whole_vectors_right", "built"]


def built(**params: Any) -> tuple[BlockQuantize, dict[str, Any]]:
    """Return a unit that takes whole vectors, and its complete parameters."""
    config = make_config("block_quantize", params)
    return BlockQuantize(**config.params.constructor_arguments()), config.params_dict()


def packed(codes: Any, bits: int) -> int:
    return sum(int(code) << (bits * i) for i, code in enumerate(np.atleast_1d(codes)))


def assert_whole_vectors_right(count: int = 40, **params: Any) -> None:
    """Compare every output for random vectors, with the golden model."""
    unit, complete = built(**params)
    operands = stimuli.random(complete, count, np.random.default_rng(1))
    expected = model(complete, operands)
    widths = {port.name: port.width // port.lanes for port in unit.ports}
    rows = [
        {"in_valid": 1} | {name: packed(codes[k], widths[name]) for name, codes in operands.items()}
        for k in range(count)
    ]
    found = settle(unit, rows, *expected)
    columns = [[packed(row, widths[name]) for row in codes] for name, codes in expected.items()]
    assert found == list(zip(*columns, strict=True))
    assert len(set(found)) > count // 3
