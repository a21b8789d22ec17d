from cosim.formal.plain.selection import selection
from cosim.formal.plain.shape import Selection


def test_positions_are_kept_in_reach_and_illegal_ones_told():
    lines = list(selection(Selection(2, 4, 1), 8, "x", "y"))
    assert "wire [31:0] p_0_1 = meta[2+:2];" in lines
    assert "wire [31:0] reached_p_0_1 = p_0_1 < 1 ? 1 : p_0_1 > 3 ? 3 : p_0_1;" in lines
    assert "assign y[8+:8] = x >> ((0 + reached_p_0_1) * 8);" in lines
    assert lines[-1] == "assign err = p_0_0 >= 4 || p_0_1 >= 4 || p_0_1 <= p_0_0;"
