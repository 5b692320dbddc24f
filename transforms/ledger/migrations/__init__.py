"""Alembic's environment; `transforms.ledger.migrate` runs it, there is no alembic.ini."""
