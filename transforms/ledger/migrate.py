"""Migrate the ledger's tables, and check their revision.

Migrations only add, so that workers of the previous version keep running during a roll-out: tables
may be newer than the program, but not older.

Each migration is a transaction of its own, which waits at most `LOCK_TIMEOUT` for a lock. What
would block writers for long (indexes, back-fills) is done outside a transaction by the steps of
`transforms.ledger.online`; a migration of such steps can be interrupted and run again.

Migrations need a session of their own, for their lock and for concurrent index builds, so they
refuse to run through a pooler that may give each transaction another connection.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from transforms.errors import ConfigurationFault
from transforms.ledger.database import CONFLICT_TRIES, Conflict, Database, StatementSlow
from transforms.ledger.engine import is_pooled
from transforms.ledger.values import LedgerStatus

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

VERSION_TABLE = "ledger_version"
"""Not Alembic's default name, because the database may hold another project's migrations."""

MIGRATION_TIMEOUT = 3600.0
"""Seconds for one statement of a migration, and for the wait for other migrations."""

LOCK_TIMEOUT = 5.0
"""Seconds that a transactional migration waits for a lock.

Every later statement on the table queues behind a waiting migration, so a longer wait would stop
all workers.
"""

_POLL = 0.2
"""Seconds between tries to get the migration lock, and to run an aborted migration again."""

# Connections reserved for superusers, and since Postgres 16 for a role, are not available.
_SERVER = f"""
SELECT current_setting('server_version') AS version,
    CAST(current_setting('max_connections') AS integer)
    - CAST(current_setting('superuser_reserved_connections') AS integer)
    - CAST(coalesce(current_setting('reserved_connections', true), '0') AS integer) AS connections,
    to_regclass('{VERSION_TABLE}') IS NOT NULL AS has_tables
"""

_REVISION = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608

MIGRATION_LOCK = 0x7669766964
"""Key of the advisory lock that a migration holds: "vivid"."""

_NEEDS_SESSION = (
    "migrations need a session of their own, and a pooler may give each transaction another one; "
    "give the address of Postgres itself, or add pooler=session to the URL if the pooler keeps "
    "sessions"
)


def upgrade(url: str, revision: str = "head") -> str:
    """Migrate the tables up to a revision; concurrent calls wait for each other.

    Returns:
        The revision of the tables afterwards.

    Raises:
        DependencyDown: Postgres cannot be reached.
        ConfigurationFault: There is something to migrate, and the URL names a pooler.
        ValueError: the URL does not name a Postgres database.
    """
    from alembic import command

    found = _check_reachable(url)
    if found.is_pooled and revision == "head" and not found.outdated:
        return str(found.revision)
    _retry_conflicts(url, lambda config: command.upgrade(config, revision))
    return current(url) or "base"


def downgrade(url: str, revision: str) -> None:
    """Migrate the tables down to a revision; ``base`` drops them with their rows.

    Raises:
        DependencyDown: Postgres cannot be reached.
        ConfigurationFault: The URL names a pooler.
    """
    from alembic import command

    _check_reachable(url)
    _retry_conflicts(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Return the revision of the tables, or None without tables.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    return _check_reachable(url).revision


def head() -> str:
    """Return the newest revision that this version of the project has."""
    return _revisions()[-1]


def check(database: Database) -> LedgerStatus:
    """Read the server's version, its connection limit and the revision of the tables.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    [server] = database.run(_SERVER)
    rows = database.run(_REVISION) if server["has_tables"] else []
    revision = rows[0]["version_num"] if rows else None
    with database.connected() as connection:
        pooled = is_pooled(connection)
    *older, newest = _revisions()
    outdated = revision is None or revision in older
    return LedgerStatus(
        server["version"], revision, newest, outdated, server["connections"], pooled
    )


def _check_reachable(url: str) -> LedgerStatus:
    """Check the database before the migration, so that an outage raises without a long wait."""
    with _opened(url) as database:
        return check(database)


def _retry_conflicts(url: str, migrate: Callable[[Config], None]) -> None:
    """Run migrations; continue after a deadlock with a worker."""
    for _ in range(CONFLICT_TRIES):
        try:
            with _migrating(url) as config:
                migrate(config)
            return
        except Conflict as conflict:
            log.info("a migration was aborted in a conflict; running it again: %s", conflict)
            time.sleep(_POLL)
    raise StatementSlow("postgres", f"a migration lost {CONFLICT_TRIES} conflicts in a row")


@contextmanager
def _migrating(url: str) -> Iterator[Config]:
    """Configure Alembic with a connection that holds the migration lock until it is closed."""
    with _opened(url, timeout=MIGRATION_TIMEOUT) as database, database.connected() as connection:
        if is_pooled(connection):
            raise ConfigurationFault("postgres", f"{database.masked_url}: {_NEEDS_SESSION}")
        _lock(connection)
        connection.exec_driver_sql(f"SET lock_timeout = {round(LOCK_TIMEOUT * 1000)}")
        connection.commit()  # the isolation level can be set only between transactions
        connection.execution_options(isolation_level="READ COMMITTED")
        config = _config()
        config.attributes["connection"] = connection
        yield config


def _lock(connection: Connection) -> None:
    """Take the advisory lock that lets one migration run at a time.

    The session that builds an index holds it, so that an upgrade waits for an index that the server
    still builds after its client was killed. Waiting within a statement is not possible: the
    statement's snapshot would block `CREATE INDEX CONCURRENTLY`, a deadlock.
    """
    deadline = time.monotonic() + MIGRATION_TIMEOUT
    statement = f"SELECT pg_try_advisory_lock({MIGRATION_LOCK})"
    if connection.exec_driver_sql(statement).scalar():
        return
    log.info("another migration is running; waiting for its end")
    while time.monotonic() < deadline:
        time.sleep(_POLL)
        if connection.exec_driver_sql(statement).scalar():
            return
    raise StatementSlow(
        "postgres", f"another migration has been running for {MIGRATION_TIMEOUT:.0f} s"
    )


@contextmanager
def _opened(url: str, timeout: float = Database.timeout) -> Iterator[Database]:
    """Open a database for the block, and close its connections at the end."""
    database = Database(url, pool_size=1, max_overflow=0, timeout=timeout)
    try:
        yield database
    finally:
        database.close()


def _revisions() -> list[str]:
    """Return all revisions of this version in order, from the names of their files.

    Alembic would import them, and takes a third of a second itself: every command calls this.
    """
    files = (Path(__file__).parent / "migrations" / "versions").glob("v*.py")
    return sorted(file.stem[1:].partition("_")[0] for file in files)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "transforms.ledger:migrations")
    config.set_main_option("path_separator", "os")
    return config
