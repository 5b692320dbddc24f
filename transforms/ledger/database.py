"""Run SQL statements on Postgres over a connection pool, and translate its errors.

Every statement of the ledger is a whole transaction, so connections are in autocommit mode: no
round trips for BEGIN and COMMIT, and no connection is held while a stage works. Through a pooler
statements run as `transforms.ledger.sessions` describes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transforms.errors import ConfigurationFault, DependencyDown
from transforms.faults import outage_fault
from transforms.ledger.engine import close_engine, engine_of, sessions_of
from transforms.ledger.secret import is_reference
from transforms.ledger.sqlstate import server_fields as _server_fields
from transforms.ledger.sqlstate import sqlstate as _sqlstate
from transforms.ledger.url import mask, parse
from transforms.process.backoff import Backoff

if TYPE_CHECKING:
    from sqlalchemy import Connection, PoolProxiedConnection

log = logging.getLogger(__name__)

CONFLICT_TRIES = 6
"""Tries of a statement that lost a deadlock or a serialization conflict."""

_CONFLICT_BACKOFF = Backoff(first=0.02, longest=0.64)

# SQLSTATEs and classes of https://www.postgresql.org/docs/current/errcodes-appendix.html
_CONFLICT = ("40001", "40P01")  # serialization failure, deadlock
_BROKEN = (  # the server ends the session, or the next statement needs another server
    "08",  # connection exception
    "25006",  # read-only transaction: the server became a standby
    "25P03",  # idle-in-transaction timeout
    "25P04",  # transaction timeout
    "57P",  # shutdown, start-up, dropped database, idle session timeout
)
_UNAVAILABLE = (
    *_BROKEN,
    "53",  # out of connections, memory or disk
    "55",  # database closed to connections, object in use, lock timeout
    "57",  # statement timeout or cancelled by an operator
    "58",  # I/O error of the server
    "F0",  # configuration file error
    "XX001",  # damaged data
    "XX002",  # damaged index
)
_SLOW = ("55P03", "57014")  # lock timeout; statement timeout, or cancelled by an operator
_LOGIN = "28"  # role or password refused
_OUTDATED = "the ledger's tables are out of date; run `vividly db upgrade`"
_REMEDIES = {
    _LOGIN: "correct the user and the password in --database, or let the server accept them",
    "3D000": "create the database, or correct its name in --database",
    **dict.fromkeys(("3F000", "42703", "42P01"), _OUTDATED),  # no such schema, column, table
    "42501": "GRANT the role what it lacks (`vividly check` tests the rights of jobs)",
}
"""Remedies of wrong configurations, by SQLSTATE or class."""


@dataclass(frozen=True)
class Database:
    """Connection settings of a Postgres database; picklable, pools are kept per process.

    Attributes:
        url: a URL for `transforms.ledger.url.parse`, or the name of a secret that holds one.
        pool_size: connections kept open per process.
        max_overflow: additional connections per process under load.
        timeout: seconds for connecting, for waiting for a free connection, and for one statement.
    """

    url: str = field(repr=False)
    pool_size: int = 4
    max_overflow: int = 4
    timeout: float = 15.0

    def __post_init__(self) -> None:
        if not is_reference(self.url):
            parse(self.url)

    @property
    def connections(self) -> int:
        """Maximum number of open connections per process."""
        return self.pool_size + self.max_overflow

    @property
    def masked_url(self) -> str:
        """The URL without its password, or the name of the secret that holds it."""
        return self.url if is_reference(self.url) else mask(self.url)

    @property
    def holds_password(self) -> bool:
        """True if the settings contain a password in clear text."""
        return not is_reference(self.url) and bool(parse(self.url)[0].password)

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one statement in a transaction of its own.

        Args:
            statement: SQL with `:name` parameters; a constant text, because it is prepared once
                per connection.

        Returns:
            The rows as dictionaries by column name.

        Raises:
            DependencyDown: Postgres cannot be reached or cannot work now. The statement may have
                taken effect; every statement of the ledger can be repeated.
            ConfigurationFault: A login, grant, table or column is missing.
            WorkerFault: This process has no file handles or memory left.
            StatementRefused: Postgres rejected the statement, which is a bug.
        """
        for failures in range(1, CONFLICT_TRIES + 1):
            try:
                with self.connected() as connection:
                    return _execute(connection.connection, statement, parameters)
            except Conflict as conflict:
                log.info("Postgres aborted a statement in a conflict; retrying it: %s", conflict)
                time.sleep(_CONFLICT_BACKOFF.delay(failures))
        raise StatementSlow(
            "postgres", f"{self.masked_url}: lost {CONFLICT_TRIES} conflicts in a row"
        )

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Lend a pooled connection in autocommit mode, and translate its errors.

        Raises:
            Exception: As `run`.
        """
        from pg8000 import Error
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        try:
            with engine_of(self).connect() as connection:
                try:
                    yield connection
                except BaseException as error:
                    if _breaks(_cause(error)):
                        connection.invalidate()
                    raise
        except (SQLAlchemyError, Error, OSError) as error:
            cause = _cause(error)
            if _sqlstate(cause) in _CONFLICT:
                raise Conflict(_reason(cause)) from error
            detail = _outage(cause)
            if is_reference(self.url) and (_sqlstate(cause) or "").startswith(_LOGIN):
                self.close()  # read the secret again: the password may have changed
                detail = _reason(cause)
            elif wrong := _misconfigured(cause):
                raise ConfigurationFault("postgres", f"{self.masked_url}: {wrong}") from error
            if detail is None:
                fields = _server_fields(cause)
                if not fields:
                    raise
                log.debug("Postgres error: %s", fields)
                raise StatementRefused(_describe(fields)) from None
            slow = _sqlstate(cause) in _SLOW or isinstance(cause, PoolTimeout)
            down = (StatementSlow if slow else DependencyDown)(
                "postgres", f"{self.masked_url}: {detail}"
            )
            raise outage_fault(error, down) from error

    def close(self) -> None:
        """Close this process's idle connections; the next statement opens new ones."""
        close_engine(self)


