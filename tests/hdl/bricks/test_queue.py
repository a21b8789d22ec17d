from collections import deque
from random import Random

import pytest

from hdl.bricks.queue import Queue
from tests.hdl.simulate import run_pipeline


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_against_a_deque(depth):
    random = Random(depth)
    model: deque[int] = deque()
    cycles, expected = [], []
    for _ in range(600):
        r_en = random.random() < 0.5
        leaves = bool(model) and r_en
        w_en = random.random() < 0.6 and len(model) - leaves < depth
        data = random.randrange(256)
        cycles.append({"w_data": data, "w_en": int(w_en), "r_en": int(r_en)})
        expected.append((1, model[0]) if model else (0, None))
        if leaves:
            model.popleft()
        if w_en:
            model.append(data)
    outputs = run_pipeline(Queue(8, depth), cycles, "r_rdy", "r_data")
    for (ready, entry), (wanted, oldest) in zip(outputs, expected, strict=True):
        assert ready == wanted
        assert oldest is None or entry == oldest
    # Not empty all the time, nor full.
    assert 100 < sum(ready for ready, _ in expected) < 600
