"""Formal methods: circuits as graphs, reference descriptions, solvers."""
