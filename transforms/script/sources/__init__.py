"""Passages of concept cards and of an operator's Markdown, which lessons are written from."""
