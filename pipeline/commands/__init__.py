"""One module per command of `vividly`: `HELP`, `configure(parser)` and `run(chosen)`.

Importing one must stay cheap: whatever is heavy is imported in `run`.
"""
