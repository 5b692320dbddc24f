"""Bringing the ledger's tables up to date, and telling when they are not.

A migration only ever adds, so that workers of the version before keep running while a new version
is rolled out: tables newer than the program are fine, older ones are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from transforms.errors import DependencyDown
from transforms.ledger.engine import Database
from transforms.ledger.values import LedgerStatus

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

VERSION_TABLE = "ledger_version"
"""Not Alembic's default name: the product's own migrations may live in the same database."""

MIGRATION_TIMEOUT = 3600.0
"""Seconds one statement of a migration may take, waiting for other migrations included."""

_LOCK = 0x7669766964  # an advisory lock of our own: "vivid"


def upgrade(url: str, revision: str = "head") -> str:
    """Bring the tables up to a revision. Any number of processes may do it at once.

    Returns:
        The revision the tables are at now.

    Raises:
        DependencyDown: Postgres cannot be reached.
        ValueError: the URL is not one of a Postgres database.
    """
    from alembic import command

    with _migrating(url) as (connection, config):
        command.upgrade(config, revision)
        return _revision(connection) or "base"


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to a revision; ``base`` drops them and all they hold.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    from alembic import command

    with _migrating(url) as (_, config):
        command.downgrade(config, revision)


def current(url: str) -> str | None:
    """The revision the tables are at, or None when there are none.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    return check(Database(url)).revision


def head() -> str:
    """The newest revision this version of the project knows."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def check(database: Database) -> LedgerStatus:
    """Ask the server for its version and the tables' revision.

    Raises:
        DependencyDown: Postgres cannot be reached.
    """
    with database.connected() as connection:
        server = connection.exec_driver_sql("SHOW server_version").scalar_one()
        return LedgerStatus(str(server), _revision(connection), head())


def check_schema(database: Database) -> None:
    """Make sure that the tables are there and not older than this version of the project.

    Raises:
        DependencyDown: they are, with the remedy; or Postgres cannot be reached.
    """
    from alembic.script import ScriptDirectory

    status = check(database)
    script = ScriptDirectory.from_config(_config())
    older = {known.revision for known in script.walk_revisions()} - {status.head}
    if status.revision is None or status.revision in older:
        raise DependencyDown(
            "postgres",
            f"{database.masked_url}: the ledger's tables are at revision "
            f"{status.revision or 'none'}, {status.head} is needed; run `vividly db upgrade`",
        )


@contextmanager
def _migrating(url: str) -> Iterator[tuple[Connection, Config]]:
    """One transaction that nobody else migrates beside."""
    reachable = Database(url)
    check(reachable)  # fails soon, where the patience below would take an hour
    database = replace(reachable, pool_size=1, max_overflow=0, timeout=MIGRATION_TIMEOUT)
    try:
        with database.connected() as autocommit:
            connection = autocommit.execution_options(isolation_level="READ COMMITTED")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config = _config()
            config.attributes["connection"] = connection
            yield connection, config
            connection.commit()
    finally:
        database.close()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "transforms.ledger:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
