"""Ways to map a design to cells: the Yosys and ABC scripts behind each objective.

No script wins everywhere, so every objective has a few candidates; all are run and the best result
is kept. What each step is there for was measured on multipliers, MACs, dot products and FP8 units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from hdl.options import Objective
from synth.cells import FullAdder

__all__ = [
    "DRIVERS",
    "EFFORTS",
    "LCU_MAP",
    "Effort",
    "Recipe",
    "candidates",
    "full_adder_map",
    "merit",
    "outline",
]

Effort = Literal["full", "quick", "long"]
"""``quick``: short recipes, for many designs; ``full``: what gives the best results at a price that
one design is worth; ``long``: all that, and what takes minutes for the last per cents."""

EFFORTS: tuple[Effort, ...] = get_args(Effort)


DRIVERS = "drivers.constr"
"""File that says what drives inputs, in ABC's constraints."""

# Common start: equal nodes merged, redundant logic removed, structural choices computed.
_START = "strash; ifraig; scorr; dc2; strash; dch -f"

_SHRINK = (
    "balance; rewrite; refactor; balance; rewrite; rewrite -z; balance; refactor -z; rewrite -z; "
    "balance; dc2; dch -f; strash; dch -f"
)
# Mapping may leave nodes that nothing reads, on which buffer gives up.
_TIDY = "cleanup -i -o"
# amap finds XOR cells where map does not: a fifth less area on arithmetic.
_COUNT = f"amap; {_TIDY}"
_MAP_SMALL = f"{_COUNT}; buffer -c -N 24; topo; dnsize -D 1000000"
# One round trip through 6-input lookup tables: -x shares logic, -g decomposes for delay and
# duplicates logic for it. Each round of -g takes a few per cent off; the third is the last to pay.
_SHARE = "if -x -K 6 -C 8; strash; dch -f"
_SHORTEN = "; ".join(["if -g -K 6 -C 8; strash; dch -f"] * 3)
_MAP_FAST = (
    f"map -B 0.9 -D {{target}}; {_TIDY}; buffer -c -N 12; topo; "
    "upsize -D {target}; dnsize -D {target}; upsize -D {target}; dnsize -D {target}"
)


@dataclass(frozen=True)
class Recipe:
    """One way from a flat design to cells.

    Attributes
    ----------
    name
        What it does differently, for the report.
    booth
        Whether multiplications become radix-4 Booth multipliers.
    ripple
        Whether additions become ripple-carry instead of Brent-Kung adders.
    full_adders
        Whether full adders found in the gates become the library's full-adder cells, which ABC
        never uses and does not look into.
    logic
        What ABC does to the logic before it knows of cells.
    cells
        How ABC makes cells of it; ``{target}`` is the delay to size for in ps.
    driven
        Whether ABC is told that inputs are not driven for free. Registers are inputs to it: it
        puts any load on them otherwise.
    """

    name: str
    booth: bool
    ripple: bool
    full_adders: bool
    logic: str
    cells: str
    driven: bool = False

    def abc_script(self, target_ps: float, *, loaded: bool = True) -> str:
        """Return ABC's script for a delay target.

        Parameters
        ----------
        target_ps
            The delay.
        loaded
            Whether the cells' delays depend on their loads: if not, there is nothing to size.
        """
        cells = f"{self.cells}; stime -p".format(target=f"{target_ps:g}") if loaded else _COUNT
        drive = f"read_constr {DRIVERS}; " if self.driven and loaded else ""
        return f"{drive}{self.logic}; {cells}\n"


def _both(
    name: str, *, ripple: bool = False, full_adders: bool = False, logic: str, cells: str
) -> tuple[Recipe, Recipe]:
    """Return a recipe with and without Booth: it pays from about 6 bits on."""
    return (
        Recipe(f"{name}, booth", True, ripple, full_adders, logic, cells),
        Recipe(name, False, ripple, full_adders, logic, cells),
    )


_AREA = f"{_START}; {_SHRINK}"
_SMALL = _both("ripple carry", ripple=True, logic=_AREA, cells=_MAP_SMALL)
_SMALL_CELLS = _both(
    "full-adder cells", ripple=True, full_adders=True, logic=_AREA, cells=_MAP_SMALL
)
_PLAIN = _both("plain", logic=_START, cells=_MAP_FAST)
_SHARED = _both("shared logic", logic=f"{_START}; {_SHARE}", cells=_MAP_FAST)
_FAST = _both("shortened", logic=f"{_START}; {_SHORTEN}", cells=_MAP_FAST)

