"""Is it right: golden models, stimuli and the cosimulation that compares them with the Verilog."""
