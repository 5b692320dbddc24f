"""Alembic migrations of the ledger, run by `transforms.ledger.migrate` without an alembic.ini."""
