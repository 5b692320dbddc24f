"""Formulas of mathematics and chemistry: one notation, one tree, five outputs."""
