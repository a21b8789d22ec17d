"""Parts of plain Verilog: written from the semantics, to be compared with and not to be built."""
