"""The report on a run or a time span, as one HTML page or as JSON.

`data` gathers it from the ledger and the artifacts; `render` makes the page.
"""
