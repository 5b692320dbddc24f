"""Passages of concept cards and of an operator's Markdown files, which engines cite."""
