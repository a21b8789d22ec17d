"""What others have published, beside what our units come to.

A claim names its source, its number, and how ours is found: from the costs of the study's designs,
of the further units in `COMPARED`, or from facts about formats that need no hardware.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdl.options import Objective
from synth.database import Row
from synth.sheets import Cell, Sheet
from synth.study import Part
from synth.study_costs import Cost, Points, flip_flop_area

__all__ = ["CLAIMS", "COMPARED", "GATES", "Claim", "Evidence", "claims_sheet", "compared_parts"]

GATES = "generic"
"""The library that counts gates with two inputs, with the weights of arXiv 2303.17951."""

VOLTAGE = 0.9
"""Of the published energies at 45 nm."""


def _dot(fmt: str, lanes: int = 1, **params: Any) -> tuple[str, dict[str, Any]]:
    return "dot", {"a": fmt, "b": fmt, "lanes": lanes} | params


def _sum(fmt: str, y: str, lsb: int = 0) -> tuple[str, dict[str, Any]]:
    """Return one lane with a fixed-point accumulator that has room for every product."""
    weight = {"lsb": lsb} if lsb else {}
    return _dot(fmt, accumulate=True, y=y, overflow="saturate", **weight)


def _vsq(**params: Any) -> tuple[str, dict[str, Any]]:
    return "block_dot", {"a": "vsq4", "b": "vsq4", "y": "int32", "accumulate": True} | params


_FP16 = {"a": "fp16", "b": "fp16"}
_ELMA = {"format": "log4.3", "constant_bits": 5, "bin_width": 38, "accumulator": "linear"}

COMPARED: Mapping[str, tuple[str, tuple[str, dict[str, Any]]]] = {
    # Multiplications, against Horowitz's table.
    "multiply int8": ("", _dot("int8")),
    "multiply int32": ("", _dot("int32")),
    "multiply fp16": ("", _dot("fp16", y="fp16")),
    "multiply fp32": ("", _dot("fp32", y="fp32")),
    # Instructions: what one of them does, or a part of that.
    "hfma": ("", ("fma", _FP16 | {"c": "fp16", "y": "fp16"})),
    "hdp4a": ("", _dot("fp16", 4, c="fp16", y="fp16")),
    "dp4a": ("", _dot("int8", 4, c="int32", y="int32")),
    "hmma": ("", _dot("fp16", 4, c="fp32", y="fp32")),
    "imma": ("", _dot("int8", 8, c="int32", y="int32")),
    # Logarithms against floats and integers.
    "fp32 mac": ("", ("fma", {"a": "fp32", "b": "fp32", "c": "fp32", "y": "fp32"})),
    "elma": ("", ("log_dot", _ELMA | {"lanes": 1})),
    "int8 mac": ("", _dot("int8", accumulate=True, y="int32")),
    # Scales of vectors, whose product is rounded or not.
    "vsq4 scales 4": ("", _vsq(scale_bits=4)),
    "vsq4 scales 6": ("", _vsq(scale_bits=6)),
    "vsq4 scales 12": ("", _vsq()),
    # One lane in gates, as Qualcomm counts.
    "gates int8": (GATES, _sum("int8", "int27")),
    "gates e2m5": (GATES, _sum("e2m5", "int29", -10)),
    "gates e3m4": (GATES, _sum("e3m4", "int35", -12)),
    "gates e4m3": (GATES, _sum("e4m3", "int49", -18)),
    "gates e5m2": (GATES, _sum("e5m2", "int64", -32)),
    "gates e4m3 fp16": (GATES, ("fma", {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16"})),
    "gates e4m3 fp32": (GATES, ("fma", {"a": "e4m3", "b": "e4m3", "c": "fp32", "y": "fp32"})),
}
"""Further units by name: the library if it is not the study's, and the config."""


def compared_parts(objective: Objective) -> dict[str, tuple[str, Part]]:
    """Return `COMPARED` as parts: library (empty for the study's own) and part, by name."""
    return {
        name: (library, Part(1, unit, {"objective": objective} | params))
        for name, (library, (unit, params)) in COMPARED.items()
    }


