"""What the documentation says of settings, commands, messages, ledger and metrics, made from the
code itself. `make docs` writes it (`python -m pipeline.reference`); a test fails when it is stale.
"""
