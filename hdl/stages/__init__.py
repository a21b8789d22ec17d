"""Steps of a datapath, from encoded operands to an encoded result."""
