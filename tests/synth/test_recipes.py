from __future__ import annotations

from typing import get_args

import pytest

from hdl.options import Objective
from synth.cells import FullAdder
from synth.recipes import DRIVERS, EFFORTS, candidates, full_adder_map, merit, outline


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_has_candidates_with_and_without_booth(objective: Objective) -> None:
    recipes = candidates(objective)
    assert len({recipe.name for recipe in recipes}) == len(recipes)
    assert {recipe.booth for recipe in recipes} == {True, False}


@pytest.mark.parametrize("objective", get_args(Objective))
def test_quick_recipes_are_short(objective: Objective) -> None:
    quick, full = (candidates(objective, effort=effort) for effort in ("quick", "full"))
    assert not {recipe.name for recipe in quick} & {recipe.name for recipe in full}
    assert not any(recipe.booth for recipe in quick)
    steps = [max(recipe.abc_script(1.0).count(";") for recipe in tried) for tried in (quick, full)]
    assert steps[0] < steps[1]
    assert set(candidates(objective, 900.0, "quick")) & set(quick)
    assert outline(objective).ripple == (objective == "area")


@pytest.mark.parametrize("period", [None, 900.0])
@pytest.mark.parametrize("objective", get_args(Objective))
def test_long_is_all_there_is_and_more(objective: Objective, period: float | None) -> None:
    tried = {effort: candidates(objective, period, effort) for effort in EFFORTS}
    assert len({recipe.name for recipe in tried["long"]}) == len(tried["long"])
    assert set(tried["long"]) >= set(tried["full"]) | set(tried["quick"])
    assert len(tried["long"]) > len(tried["full"]) + len(tried["quick"])
    # The first one is what blocks are mapped by.
    assert tried["long"][0] == tried["full"][0]


def test_a_period_is_what_cells_are_sized_for() -> None:
    fast = candidates("delay")[0]
    assert "upsize -D 750.5;" in fast.abc_script(750.5)
    assert fast.abc_script(750.5).endswith("stime -p\n")
    assert "{" not in fast.abc_script(1.0)


def test_without_loads_there_is_nothing_to_size() -> None:
    script = candidates("delay")[0].abc_script(1.0, loaded=False)
    assert "amap" in script
    assert "size" not in script
    assert "buffer" not in script


def test_drivers_are_told_of_where_cells_have_loads() -> None:
    (recipe, *_) = (one for one in candidates("delay", effort="long") if one.driven)
    assert recipe.abc_script(1.0).startswith(f"read_constr {DRIVERS}; ")
    assert DRIVERS not in recipe.abc_script(1.0, loaded=False)
    assert not any(one.driven for one in candidates("delay"))


def test_a_period_is_tried_with_recipes_of_every_objective() -> None:
    tried = set(candidates("area", 1000.0))
    assert all(tried & set(candidates(objective)) for objective in get_args(Objective))


# (area, delay): small and slow, in between, large and fast.
POINTS = ((100.0, 900.0), (150.0, 500.0), (300.0, 400.0))


@pytest.mark.parametrize(
    ("objective", "best"),
    [("area", POINTS[0]), ("balanced", POINTS[1]), ("delay", POINTS[2])],
)
def test_merit_of_each_objective(objective: Objective, best: tuple[float, float]) -> None:
    # Products 90 000, 75 000, 120 000.
    assert min(POINTS, key=lambda point: merit(objective, *point)) == best


@pytest.mark.parametrize(
    ("period", "best"),
    [(1000.0, POINTS[0]), (500.0, POINTS[1]), (450.0, POINTS[2]), (100.0, POINTS[2])],
    ids=["easy", "exactly met", "hard", "out of reach"],
)
def test_with_a_period_the_smallest_that_meets_it(period: float, best: tuple[float, float]) -> None:
    assert min(POINTS, key=lambda point: merit("area", *point, period)) == best


def test_full_adder_map_connects_the_cell() -> None:
    rule = full_adder_map(FullAdder("FAX1", ("P", "Q", "R"), "YC", "YS"))
    assert "FAX1 adder (.P(A[i]), .Q(B[i]), .R(C[i]), .YC(X[i]), .YS(Y[i]));" in rule
