"""Alembic environment: runs migrations on the connection of `transforms.ledger.migrate`."""

from __future__ import annotations

from alembic import context

from transforms.ledger.migrate import VERSION_TABLE
from transforms.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
