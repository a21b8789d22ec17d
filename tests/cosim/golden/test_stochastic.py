import numpy as np
import pytest

from cosim.golden import Random


@pytest.mark.parametrize(
    ("words", "bits", "message"),
    [
        ([0, 4], 2, "random words of 2 bits are 0 to 3"),
        ([-1, 0], 2, "random words of 2 bits are 0 to 3"),
        ([0.5], 2, "random words are integers, not float64"),
        ([1], 0, "random words have 1 to 32 bits, not 0"),
    ],
)
def test_bad_random_words(words, bits, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Random(np.array(words), bits)


def test_rows_and_shapes():
    random = Random(np.array([[3], [5]]), 3).spread((2, 2))
    assert random.words.tolist() == [3, 3, 5, 5]
    assert random[1:3].words.tolist() == [3, 5]
    assert random[1:3].bits == 3
