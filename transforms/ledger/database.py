"""Running statements on Postgres: one connection pool per process, and what its errors mean.

Every statement of the ledger is a whole transaction of its own, so connections are in autocommit
mode: no BEGIN and COMMIT round trips, and none is ever held while work is done.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transforms.errors import DependencyDown
from transforms.ledger.secret import is_reference, read_secret
from transforms.ledger.url import mask, parse
from transforms.process.backoff import Backoff

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, PoolProxiedConnection

log = logging.getLogger(__name__)

CONFLICT_TRIES = 6
"""Tries of a statement that lost a deadlock or a serialization conflict."""

_CONFLICT_BACKOFF = Backoff(first=0.02, longest=0.64)

# SQLSTATEs and classes (two characters) of
# https://www.postgresql.org/docs/current/errcodes-appendix.html
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
    "28",  # role or password refused
    "3D",  # no such database
    "53",  # out of connections, memory or disk
    "55",  # database closed to connections, object in use, lock timeout
    "57",  # statement timeout or cancelled by an operator
    "58",  # I/O error of the server
    "F0",  # configuration file error
    "XX001",  # damaged data
    "XX002",  # damaged index
)
_FORBIDDEN = "42501"
_OUTDATED = ("3F000", "42703", "42P01")  # no such schema, column, table


@dataclass(frozen=True)
class Database:
    """Where the ledger is and how it is spoken to: settings only, so it can be pickled.

    Attributes:
        url: as `transforms.ledger.url.parse` reads it, or the name of a secret that holds it.
        pool_size: connections kept open per process.
        max_overflow: connections more at busy moments.
        timeout: seconds that connecting, waiting for a free connection, and one statement may take.
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
        """How many a process has open at its busiest."""
        return self.pool_size + self.max_overflow

    @property
    def masked_url(self) -> str:
        """The URL, or the name of the secret that holds it, as it may be shown."""
        return self.url if is_reference(self.url) else mask(self.url)

    @property
    def holds_password(self) -> bool:
        """Whether a password can be read from these settings, pickled as they may be."""
        return not is_reference(self.url) and bool(parse(self.url)[0].password)

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one statement in a transaction of its own.

        Args:
            statement: SQL with `:name` parameters, the same text each time.

        Returns:
            Its rows, by column.

        Raises:
            DependencyDown: Postgres cannot be reached or cannot work now. What was asked for may
                have been done all the same; every statement of the ledger can be run again.
        """
        for failures in range(1, CONFLICT_TRIES + 1):
            try:
                with self.connected() as connection:
                    return _execute(connection.connection, statement, parameters)
            except _Conflict as conflict:
                log.info("%s; trying again", conflict)
                time.sleep(_CONFLICT_BACKOFF.delay(failures))
        raise DependencyDown(
            "postgres", f"{self.masked_url}: lost {CONFLICT_TRIES} conflicts in a row"
        )

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection in autocommit mode, with its errors translated.

        Raises:
            DependencyDown: Postgres cannot be reached or cannot work now.
            StatementRefused: it can, and refuses; that is a bug.
        """
        from pg8000 import Error
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with _engine(self).connect() as connection:
                try:
                    yield connection
                except BaseException as error:
                    if _breaks(_cause(error)):
                        connection.invalidate()
                    raise
        except (SQLAlchemyError, Error, OSError) as error:
            cause = _cause(error)
            if _sqlstate(cause) in _CONFLICT:
                raise _Conflict(_reason(cause)) from error
            detail = _why_down(cause)
            if detail is None:
                fields = _server_fields(cause)
                if not fields:
                    raise
                log.debug("Postgres said: %s", fields)
                raise StatementRefused(_code(fields)) from None
            if is_reference(self.url) and (_sqlstate(cause) or "").startswith("28"):
                self.close()  # the password may have been changed, and the secret with it
            raise DependencyDown("postgres", f"{self.masked_url}: {detail}") from error

    def close(self) -> None:
        """Close this process's idle connections; the next statement opens new ones."""
        with _lock:
            engine = _engines.pop(self, None)
        if engine:
            engine.dispose()


class StatementRefused(Exception):
    """Postgres refused a statement, which is a bug; says which rule it broke.

    Postgres' own words are left out, as they may quote the row.
    """


class _Conflict(Exception):
    """Another transaction won; the statement can be run again at once."""


_lock = threading.Lock()
_engines: dict[Database, Engine] = {}


def _forget_parents_connections() -> None:
    """A forked child shares its parent's sockets; it must neither use nor close them."""
    global _lock
    _lock = threading.Lock()
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)


