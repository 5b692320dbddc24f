"""SQLAlchemy engines with their connection pools, one per database and process."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Protocol

from transforms.ledger.secret import read_secret
from transforms.ledger.url import parse

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, PoolProxiedConnection

    from transforms.ledger.sessions import Sessions


class Settings(Hashable, Protocol):
    """Settings of an engine; `transforms.ledger.database.Database` describes them."""

    @property
    def url(self) -> str: ...
    @property
    def pool_size(self) -> int: ...
    @property
    def max_overflow(self) -> int: ...
    @property
    def timeout(self) -> float: ...


PING_AFTER = 1.0
"""Seconds without use after which a pooled connection is checked by a round trip."""

_lock = threading.Lock()
_engines: dict[Settings, Engine] = {}


def engine_of(database: Settings) -> Engine:
    """Return this process's SQLAlchemy engine for a database; create it on the first call."""
    with _lock:
        if database not in _engines:
            _engines[database] = _make_engine(database)
        return _engines[database]


def close_engine(database: Settings) -> None:
    """Close the idle connections of an engine, and forget it."""
    with _lock:
        engine = _engines.pop(database, None)
    if engine:
        engine.dispose()


def sessions_of(connection: PoolProxiedConnection) -> Sessions:
    """Return the `Sessions` object that opened a pooled connection."""
    sessions: Sessions = connection.info["sessions"]
    return sessions


def is_pooled(connection: Connection) -> bool:
    """Return whether a pooler may run each transaction on another server connection."""
    return sessions_of(connection.connection).are_pooled


def _drop_inherited_connections() -> None:
    """Drop the parent's connections in a forked child, without closing their shared sockets."""
    global _lock
    _lock = threading.Lock()
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_drop_inherited_connections)


def _make_engine(database: Settings) -> Engine:
    from sqlalchemy import create_engine, event

    from transforms.ledger.sessions import Sessions

    url, arguments = parse(read_secret(database.url))
    sessions = Sessions(arguments.pop("pooler", None), database.timeout)
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=database.pool_size,
        max_overflow=database.max_overflow,
        pool_timeout=database.timeout,
        pool_use_lifo=True,
        hide_parameters=True,  # they contain students' text
        connect_args=arguments,
    )

    def connected(connection: Any, record: Any) -> None:
        record.info.update(sessions=sessions, fresh=True)

    event.listen(
        engine, "do_connect", lambda dialect, record, positional, named: sessions.open(named)
    )
    event.listen(engine, "connect", connected)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping)
    return engine


def _note_use(connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping(connection: Any, record: Any, proxy: Any) -> None:
    """Check a pooled connection at checkout, so that a dead one is replaced.

    Of one that was in use a moment ago, only the socket is looked at: a round trip for each
    statement would double the time of short ones.

    SQLAlchemy's `pool_pre_ping` does this only for errors that pg8000 wraps; pg8000 raises a
    connection reset as a bare OSError.
    """
    from sqlalchemy.exc import InvalidatePoolError

    from transforms.ledger.driver import has_input

    if record.info.pop("fresh", False):
        return
    is_recent = time.monotonic() - record.info.get("used_at", -math.inf) < PING_AFTER
    if is_recent and not has_input(connection):
        return
    cursor = connection.cursor()
    try:
        cursor.execute(";")
    except Exception as error:
        raise InvalidatePoolError from error