class Evidence:
    """What claims are held against; whatever is not known is None.

    Parameters
    ----------
    costs
        Of the study's designs.
    points
        The points of the study.
    library, objective
        Of the study.
    facts
        About formats: numbers by name.
    """

    def __init__(
        self,
        costs: Sequence[Cost],
        points: Points,
        *,
        library: str,
        objective: Objective,
        facts: Mapping[str, float],
    ) -> None:
        self.facts = facts
        self._costs = {(cost.fmt, cost.lanes): cost for cost in costs}
        self._rows: dict[str, Row | None] = {
            name: points.find(part, other or library)
            for name, (other, part) in compared_parts(objective).items()
        }

    def cost(self, fmt: str, lanes: int) -> Cost:
        """Return what a design costs; nothing is known of one that is not part of the study."""
        return self._costs.get((fmt, lanes)) or Cost(fmt, lanes, "not in the study")

    def area(self, name: str) -> float | None:
        """Return the area of one of `COMPARED`, in um2 or gates."""
        row = self._rows[name]
        return None if row is None or row.result is None else row.result["area_um2"]

    def gates(self, name: str, register_bits: int = 0) -> float | None:
        """Return the gates of one of `COMPARED` with a register behind it."""
        area = self.area(name)
        return None if area is None else area + register_bits * flip_flop_area(GATES)

    def picojoules(self, name: str) -> float | None:
        """Return the energy of an operation of one of `COMPARED` at `VOLTAGE`."""
        row = self._rows[name]
        energy = row.result.get("energy") if row is not None and row.result is not None else None
        if not energy:
            return None
        return energy["fj_per_op"] / 1000 * (VOLTAGE / energy["voltage"]) ** 2


Numbers = Callable[[Evidence], float | None]


@dataclass(frozen=True)
class Claim:
    """Something published.

    Attributes
    ----------
    text
        What is claimed.
    published
        The number; None where all that is claimed is that the ratio is below 1.
    source
        Whose it is.
    ours
        Finds our number.
    digits
        Decimals that the numbers are shown with.
    """

    text: str
    published: float | None
    source: str
    ours: Numbers
    digits: int = 2


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _fact(name: str) -> Numbers:
    return lambda known: known.facts.get(name)


def _gates(name: str, bits: int = 0) -> Numbers:
    return lambda known: _ratio(known.gates(name, bits), known.gates("gates int8"))


def _areas(fmt: str, lanes: int = 32, base: str = "int8") -> Numbers:
    return lambda known: _ratio(known.cost(fmt, lanes).area_um2, known.cost(base, lanes).area_um2)


def _energies(fmt: str, lanes: int, base: str) -> Numbers:
    return lambda known: _ratio(
        known.cost(fmt, lanes).fj_per_mac, known.cost(base, lanes).fj_per_mac
    )


def _picojoules(name: str, base: str | None = None) -> Numbers:
    if base is None:
        return lambda known: known.picojoules(name)
    return lambda known: _ratio(known.picojoules(name), known.picojoules(base))


def _log_against_fp32(known: Evidence) -> float | None:
    mac = known.picojoules("fp32 mac")
    energy = known.cost("log4.3", 32).fj_per_mac
    if mac is None or energy is None:
        return None
    return energy / 1000 * (VOLTAGE / 1.1) ** 2 / mac


_DALLY = "Dally, talk"
_QUALCOMM = "arXiv 2303.17951"
_FORMATSCOPE = "FormatScope, sky130"
_HOROWITZ = "Horowitz, ISSCC 2014"
_MADAM = "LNS-Madam, arXiv 2106.13914"
_ELMA_SOURCE = "ELMA, arXiv 1811.01721, 28 nm"
_VSQ = "VS-Quant, arXiv 2102.04503"
_OCTAV = "OCTAV, arXiv 2206.06501"

