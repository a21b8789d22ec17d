from __future__ import annotations

import pytest

from synth.claims import Evidence, compared_parts
from synth.instructions import INSTRUCTIONS, OVERHEAD_PJ, instructions_sheet
from synth.study_costs import Cost, Points
from tests.synth.priced import result, row

SQUARE = (1.1 / 0.9) ** 2


def test_published_overheads_follow_from_published_energies() -> None:
    # The small ones are 30 pJ over the energy, the large ones its share of both together.
    found = {one.name: one.published_pj for one in INSTRUCTIONS if one.published_pj}
    assert OVERHEAD_PJ / found["HFMA"] == 20
    assert OVERHEAD_PJ / found["HDP4A"] == 5
    assert OVERHEAD_PJ / (OVERHEAD_PJ + found["HMMA"]) == pytest.approx(0.22, abs=0.01)
    assert OVERHEAD_PJ / (OVERHEAD_PJ + found["IMMA"]) == pytest.approx(0.16, abs=0.003)


def test_an_instruction_is_so_many_operations() -> None:
    rows = [row(compared_parts("area")["imma"][1], result(1, 1, 2500 * SQUARE))]
    costs = [Cost("e4m3", 32, "", 1.0, 1.0, 500 * SQUARE)]
    known = Evidence(costs, Points(rows), library="tiny", objective="area", facts={})
    table = {line[1]: line for line in instructions_sheet(known).rows}
    # 64 dot products of 8: 160 pJ.
    line = table["8 x 8 x 8, INT8 into INT32"]
    assert list(line) == [
        "IMMA", line[1], "512", "160", "16 %", "160.0", "18.8 %", "15.8 %"
    ]  # fmt: skip
    assert table["16 x 8 x 32, E4M3 into FP32"][5] == "2048.0"
    assert table["1 fma, FP16"][5] is None