_CANDIDATES: Mapping[Objective, tuple[Recipe, ...]] = {
    "area": (*_SMALL, *_SMALL_CELLS),
    "balanced": (*_PLAIN, *_SHARED),
    "delay": _FAST,
}
_FOR_PERIOD = (*_SMALL, *_PLAIN, *_SHARED, *_FAST)

# Quick recipes: what is left out takes most of the time and gives the last per cents. Structural
# choices once at most, one trip through tables, one round of sizing.
_CLEAN = "strash; ifraig; scorr; dc2; strash"
_SIZE_ONCE = (
    f"map -B 0.9 -D {{target}}; {_TIDY}; buffer -c -N 12; topo; "
    "upsize -D {target}; dnsize -D {target}"
)
_QUICK_SMALL = Recipe("quick", False, True, False, _START, _MAP_SMALL)
_QUICK_CELLS = Recipe("quick, full-adder cells", False, True, True, _START, _MAP_SMALL)
_QUICK_SHARED = Recipe(
    "quick, shared logic", False, False, False, f"{_CLEAN}; {_SHARE}", _SIZE_ONCE
)
_QUICK_FAST = Recipe(
    "quick, shortened",
    *(False, False, False),
    f"{_CLEAN}; if -g -K 6 -C 8; strash; dch -f",
    _SIZE_ONCE,
)

_QUICK: Mapping[Objective, tuple[Recipe, ...]] = {
    "area": (_QUICK_SMALL, _QUICK_CELLS),
    "balanced": (_QUICK_SHARED,),
    "delay": (_QUICK_FAST,),
}
_QUICK_FOR_PERIOD = (_QUICK_SMALL, _QUICK_SHARED, _QUICK_FAST)

# What takes long. For area: don't-care resynthesis of the mapped network, then choices once more,
# round after round. Replacements that gain nothing (-z) get the next round out of where this one
# ended; the limit on windows (-M) keeps SAT from looking at whole multipliers. Full adders must be
# cells by then. 1 to 6 % less; no single start is best.
_RESYNTHESIZE = "mfs3 -aez -M 500; topo"
_ONCE_MORE = f"strash; dch -f; strash; dch -f; amap; topo; {_RESYNTHESIZE}"
_POLISH = "; ".join(
    [
        f"amap; topo; {_RESYNTHESIZE}",
        *[_ONCE_MORE] * 3,
        f"{_TIDY}; buffer -c -N 24; topo; dnsize -D 1000000",
    ]
)
_RESUBSTITUTE = (
    "strash; resub -K 8 -N 2; rewrite; resub -K 10 -N 2; refactor; resub -K 12 -N 3; balance; "
    "dch -f; strash; dch -f"
)
_MORE_CHOICES = "strash; dch -f; strash; dch -f; strash; dch -f"
_POLISHED = (
    *_both(
        "polished",
        ripple=True,
        full_adders=True,
        logic=f"{_AREA}; {_MORE_CHOICES}",
        cells=_POLISH,
    ),
    *_both(
        "more choices",
        ripple=True,
        full_adders=True,
        logic=f"{_AREA}; {_MORE_CHOICES}",
        cells=_MAP_SMALL,
    ),
    *_both(
        "resubstitution",
        ripple=True,
        full_adders=True,
        logic=f"{_START}; {_RESUBSTITUTE}",
        cells=_MAP_SMALL,
    ),
)


def _rounds(*tables: str, start: str = _START) -> str:
    return "; ".join([start, *(f"if -g {table}; strash; dch -f" for table in tables)])


# For delay: other numbers of rounds, tables and cuts, another trade of area for delay in the
# mapper. All within 5 % of one another, and another one first on every design.
_MAP_FASTER = _MAP_FAST.replace("-B 0.9", "-B 0.5")
_MAP_BETWEEN = _MAP_FAST.replace("-B 0.9", "-B 0.7")
_SIZED_LONGER = "; ".join([_MAP_FAST, *["upsize -D {target}; dnsize -D {target}"] * 2])
_MAP_CLOSE = _MAP_FASTER.replace("-N 12", "-N 8")
_VARIED = tuple(
    recipe
    for name, logic, cells in (
        ("area for delay", _rounds(*["-K 6 -C 8"] * 3), _MAP_FASTER),
        ("some area for delay", _rounds(*["-K 6 -C 8"] * 3), _MAP_BETWEEN),
        ("sized longer", _rounds(*["-K 6 -C 8"] * 3), _SIZED_LONGER),
        ("4 rounds", _rounds(*["-K 6 -C 8"] * 4), _MAP_CLOSE),
        ("5 rounds", _rounds(*["-K 6 -C 8"] * 5), _MAP_FAST),
        ("large tables", _rounds(*["-K 8 -C 12"] * 3), _MAP_FASTER),
        ("small tables", _rounds(*["-K 6 -C 8"] * 3, "-K 5 -C 8", "-K 4 -C 8"), _MAP_CLOSE),
        ("more cuts", _rounds(*["-K 6 -C 16"] * 3), _MAP_FASTER),
        (
            "resynthesis",
            _rounds(*["-K 6 -C 8"] * 3, start=f"{_CLEAN}; &get -n; &syn4; &put; dch -f"),
            _MAP_CLOSE,
        ),
    )
    for recipe in _both(f"shortened, {name}", logic=logic, cells=cells)
)


