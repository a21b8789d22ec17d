import pytest

from gen.rtlil import Constant, Slice, cut, joined, parse, restore_order, width_of

TEXT = r"""
# a comment
autoidx 7
attribute \top 1
module \adder
  wire width 4 input 2 \a
  wire input 1 \b
  wire input 3 \clk
  wire width 0 input 4 \nothing
  attribute \note "with words"
  wire width 5 output 5 \y
  wire width 5 signed $1
  cell $add $2
    parameter \A_SIGNED 0
    parameter signed \B_SIGNED 1'1
    connect \A { \a [3:2] 2'01 \nothing }
    connect \B \b
    connect \Y $1
  end
  cell \other \inner
    connect \x 5
    connect \z \a [1]
  end
  connect \y $1
end
"""


def test_module_is_read() -> None:
    (module,) = parse(TEXT)
    assert module.name == "adder"
    assert [port.name for port in module.ports()] == ["clk", "b", "a", "y"]
    add, inner = module.cells
    assert (add.kind, add.name) == ("$add", "$2")
    assert add.ports["A"] == (Slice("a", 2, 2), Constant("01"))
    assert add.ports["B"] == (Slice("b", 0, 1),)
    assert add.is_set("B_SIGNED")
    assert not add.is_set("A_SIGNED")
    assert (inner.kind, inner.name) == ("other", "inner")
    assert inner.ports == {"x": (Constant(f"{5:032b}"),), "z": (Slice("a", 1, 1),)}
    assert module.connections == [((Slice("y", 0, 5),), (Slice("$1", 0, 5),))]


def test_process_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot read this RTLIL: process"):
        parse("module \\m\nprocess $1\nend\nend\n")


@pytest.mark.parametrize(("text", "bits"), [("5", "0101"), ("-1", "1111"), ("4'x001", "x001")])
def test_parameters_are_constants(text: str, bits: str) -> None:
    (module,) = parse(f"module \\m\ncell $sdff $1\nparameter \\V {text}\nend\nend\n")
    assert module.cells[0].constant("V", 4) == Constant(bits)


def test_cut_takes_bits_out_of_chunks() -> None:
    signal = (Slice("a", 4, 3), Constant("01"), Slice("b", 0, 2))
    assert width_of(signal) == 7
    assert cut(signal, 0, 7) == signal
    assert cut(signal, 1, 3) == (Constant("01"), Slice("b", 1, 1))
    assert cut(signal, 3, 2) == (Slice("a", 4, 1), Constant("0"))
    assert cut(signal, 6, 1) == (Slice("a", 6, 1),)


def test_joined_makes_neighbouring_constants_one() -> None:
    signal = (Constant("0"), Constant("10"), Slice("a", 0, 1), Constant("1"))
    assert joined(signal) == (Constant("010"), Slice("a", 0, 1), Constant("1"))


def test_order_is_restored_from_an_earlier_form() -> None:
    (module,) = parse(TEXT)
    restore_order(module, "  wire \\y\n  wire width 3 \\a\n  cell \\other \\inner\n")
    assert list(module.wires) == ["y", "a", "b", "clk", "nothing", "$1"]
    assert [cell.name for cell in module.cells] == ["inner", "$2"]
