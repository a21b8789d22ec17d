"""Amaranth components for the arithmetic of deep-learning accelerators, one unit a module."""
