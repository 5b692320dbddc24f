"""Open sessions of Postgres, directly or through a pooler such as PgBouncer.

A pooler with transaction pooling may run each transaction on another server connection. What
belongs to a session (settings, prepared statements, advisory locks) is then lost, or another
client's. So each statement runs unnamed between BEGIN and COMMIT, after SET LOCAL of the settings.

A pooler is detected by one of these, and from then on every session is treated as pooled:

* It refuses startup parameters with SQLSTATE 08P01.
* The settings are not those asked for: the pooler ignores startup parameters.
* The server process is not the one that was named at login.
* A prepared statement does not exist (26000), or exists before it is prepared (42P05).
"""

from __future__ import annotations

import logging
from typing import Any

import pg8000

from transforms.ledger.driver import Connection, connect
from transforms.ledger.sqlstate import sqlstate

log = logging.getLogger(__name__)

_REFUSED_PARAMETER = "08P01"
_NO_OWN_SESSION = ("26000", "42P05")


class Sessions:
    """Opens the sessions of one database; detects a pooler that shares them.

    Args:
        pooler: ``transaction`` or ``session``, as the URL says; None to detect it.
        timeout: seconds for connecting and for one statement.

    Attributes:
        are_pooled: true if each transaction may run on another server connection.
    """

    def __init__(self, pooler: str | None, timeout: float) -> None:
        self.are_pooled = pooler == "transaction"
        self._keeps_session = pooler == "session"
        self._is_checked = pooler is not None
        self._timeout = timeout
        self._settings = {
            "statement_timeout": str(round(timeout * 1000)),
            "TimeZone": "UTC",
            # A plan cached while a table was small would be slow once it has grown.
            "plan_cache_mode": "force_custom_plan",
            # In kB, as `pg_settings` has it: costs of a long period count requests in a hash table.
            "work_mem": "32768",
        }
        self._begin = f"BEGIN; {self._set('SET LOCAL')}"

    def open(self, arguments: dict[str, Any]) -> pg8000.Connection:
        """Open a connection to the database and detect a pooler.

        Args:
            arguments: keyword arguments for `driver.connect`.

        Raises:
            pg8000.Error: the server refuses the login.
            OSError: the server cannot be reached.
        """
        if self.are_pooled or self._keeps_session:
            connection = connect(self._timeout, arguments)
            if self._keeps_session:
                _run_or_close(connection, self._set("SET"))
            return connection
        direct = {**arguments, "startup_params": self._settings}
        try:
            connection = connect(self._timeout, direct)
        except pg8000.Error as error:
            if sqlstate(error) != _REFUSED_PARAMETER:
                raise
            connection = connect(self._timeout, arguments)
            self._treat_as_pooled("it refuses startup parameters")
            return connection
        if not self._is_checked and isinstance(connection, Connection):
            self._check(connection)
        return connection

    def is_pooling_error(self, connection: Any, error: pg8000.Error) -> bool:
        """Return whether a prepared statement failed because a pooler shares the session."""
        if sqlstate(error) not in _NO_OWN_SESSION or not isinstance(connection, Connection):
            return False
        self._treat_as_pooled("prepared statements do not last")
        return True

    def run(
        self, connection: Any, statement: str, parameters: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Run a statement in a transaction that needs no session of its own."""
        return connection.run_transaction(self._begin, statement, parameters)

    def _check(self, connection: Connection) -> None:
        """Detect a pooler: a session with other settings, or with another server process."""
        names = ", ".join(f"'{name}'" for name in self._settings)
        rows = _run_or_close(
            connection,
            f"SELECT pg_backend_pid(), name, setting FROM pg_settings WHERE name IN ({names})",  # noqa: S608
        )
        if {name: setting for _, name, setting in rows} != self._settings:
            self._treat_as_pooled("it ignores startup parameters")
        elif rows[0][0] != connection.server_process:
            self._treat_as_pooled("another server process answers than the one named at login")
        self._is_checked = True

    def _treat_as_pooled(self, reason: str) -> None:
        if not self.are_pooled:
            log.info(
                "postgres is behind a pooler: %s; every statement runs in a transaction of its own",
                reason,
            )
        self.are_pooled = True

    def _set(self, command: str) -> str:
        return "; ".join(f"{command} {name} = '{value}'" for name, value in self._settings.items())


def _run_or_close(connection: Connection, statements: str) -> list[list[Any]]:
    try:
        return connection.run_simple(statements)
    except BaseException:
        connection.close()
        raise
