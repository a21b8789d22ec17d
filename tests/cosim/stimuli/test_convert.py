import numpy as np
import pytest

from cosim.stimuli import convert as stimuli
from cosim.stimuli.convert import corner_words, random_words

PLAIN = {"x": "e4m3", "y": "int8", "random_bits": None}
STOCHASTIC = PLAIN | {"random_bits": 4}


def test_directed_operands_meet_every_corner_of_the_word():
    assert list(stimuli.directed(PLAIN)) == ["x"]
    chosen = stimuli.directed(STOCHASTIC)
    pairs = set(zip(chosen["x"].tolist(), chosen["rnd"].tolist(), strict=True))
    assert len(pairs) == 256 * len(corner_words(4))


@pytest.mark.parametrize("bits", [1, 2, 8, 32])
def test_words_fit(bits):
    words = random_words(bits, 1000, np.random.default_rng(0))
    assert int(words.max()) == int(corner_words(bits).max()) == (1 << bits) - 1


@pytest.mark.parametrize("count", [0, 300])
def test_random_operands(count):
    chosen = stimuli.random(STOCHASTIC, count, np.random.default_rng(0))
    assert {port: codes.shape for port, codes in chosen.items()} == {"x": (count,), "rnd": (count,)}


def test_enumeration():
    assert (stimuli.space_bits(PLAIN), stimuli.space_bits(STOCHASTIC)) == (8, 12)
    assert stimuli.enumerate_space(PLAIN, 5, 3)["x"].tolist() == [5, 6, 7]
    chosen = stimuli.enumerate_space(STOCHASTIC, 15, 2)
    assert (chosen["x"].tolist(), chosen["rnd"].tolist()) == ([0, 1], [15, 0])
