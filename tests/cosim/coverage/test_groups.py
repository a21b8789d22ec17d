"""Groups of bins."""

import numpy as np

from cosim.coverage import Coverage, Group


def two_by_two():
    group = Group.of("pair", ("no", "yes"), ("low", "high"))
    group.reachable[0, 1] = False
    return group


def test_bins_are_counted_by_combination():
    group = two_by_two()
    group.count(np.array([0, 1, 1]), np.array([0, 1, 1]))
    assert group.hits.tolist() == [[1, 0], [0, 2]]
    assert (group.reached, group.bins) == (2, 3)
    assert (group.missed, group.unforeseen) == (["yes x low"], [])


def test_what_was_held_to_be_out_of_reach_is_reported():
    group = two_by_two()
    group.count(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert (group.missed, group.unforeseen) == ([], ["no x high"])
    coverage = Coverage((group,), "thought")
    assert not coverage.is_complete
    assert coverage.rows() == [("pair", "3", "3", "100.0 %", "unforeseen: no x high")]
    group.optional[0, 1] = True
    assert coverage.is_complete


def test_missed_bins_make_a_coverage_incomplete():
    coverage = Coverage((two_by_two(),), "thought")
    assert not coverage.is_complete
    row = ("pair", "0", "3", "0.0 %", "no x low; yes x low; yes x high")
    assert coverage.rows() == [row]
    assert coverage.to_json() == {
        "complete": False,
        "derivation": "thought",
        "groups": [
            {
                "name": "pair",
                "reached": 0,
                "bins": 3,
                "missed": ["no x low", "yes x low", "yes x high"],
                "unforeseen": [],
            }
        ],
    }


def test_only_some_missed_bins_are_shown():
    rows = Coverage((Group.of("many", [str(k) for k in range(20)]),), "").rows()
    assert rows[0][-1] == "0; 1; 2; 3; 4; 5; 6; 7; and 12 more"
