"""Evaluation of script engines on a golden set: `vividly evaluate`."""
