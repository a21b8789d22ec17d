import pytest

from gen.netlist import Netlist, Operation
from gen.rtlil import Constant, Slice, parse

A, B = Slice("a", 0, 4), Slice("b", 0, 2)


def netlist(cells: str, kind: str = "") -> Netlist:
    wires = "wire width 4 input 1 \\a\nwire width 2 input 2 \\b\nwire width 5 output 3 \\y\n"
    modules = parse(f"module \\m\n{wires}wire input 4 \\clk\nwire width 5 $t\n{cells}end\n{kind}")
    return Netlist(modules[0], {module.name: module for module in modules})


def operation(kind: str, parameters: str = "", result: str = "\\y") -> Operation:
    cell = (
        f"cell {kind} $1\n{parameters}connect \\A \\a\nconnect \\B \\b\nconnect \\Y {result}\nend\n"
    )
    ((_, _, source),) = netlist(cell).parts["y"]
    assert isinstance(source, Operation)
    return source


SIGNED = "parameter \\A_SIGNED 1\nparameter \\B_SIGNED 1\n"


def test_operands_are_extended_to_the_width_of_the_result() -> None:
    assert operation("$add") == Operation("+", ((Constant("0"), A), (Constant("000"), B)), width=5)
    assert operation("$sub", SIGNED) == Operation(
        "-", ((Slice("a", 3, 1), A), (*[Slice("b", 1, 1)] * 3, B)), width=5
    )


def test_factors_keep_their_width() -> None:
    assert operation("$mul", SIGNED) == Operation("*", ((A,), (B,)), width=5, signed=True)
    assert operation("$mul").stands_alone


def test_result_of_one_bit_is_filled_up() -> None:
    made = netlist("cell $lt $1\nconnect \\A \\a\nconnect \\B \\b\nconnect \\Y \\y\nend\n")
    assert made.parts["y"] == [(0, 5, (Constant("0000"), Slice("$", 0, 1)))]
    ((_, _, source),) = made.parts["$"]
    assert source == Operation("<", ((A,), (Constant("00"), B)), width=1)


def test_right_shift_is_computed_at_the_width_of_what_is_shifted() -> None:
    cell = "cell $shr $1\nconnect \\A \\a\nconnect \\B \\b\nconnect \\Y \\y [1:0]\nend\n"
    made = netlist(f"{cell}connect \\y [4:2] 3'000\n")
    assert made.parts["y"] == [(2, 3, (Constant("000"),)), (0, 2, (Slice("$", 0, 2),))]
    assert made.parts["$"] == [(0, 4, Operation(">>", ((A,), (B,)), width=4))]


@pytest.mark.parametrize(("kind", "value"), [("$gt", "0"), ("$le", "1")])
def test_comparison_with_the_largest_number_is_a_constant(kind: str, value: str) -> None:
    ports = "connect \\A \\a\nconnect \\B 4'1111\nconnect \\Y \\y [0]\n"
    made = netlist(f"cell {kind} $1\n{ports}end\nconnect \\y [4:1] \\a\n")
    assert made.parts["y"][-1] == (0, 1, (Constant(value),))


def test_registers_take_whole_wires() -> None:
    cell = (
        "cell $sdffe $1\nparameter \\CLK_POLARITY 1\nparameter \\SRST_POLARITY 1\n"
        "parameter \\SRST_VALUE 2'10\nparameter \\EN_POLARITY 0\nconnect \\CLK \\clk\n"
        "connect \\SRST \\a [0]\nconnect \\EN \\a [1]\n"
        "connect \\D \\b\nconnect \\Q \\y [1:0]\nend\n"
    )
    made = netlist(f"{cell}connect \\y [4:2] 3'000\n")
    register = made.registers["$"]
    assert register.reset_value == Constant("10")
    assert register.control.reset == (Slice("a", 0, 1),)
    assert register.control.enable == Operation("~", ((Slice("a", 1, 1),),), width=1)
    assert made.parts["y"][-1] == (0, 2, (Slice("$", 0, 2),))


def test_instances_drive_whole_wires() -> None:
    kind = "module \\k\nwire width 3 input 1 \\x\nwire width 2 output 2 \\z\nend\n"
    cell = "cell \\k \\inner\nconnect \\x \\a [2:0]\nconnect \\z \\y [2:1]\nend\n"
    made = netlist(f"{cell}connect \\y [4:3] 2'00\nconnect \\y [0] 1'1\n", kind)
    (inner,) = made.instances
    assert inner.inputs == {"x": (Slice("a", 0, 3),)}
    assert inner.outputs == {"z": "inner_z"}
    assert made.drivers == {"inner_z": 0}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("connect \\y [3:0] \\a\n", "m: not every bit of y has one driver"),
        (
            "cell $div $1\nconnect \\A \\a\nconnect \\B \\b\nconnect \\Y \\y\nend\n",
            "no Verilog for",
        ),
        (
            "cell $dff $1\nconnect \\CLK \\clk\nconnect \\D \\y\nconnect \\Q $t\nend\n",
            "falling edge",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(cells: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        netlist(cells)
