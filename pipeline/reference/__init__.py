"""Generators of docs/reference: settings, commands, message, ledger, metrics and graph.

`make docs` runs them (`python -m pipeline.reference`); a test fails when a page is out of date.
"""
