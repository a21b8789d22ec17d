from amaranth.lib.wiring import In, Out

from hdl.formats import parse_format
from hdl.ports import Port, data_port, members


def test_a_vector_port_is_as_wide_as_its_lanes():
    port = data_port("a", "in", parse_format("e2m3"), lanes=4)
    assert (port.width, port.role, port.lanes) == (24, "data", 4)


def test_members_follow_the_directions():
    ports = [Port("in_valid", "in", 1, "valid"), data_port("y", "out", parse_format("int8"))]
    assert members(ports) == {"in_valid": In(1), "y": Out(8)}