def _driven(recipes: Iterable[Recipe]) -> tuple[Recipe, ...]:
    return tuple(replace(recipe, name=f"{recipe.name}, drivers", driven=True) for recipe in recipes)


# Recipes for the other objectives win at times, and so do short ones.
_LONG: Mapping[Objective, tuple[Recipe, ...]] = {
    "area": (*_CANDIDATES["area"], *_POLISHED, *_QUICK["area"]),
    "balanced": (
        *_CANDIDATES["balanced"],
        *_driven((*_PLAIN, *_SHARED, *_FAST)),
        *_SMALL,
        *_FAST,
        *_QUICK_FOR_PERIOD,
    ),
    "delay": (*_CANDIDATES["delay"], *_driven((*_FAST, *_VARIED)), *_VARIED, *_QUICK["delay"]),
}
_LONG_FOR_PERIOD = (
    *_FOR_PERIOD,
    *_driven((*_PLAIN, *_SHARED, *_FAST)),
    *_POLISHED,
    *_VARIED,
    *_QUICK_FOR_PERIOD,
)

_TRIED: Mapping[Effort, Mapping[Objective, tuple[Recipe, ...]]] = {
    "full": _CANDIDATES,
    "quick": _QUICK,
    "long": _LONG,
}
_TRIED_FOR_PERIOD: Mapping[Effort, tuple[Recipe, ...]] = {
    "full": _FOR_PERIOD,
    "quick": _QUICK_FOR_PERIOD,
    "long": _LONG_FOR_PERIOD,
}


def candidates(
    objective: Objective, period_ps: float | None = None, effort: Effort = "full"
) -> tuple[Recipe, ...]:
    """Return the recipes to try for an objective, or for a clock period."""
    return _TRIED[effort][objective] if period_ps is None else _TRIED_FOR_PERIOD[effort]


def outline(objective: Objective) -> Recipe:
    """Return the quick recipe for the split among blocks, with the adders of an objective."""
    return replace(_QUICK_SMALL, name="outline", ripple=objective == "area")


_MERITS: Mapping[Objective, Callable[[float, float], tuple[float, float]]] = {
    "area": lambda area, delay: (area, delay),
    "balanced": lambda area, delay: (area * delay, delay),
    "delay": lambda area, delay: (delay, area),
}


def merit(
    objective: Objective, area_um2: float, delay_ps: float, period_ps: float | None = None
) -> tuple[float, ...]:
    """Return the key by which results are compared; the smallest is the best.

    With a period, results that meet it come first, the smallest of them at the top; if none does,
    the fastest is best.
    """
    if period_ps is None:
        return _MERITS[objective](area_um2, delay_ps)
    return (0, area_um2, delay_ps) if delay_ps <= period_ps else (1, delay_ps, area_um2)


LCU_MAP = """\
(* techmap_celltype = "$lcu" *)
module _80_lcu_ripple (P, G, CI, CO);
    parameter WIDTH = 2;
    input [WIDTH-1:0] P, G;
    input CI;
    output [WIDTH-1:0] CO;
    genvar i;
    generate
        assign CO[0] = G[0] | (P[0] & CI);
        for (i = 1; i < WIDTH; i = i + 1) begin : carry
            assign CO[i] = G[i] | (P[i] & CO[i-1]);
        end
    endgenerate
endmodule
"""
"""Techmap rule: the carries of an adder one after the other, instead of Yosys' Brent-Kung tree."""


def full_adder_map(adder: FullAdder) -> str:
    """Return the techmap rule that makes full adders cells of the library."""
    pins = (*adder.inputs, adder.carry, adder.sum)
    ports = ", ".join(f".{pin}({port}[i])" for pin, port in zip(pins, "ABCXY", strict=True))
    return f"""\
(* techmap_celltype = "$fa" *)
module _80_full_adder (A, B, C, X, Y);
    parameter WIDTH = 1;
    input [WIDTH-1:0] A, B, C;
    output [WIDTH-1:0] X, Y;
    genvar i;
    generate
        for (i = 0; i < WIDTH; i = i + 1) begin : bit
            {adder.cell} adder ({ports});
        end
    endgenerate
endmodule
"""
