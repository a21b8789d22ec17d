"""Adders, multipliers, shifters and counters that know nothing of number formats."""