class StatementSlow(DependencyDown):
    """Postgres answers, but a statement took too long, or waited too long for a lock."""

    def __str__(self) -> str:
        return f"a statement on {self.dependency} took too long: {self.detail}"


class StatementRefused(Exception):
    """Postgres rejected a statement, which is a bug; the text names SQLSTATE and constraint.

    Postgres' own message is left out, because it may quote the row.
    """


class Conflict(Exception):
    """The statement lost a deadlock or serialization conflict and can be repeated at once."""


def _execute(
    connection: PoolProxiedConnection, statement: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    from pg8000 import Error

    sessions, session = sessions_of(connection), connection.driver_connection
    if not sessions.are_pooled:
        try:
            return _execute_prepared(connection, statement, parameters)
        except Error as error:
            if not sessions.is_pooling_error(session, error):
                raise
    return sessions.run(session, statement, parameters)


def _execute_prepared(
    connection: PoolProxiedConnection, statement: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run a statement, preparing it on first use of the connection.

    That saves two of three round trips, and pg8000's parsing of the SQL character by character,
    which takes longer than the statement itself.
    """
    from pg8000.legacy import PreparedStatement  # works with pg8000.native connections too

    prepared = connection.info.setdefault("prepared", {})
    if statement not in prepared:
        prepared[statement] = PreparedStatement(connection.driver_connection, statement)
    rows = prepared[statement].run(**parameters)
    columns = [column["name"] for column in prepared[statement].row_desc]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _breaks(error: BaseException) -> bool:
    """Return whether an error makes its connection unusable.

    True for all but ordinary error responses of the server. pg8000 and SQLAlchemy would keep a
    connection whose socket timed out or was reset, or whose stream was read only in part.
    """
    state = _sqlstate(error)
    return state is None or state.startswith(_BROKEN)


def _cause(error: BaseException) -> BaseException:
    """Return the driver's exception that SQLAlchemy wrapped."""
    return getattr(error, "orig", None) or error


def _describe(fields: Mapping[str, str]) -> str:
    """Describe an error response without quoting row data."""
    named = {"table": "t", "column": "c", "constraint": "n"}
    objects = [f"{name} {fields[key]}" for name, key in named.items() if key in fields]
    state = fields.get("C", "")
    # Messages of class 42 (syntax, names, privileges) quote the statement, never a row.
    message = [fields["M"]] if state.startswith("42") and "M" in fields else []
    return ", ".join([*message, f"SQLSTATE {state}", *objects])


def _reason(error: BaseException) -> str:
    """Describe a database error in one line, without row data."""
    fields = _server_fields(error)
    if fields:
        return f"{fields.get('M', 'error')} (SQLSTATE {fields.get('C')})"
    cause = f": {error.__cause__}" if error.__cause__ else ""
    return " ".join(f"{error}{cause}".split()) or type(error).__name__


def _misconfigured(error: BaseException) -> str | None:
    """Describe an error that an operator must repair, with the remedy; None for others."""
    state = _sqlstate(error) or ""
    remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2])
    if state == "42501" and _server_fields(error).get("V") == "FATAL":  # the server ended the login
        remedy = "GRANT CONNECT ON DATABASE to the role"
    return f"{_reason(error)}: {remedy}" if remedy else None


def _outage(error: BaseException) -> str | None:
    """Describe the outage with its remedy; None if the error is a bug of the program."""
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    state = _sqlstate(error)
    if isinstance(error, PoolTimeout):
        return "no connection became free in time; raise the pool size or lower the workers"
    if state is None:
        is_connection_error = isinstance(error, OSError) or type(error).__name__ == "InterfaceError"
        return _reason(error) if is_connection_error else None
    return _reason(error) if state.startswith(_UNAVAILABLE) else None
