import re

from gen.rtlil import parse
from gen.verilog import write_modules


def body(*lines: str) -> str:
    """Return what a module with inputs a, b (4 bits), clk and output y (4 bits) is written as."""
    text = "\n".join(
        [
            "module \\m",
            *("wire width 4 input 1 \\a", "wire width 4 input 2 \\b", "wire input 3 \\clk"),
            *("wire width 4 output 4 \\y", *lines, "end"),
        ]
    )
    written = "\n".join(write_modules(parse(text))["m"])
    return written.partition(");\n")[2].removesuffix("endmodule")


def cell(kind: str, result: str, **ports: str) -> str:
    connections = "".join(f"connect \\{port} {signal}\n" for port, signal in ports.items())
    return f"cell {kind} ${result}\n{connections}connect \\Y {result}\nend"


def test_temporary_read_once_is_replaced_by_what_it_stands_for() -> None:
    assert (
        body(
            "wire width 4 $1",
            cell("$and", "$1", A="\\a", B="\\b"),
            cell("$or", "\\y", A="$1", B="\\b"),
        )
        == "    assign y = (a & b) | b;\n"
    )


def test_temporary_read_twice_is_named_after_what_it_is_for() -> None:
    assert (
        body(
            "wire width 4 $1",
            cell("$and", "$1", A="\\a", B="\\b"),
            cell("$add", "\\y", A="$1", B="$1"),
        )
        == "    wire [3:0] y_t1 = a & b;\n    assign y = y_t1 + y_t1;\n"
    )


def test_named_wire_keeps_its_name_and_gets_one_if_it_is_a_keyword() -> None:
    assert body(
        "wire width 4 \\sum$7",
        "wire width 4 \\generate",
        cell("$and", "\\generate", A="\\a", B="\\b"),
        cell("$or", "\\sum$7", A="\\generate", B="\\b"),
        "connect \\y \\sum$7",
    ) == (
        "    wire [3:0] generate_ = a & b;\n"
        "    wire [3:0] sum = generate_ | b;\n"
        "    assign y = sum;\n"
    )


def test_product_gets_a_wire_of_its_own_as_its_width_depends_on_where_it_stands() -> None:
    assert body(
        "wire width 8 $1",
        cell("$mul", "$1", A="\\a", B="\\b"),
        "connect \\y $1 [7:4]",
    ) == (
        "    // verilator lint_off UNUSEDSIGNAL\n"
        "    wire [7:0] y_t1 = a * b;\n"
        "    // verilator lint_on UNUSEDSIGNAL\n"
        "    assign y = y_t1[7:4];\n"
    )


def test_registers_of_a_stage_share_a_block_and_are_named_after_what_they_delay() -> None:
    def register(result: str, data: str) -> str:
        ports = f"connect \\CLK \\clk\nconnect \\D {data}\nconnect \\Q {result}"
        return f"cell $dff ${result}\nparameter \\CLK_POLARITY 1\n{ports}\nend"

    text = body(
        *(f"wire width 4 \\{name}" for name in ("late", "early", "other")),
        register("\\late", "\\early"),
        register("\\early", "\\a"),
        "wire width 4 $1",
        cell("$and", "$1", A="\\a", B="\\b"),
        register("\\other", "$1"),
        cell("$xor", "\\y", A="\\late", B="\\other"),
    )
    blocks = re.findall(r"always @\(posedge clk\) begin\n(.*?)    end", text, re.DOTALL)
    assert [block.split() for block in blocks] == [
        ["a_1", "<=", "a;", "other", "<=", "a", "&", "b;"],
        ["a_2", "<=", "a_1;"],
    ]


def test_vector_made_from_itself_is_taken_apart() -> None:
    assert body(
        "wire width 4 \\carry",
        *("wire $1", "wire $2"),
        cell("$and", "$1", A="\\a [0]", B="\\carry [0]"),
        "connect \\carry { \\a [1] \\b [1] $1 \\b [0] }",
        "connect \\y \\carry",
    ) == (
        "    wire carry_3 = a[1];\n"
        "    wire carry_2 = b[1];\n"
        "    wire carry_0 = b[0];\n"
        "    wire carry_1 = a[0] & carry_0;\n"
        "    assign y = {carry_3, carry_2, carry_1, carry_0};\n"
    )


def test_instance_makes_way_for_a_port_of_its_module() -> None:
    text = r"""
module \inner
  wire input 1 \x
  wire output 2 \sum
  connect \sum \x
end
module \top
  wire input 1 \a
  wire output 2 \y
  cell \inner \sum
    connect \x \a
    connect \sum \y
  end
end
"""
    written = "\n".join(write_modules(parse(text))["top"])
    assert "    inner sum_2 (.x(a), .sum(y));\n" in written
