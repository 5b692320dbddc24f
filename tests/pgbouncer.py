"""Run PgBouncer in front of a Postgres server; tests are skipped if it is not installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pipeline.embedded.postgres_home import unprivileged_user
from pipeline.embedded.process import LOOPBACK, free_port, spawn, stop

PORT_TRIES = 5


class PgBouncer:
    """PgBouncer in front of a Postgres server, on a free port.

    Args:
        program: path of the program.
        folder: folder for its configuration and its log.
        direct: URL of a database of the server behind it, with the password.
        settings: of `pgbouncer.ini`.
    """

    def __init__(
        self, program: str, folder: Path, direct: str, settings: Mapping[str, str | float]
    ) -> None:
        self._program = program
        self._folder = folder
        self._behind = make_url(direct)
        self._settings = settings
        self._user = unprivileged_user() if os.geteuid() == 0 else None  # it refuses to run as root
        for _ in range(PORT_TRIES):
            self._port = free_port()
            self._configure()
            if self._launch():
                return
        raise AssertionError(self._log.read_text())

    def url(self, direct: str, **parameters: str) -> str:
        """Return a database's URL through PgBouncer, with these parameters."""
        url = make_url(direct).set(port=self._port).update_query_dict(parameters)
        return url.render_as_string(hide_password=False)

    def restart(self) -> None:
        """Kill PgBouncer with its connections, and start it on the same port."""
        stop(self._process, signal.SIGKILL, patience=10)
        assert self._launch(), self._log.read_text()

    def stop(self) -> None:
        """Stop PgBouncer."""
        # SIGTERM ends it at once up to version 1.22, and waits for its clients since.
        stop(self._process, signal.SIGTERM, signal.SIGQUIT, patience=0.5)

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _configure(self) -> None:
        settings = {
            "listen_addr": LOOPBACK,
            "listen_port": self._port,
            "unix_socket_dir": "",
            "auth_type": "md5",  # pg8000 computes SCRAM keys in Python, some 100 ms each
            "auth_file": "users.txt",
            "pool_mode": "transaction",
            "server_round_robin": 1,
            **self._settings,
        }
        behind = self._behind
        lines = [
            "[databases]",
            f"* = host={behind.host} port={behind.port}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()),
        ]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        (self._folder / "users.txt").write_text(f'"{behind.username}" "{behind.password}"\n')
        if self._user:
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, self._user.uid, self._user.gid)

    def _launch(self) -> bool:
        """Start PgBouncer; return whether it accepts connections, which takes a free port."""
        with self._log.open("ab") as log:
            self._process = spawn(
                [self._program, "pgbouncer.ini"], cwd=self._folder, log=log, user=self._user
            )
        while self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, self._port)) == 0:
                    return True
            time.sleep(0.01)
        return False


def missing() -> str | None:
    """Return why PgBouncer cannot be started here; None when it can."""
    return None if _program() else "no PgBouncer on this machine (apt-get install pgbouncer)"


@contextmanager
def serving(direct: str, **settings: str | float) -> Iterator[PgBouncer]:
    """Run PgBouncer, and stop it at the end.

    By default each transaction gets another of the server connections in turn, so that the state
    of a session is lost for certain.

    Args:
        direct: URL of a database of the server behind it, with the password.
        settings: of `pgbouncer.ini`.
    """
    program = _program()
    if program is None:
        pytest.skip(str(missing()))
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        bouncer = PgBouncer(program, Path(folder), direct, settings)
        try:
            yield bouncer
        finally:
            bouncer.stop()


def _program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
