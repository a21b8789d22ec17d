"""What it costs: Yosys flows, cell libraries, timing."""