CLAIMS: tuple[Claim, ...] = (
    Claim("worst relative error of int4, of the value, %", 33, _DALLY, _fact("int4 value"), 1),
    Claim("FP2.2 without subnormals, of the value, %", 13, _DALLY, _fact("e2m2 value"), 1),
    Claim("FP2.2, of the quantized number, %", 13, _DALLY, _fact("e2m2 quantized"), 1),
    Claim("log2.2, of the value, %", 9, _DALLY, _fact("log2.2 value"), 1),
    Claim("log2.2, of the quantized number, %", 9, _DALLY, _fact("log2.2 quantized"), 1),
    Claim(
        "MAC area, one lane: e2m5 to FX29 of int8 to FX27", 1.21, _QUALCOMM, _gates("gates e2m5")
    ),
    Claim("e3m4 to FX35", 1.25, _QUALCOMM, _gates("gates e3m4")),
    Claim("e4m3 to FX49", 1.48, _QUALCOMM, _gates("gates e4m3")),
    Claim("e5m2 to FX79 (ours FX64)", 2.09, _QUALCOMM, _gates("gates e5m2")),
    Claim("e4m3 to FP16", 1.54, _QUALCOMM, _gates("gates e4m3 fp16", 16)),
    Claim("e4m3 to FP32", 2.84, _QUALCOMM, _gates("gates e4m3 fp32", 32)),
    Claim("dot product, 32 lanes, area: E4M3 of INT8", 1.11, _FORMATSCOPE, _areas("e4m3")),
    Claim("MXINT8 of INT8", 1.10, _FORMATSCOPE, _areas("mxint8")),
    Claim("INT4 of INT8", 0.28, _FORMATSCOPE, _areas("int4")),
    Claim("MXFP4 of INT8", 0.36, _FORMATSCOPE, _areas("mxfp4")),
    Claim("energy: multiply int8, pJ", 0.2, _HOROWITZ, _picojoules("multiply int8")),
    Claim("multiply int32, pJ", 3.1, _HOROWITZ, _picojoules("multiply int32")),
    Claim("multiply FP16, pJ", 1.1, _HOROWITZ, _picojoules("multiply fp16")),
    Claim("multiply FP32, pJ", 3.7, _HOROWITZ, _picojoules("multiply fp32")),
    Claim(
        "int32 of int8", 15.5, _HOROWITZ, _picojoules("multiply int32", "multiply int8"), digits=1
    ),
    Claim("FP32 of FP16", 3.36, _HOROWITZ, _picojoules("multiply fp32", "multiply fp16"), digits=2),
    Claim("energy of a MAC: log 8 bits of FP8", 0.45, _MADAM, _energies("log4.3", 32, "e4m3")),
    Claim("log 8 bits of FP32", 0.10, _MADAM, _log_against_fp32),
    Claim(
        "log MAC of INT8/32: area",
        1.12,
        _ELMA_SOURCE,
        lambda known: _ratio(known.area("elma"), known.area("int8 mac")),
    ),
    Claim("power", 0.96, _ELMA_SOURCE, _picojoules("elma", "int8 mac")),
    Claim("vectors with scales, 4 bits, of INT8: area", 0.63, _VSQ, _areas("vsq4", 16)),
    Claim("energy", 0.76, _VSQ, _energies("vsq4", 16, "int8")),
    Claim(
        "energy with the product of scales rounded to 4 bits, of all 12",
        None,
        _VSQ,
        _picojoules("vsq4 scales 4", "vsq4 scales 12"),
    ),
    Claim(
        "rounded to 6 bits, of all 12", None, _VSQ, _picojoules("vsq4 scales 6", "vsq4 scales 12")
    ),
    Claim("best clip of a Gaussian, 4 bits, sigma", 2.563, _OCTAV, _fact("octav gaussian"), 3),
    Claim("best clip of a Laplacian, 4 bits, b", 5.027, _OCTAV, _fact("octav laplace"), 3),
)

_CLOSE = 0.1
"""How far off a number may be that still agrees."""


def _verdict(published: float | None, ours: float | None) -> Cell:
    if ours is None:
        return "not measured"
    if published is None:
        return "agrees" if ours < 1 else "disagrees"
    off = ours / published - 1
    return "agrees" if abs(off) <= _CLOSE else f"{off:+.0%}".replace("%", " %")


def claims_sheet(known: Evidence) -> Sheet:
    """Return the table of claims."""
    rows: list[list[Cell]] = []
    for claim in CLAIMS:
        ours = claim.ours(known)
        published = "below 1" if claim.published is None else f"{claim.published:.{claim.digits}f}"
        number = None if ours is None else f"{ours:.{claim.digits}f}"
        rows.append([claim.text, published, number, _verdict(claim.published, ours), claim.source])
    caption = f"Agrees: within {_CLOSE:.0%}. Lines without a subject go on with the one above."
    headings = ("claim", "published", "ours", "", "source")
    return Sheet("claims", "Published claims", caption, headings, rows)
