import pytest

from hdl.bricks.normalizer import Normalizer
from tests.hdl.simulate import settle


@pytest.mark.parametrize("kind", ["serial", "parallel"])
@pytest.mark.parametrize(
    ("bits", "kept", "min_room", "max_room"),
    [(6, 3, -2, 9), (7, 2, 0, 4), (3, 5, 1, 40), (1, 1, -1, 1), (5, 5, 2, 2), (8, 3, 8, 20)],
)
def test_every_word_and_room(bits, kept, min_room, max_room, kind):
    operands = [
        {"data": data, "negative": negative, "room": room}
        for data in range(1 << bits)
        for negative in (0, 1)
        for room in range(min_room, max_room + 1)
    ]
    unit = Normalizer(bits, kept, min_room, max_room, kind)
    results = settle(unit, operands, "amount", "shifted", "any_below")
    for given, (amount, shifted, any_below) in zip(operands, results, strict=True):
        magnitude = given["data"] ^ (given["negative"] * ((1 << bits) - 1))
        if magnitude or given["negative"]:
            assert amount == min(bits - magnitude.bit_length(), max(given["room"], 0))
        # With plenty of zeros appended, and cut off at the top.
        exact = (given["data"] << 64 << amount) % (1 << (bits + 64))
        top = exact >> (bits + 64 - kept)
        assert shifted == top
        assert any_below == (exact != top << (bits + 64 - kept))


@pytest.mark.parametrize("short", [0, 1])
@pytest.mark.parametrize(
    ("bits", "kept", "min_room", "max_room"), [(6, 3, -2, 9), (3, 5, 1, 40), (7, 2, 0, 4)]
)
def test_marks_at_the_place_and_one_above(bits, kept, min_room, max_room, short):
    operands = []
    for data in range(1 << bits):
        for negative in (0, 1):
            magnitude = data ^ (negative * ((1 << bits) - 1))
            # Where there is nothing to mark, or nothing above it, the mark is not too high.
            mark = (magnitude.bit_length() and 1 << (magnitude.bit_length() - 1)) << short
            marks = mark if mark < 1 << bits else mark >> 1
            # What is marked below the highest does not count.
            marks |= data & max(0, marks - 1)
            operands += [
                {"data": data, "marks": marks, "negative": negative, "room": room}
                for room in range(min_room, max_room + 1)
            ]
    unit = Normalizer(bits, kept, min_room, max_room, "anticipated")
    results = settle(unit, operands, "amount", "further", "shifted", "any_below")
    for given, (amount, further, shifted, any_below) in zip(operands, results, strict=True):
        magnitude = given["data"] ^ (given["negative"] * ((1 << bits) - 1))
        places = amount + further
        if magnitude or given["negative"]:
            assert places == min(bits - magnitude.bit_length(), max(given["room"], 0))
        exact = (given["data"] << 64 << places) % (1 << (bits + 64))
        top = exact >> (bits + 64 - kept)
        assert shifted == top
        assert any_below == (exact != top << (bits + 64 - kept))
