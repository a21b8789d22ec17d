"""What runs inside the simulator: cocotb tests that play vectors and compare the results."""
