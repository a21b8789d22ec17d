"""What to build: configurations, the catalogue of units, and the Verilog made from them."""
