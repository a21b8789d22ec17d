from cosim.formal.plain.verilog import bits, decimal, module, padded


def test_numbers_have_their_width():
    assert (bits(5, 4), bits(-1, 4), decimal(-2, 3)) == ("4'h5", "4'hf", "$signed(3'h6)")
    assert (padded("x", 3, 5), padded("x", 3, 3)) == ("{2'h0, x}", "x")


def test_module_has_its_ports_and_lines():
    text = module("m", [("a", 3)], [("y", 3)], ["assign y = a;"])
    assert (
        text
        == "module m (\n    input [2:0] a,\n    output [2:0] y\n);\n    assign y = a;\nendmodule\n"
    )
