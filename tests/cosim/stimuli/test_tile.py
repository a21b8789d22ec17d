import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.tile import model
from cosim.stimuli import dot
from cosim.stimuli import tile as stimuli
from gen.config import make_config
from tests.cosim.params import dot_params


def params(**given):
    return make_config("tile", given).params_dict()


FLOAT = params(m=2, n=3, k=4, a="e4m3", b="e5m2", c="fp32", y="fp32")
STATEFUL = params(m=2, n=1, k=2, a="int8", b="int8", y="int24", accumulate=True)
SPARSE = params(m=2, n=2, k=4, a="vsq4m4v2", b="vsq4m4v2", sparsity="2:4")


@pytest.mark.parametrize("given", [FLOAT, STATEFUL, SPARSE], ids=["float", "acc", "2:4"])
def test_operands_fit_the_model(given):
    for chosen in (stimuli.directed(given), stimuli.random(given, 200, np.random.default_rng(0))):
        assert len(model(given, chosen)["y"]) == len(chosen["a"])
    assert len(stimuli.random(given, 0, np.random.default_rng(0))["b"]) == 0


def test_vectors_that_belong_together_meet_on_the_diagonal():
    chosen = stimuli.directed(FLOAT)
    alone = dot.directed(dot_params("e4m3", "e5m2", "fp32", 4, c="fp32"))
    count = len(alone["a"])
    assert np.array_equal(chosen["a"].reshape(count, 2, 4)[:, 0], alone["a"])
    assert np.array_equal(chosen["b"].reshape(count, 4, 3)[:, :, 0], alone["b"])
    assert np.array_equal(chosen["c"][:, 0], alone["c"])
    # Row 1 and column 1 are one step ahead.
    assert np.array_equal(chosen["c"][:-1, 4], alone["c"][1:])
    assert np.array_equal(chosen["b"].reshape(count, 4, 3)[:-1, :, 1], alone["b"][1:])


def test_every_element_of_the_result_is_tried():
    y = model(FLOAT, stimuli.random(FLOAT, 2000, np.random.default_rng(1)))["y"]
    values = decode(y, "fp32")
    assert (np.isfinite(values).mean(axis=0) > 0.5).all()
    assert all(len(np.unique(column)) > 500 for column in y.T)


def test_enumeration():
    given = params(m=1, n=1, k=2, a="vsq2m1v1", b="vsq2m1v1")
    assert stimuli.space_bits(given) == 12
    chosen = stimuli.enumerate_space(given, 0, 1 << 12)
    rows = np.column_stack([codes.reshape(1 << 12, -1) for codes in chosen.values()])
    assert len(np.unique(rows, axis=0)) == 1 << 12
    assert stimuli.space_bits(STATEFUL) > 64
    sparse = params(m=1, n=1, k=2, a="vsq2m1v2", b="vsq2m1v2", sparsity="1:2")
    assert stimuli.space_bits(sparse) == 4 * 2 + 2 * 2 + 1 + 1 + 2  # a, b, scales, meta
    message = r"^accumulators have more than their operands to enumerate$"
    with pytest.raises(ValueError, match=message):
        stimuli.enumerate_space(STATEFUL, 0, 1)
