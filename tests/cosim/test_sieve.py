"""What the solver says of faults that no vector shows."""

from cosim.mutation import mutate
from cosim.sieve import Sieve
from gen.config import make_config

FLOAT = make_config("fma", {"a": "e2m1", "b": "e2m1", "c": "e3m2", "y": "e4m3"})
ACCUMULATOR = make_config(
    "dot", {"a": "int3", "b": "int3", "lanes": 2, "accumulate": True, "y": "int8", "stages": 1}
)


def test_what_the_solver_cannot_decide_survives(monkeypatch):
    monkeypatch.setattr(Sieve, "_ask", lambda *_args, **_keywords: None)
    result = mutate(FLOAT, 60, vectors=1)
    assert not result.passed
    assert result.equivalent == 0
    assert {survivor.finding for survivor in result.survivors} == {"undecided"}


def test_what_states_can_come_up_is_asked_last(monkeypatch):
    monkeypatch.setattr(Sieve, "_ask", lambda *_args, **_keywords: None)
    result = mutate(ACCUMULATOR, 6, vectors=1)
    assert result.killed + result.equivalent + len(result.survivors) == 6
    assert {survivor.finding for survivor in result.survivors} <= {"different"}
