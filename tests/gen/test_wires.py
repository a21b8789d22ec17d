from gen.netlist import Netlist
from gen.rtlil import parse
from gen.wires import Wires, stem_of, unused

TEXT = """
module \\m
wire width 4 input 1 \\a
wire width 2 output 2 \\y
wire width 4 $1
cell $not $1
connect \\A \\a
connect \\Y $1
end
connect \\y $1 [1:0]
end
"""


def wires(reserved: frozenset[str] = frozenset()) -> Wires:
    (module,) = parse(TEXT)
    return Wires(Netlist(module, {"m": module}), reserved)


def test_what_is_read_of_a_wire() -> None:
    found = wires()
    assert found.width("$1") == 4
    assert found.is_sliced("$1")
    assert not found.is_used("$1")
    assert found.is_used("a")
    assert found.readers("$1") == found.readers("a") == 1


def test_temporaries_are_called_after_what_they_are_for() -> None:
    assert wires().name("$1") == "y_t1"
    assert wires(frozenset({"a"})).name("a") == "a"  # ports keep their names


def test_names_that_nothing_has() -> None:
    assert stem_of("sum$12") == "sum"
    assert unused("sum", set()) == "sum"
    assert unused("sum", {"sum", "sum_2"}) == "sum_3"
