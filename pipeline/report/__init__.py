"""The report: what became of a run, or of a span of time, as one HTML page or as JSON.

`data` gathers it from the ledger and the artifacts, `render` makes the page of it.
"""
