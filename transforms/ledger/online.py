"""Steps of migrations that run outside a transaction, while workers write.

A migration consists either of these steps or of transactional statements, never of both. Its
revision is recorded after the last step. If it is interrupted, the next `vividly db upgrade` runs
it again from its first step, and each step skips what is done already.

The steps change settings of the session and hold its lock, so `transforms.ledger.migrate` runs them
on a direct connection only, never through a transaction pooler.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import Connection, text

_INVALID = """
SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid
"""


def create_index(name: str, definition: str) -> None:
    """Build an index concurrently, unless it exists; drop first what an interrupted build left.

    Args:
        name: name of the index.
        definition: the rest of the statement, from ``ON``.
    """
    with _outside_transaction() as connection:
        if connection.execute(text(_INVALID), {"name": name}).scalar():
            connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        connection.execute(text(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}"))


def drop_index(name: str) -> None:
    """Drop an index concurrently, if it exists."""
    with _outside_transaction() as connection:
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))


def validate_constraint(table: str, name: str) -> None:
    """Check old rows against a constraint that was added as not valid; writers go on."""
    with _outside_transaction() as connection:
        connection.execute(text(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))


def backfill(statement: str) -> int:
    """Run an UPDATE or DELETE in a transaction of its own, again until it changes no row.

    Args:
        statement: changes a batch of the rows that are not done, in its own time well under a
            second, and no row twice.

    Returns:
        The number of rows changed.
    """
    total = 0
    with _outside_transaction() as connection:
        while changed := connection.execute(text(statement)).rowcount:
            total += changed
    return total


@contextmanager
def _outside_transaction() -> Iterator[Connection]:
    """Lend the migration's connection in autocommit mode, without a lock timeout.

    A concurrent build waits for transactions that are older than it, and blocks nothing meanwhile.
    """
    context = op.get_context()
    with context.autocommit_block():
        connection = context.connection
        assert connection is not None
        # Reading the isolation level, as Alembic does, made pg8000 begin a transaction.
        connection.exec_driver_sql("COMMIT")
        [[lock_timeout]] = connection.exec_driver_sql("SHOW lock_timeout")
        connection.exec_driver_sql("SET lock_timeout = 0")
        try:
            yield connection
        finally:
            connection.exec_driver_sql(f"SET lock_timeout = '{lock_timeout}'")