def _engine(database: Database) -> Engine:
    with _lock:
        if database not in _engines:
            _engines[database] = _make_engine(database)
        return _engines[database]


def _make_engine(database: Database) -> Engine:
    from sqlalchemy import create_engine, event

    from transforms.ledger.driver import connect

    url, arguments = parse(read_secret(database.url))
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=database.pool_size,
        max_overflow=database.max_overflow,
        pool_timeout=database.timeout,
        pool_use_lifo=True,
        hide_parameters=True,  # they hold what students wrote
        connect_args={
            **arguments,
            "startup_params": {
                "statement_timeout": str(round(database.timeout * 1000)),
                "TimeZone": "UTC",
                # A prepared statement's plan must not outlive the day when a table was small.
                "plan_cache_mode": "force_custom_plan",
            },
        },
    )
    event.listen(
        engine,
        "do_connect",
        lambda dialect, record, positional, named: connect(database.timeout, named),
    )
    event.listen(engine, "connect", _mark_fresh)
    event.listen(engine, "checkout", _ping)
    return engine


def _mark_fresh(connection: Any, record: Any) -> None:
    record.info["fresh"] = True


def _ping(connection: Any, record: Any, proxy: Any) -> None:
    """Replace a pooled connection that no longer works, before anything is asked of it.

    SQLAlchemy's `pool_pre_ping` does this only for errors that pg8000 wraps; a connection reset
    comes out of it as a bare OSError.
    """
    from sqlalchemy.exc import InvalidatePoolError

    if record.info.pop("fresh", False):
        return
    cursor = connection.cursor()
    try:
        cursor.execute(";")
    except Exception as error:
        raise InvalidatePoolError from error


def _execute(
    connection: PoolProxiedConnection, statement: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run a statement that is prepared once for each connection.

    That saves two of three round trips, and pg8000's reading of the SQL letter by letter, which
    takes longer than Postgres does.
    """
    from pg8000.legacy import PreparedStatement  # for the connections of either of its modules

    prepared = connection.info.setdefault("prepared", {})
    if statement not in prepared:
        prepared[statement] = PreparedStatement(connection.driver_connection, statement)
    rows = prepared[statement].run(**parameters)
    columns = [column["name"] for column in prepared[statement].row_desc]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _breaks(error: BaseException) -> bool:
    """Whether a connection is of no more use: after anything but an ordinary answer of the server.

    pg8000 and SQLAlchemy would keep one whose socket timed out or was reset, or whose stream was
    read only half-way.
    """
    state = _sqlstate(error)
    return state is None or state.startswith(_BROKEN)


def _cause(error: BaseException) -> BaseException:
    """What the driver raised."""
    return getattr(error, "orig", None) or error


def _server_fields(error: BaseException) -> Mapping[str, str]:
    """The fields of Postgres' error message, if that is where the error comes from."""
    fields = error.args[0] if error.args else None
    return fields if isinstance(fields, dict) else {}


def _code(fields: Mapping[str, str]) -> str:
    """What a message of the server says without quoting anything."""
    named = {"table": "t", "column": "c", "constraint": "n"}
    where = [f"{name} {fields[key]}" for name, key in named.items() if key in fields]
    state = fields.get("C", "")
    # Of class 42 (syntax, names, rights) the words quote the statement, never a row.
    said = [fields["M"]] if state.startswith("42") and "M" in fields else []
    return ", ".join([*said, f"SQLSTATE {state}", *where])


def _sqlstate(error: BaseException) -> str | None:
    return _server_fields(error).get("C")


def _reason(error: BaseException) -> str:
    """One line that says what happened; only text that cannot hold row data."""
    fields = _server_fields(error)
    if fields:
        return f"{fields.get('M', 'error')} (SQLSTATE {fields.get('C')})"
    cause = f": {error.__cause__}" if error.__cause__ else ""
    return " ".join(f"{error}{cause}".split()) or type(error).__name__


def _why_down(error: BaseException) -> str | None:
    """What to tell people if the database is to blame, or None if the program is."""
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    state = _sqlstate(error)
    if state is None:
        outside = isinstance(error, OSError) or type(error).__name__ == "InterfaceError"
        if isinstance(error, PoolTimeout):
            return "no connection became free in time; raise the pool size or lower the workers"
        return _reason(error) if outside else None
    if state.startswith(_OUTDATED):
        return f"{_reason(error)}: the ledger's tables are out of date; run `vividly db upgrade`"
    if state == _FORBIDDEN:
        return f"{_reason(error)}: grant the database role what the ledger needs"
    return _reason(error) if state.startswith(_UNAVAILABLE) else None
