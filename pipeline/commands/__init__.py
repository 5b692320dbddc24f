"""One module per command of `vividly`: `HELP`, `configure(parser)` and `run(chosen)`.

Importing one must stay cheap, so large libraries are imported in `run`.
"""
