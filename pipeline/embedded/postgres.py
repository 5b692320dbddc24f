"""EmbeddedPostgres runs a Postgres server in a folder until the process that started it ends."""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Self

from pipeline.embedded.postgres_home import Home, find_home
from pipeline.embedded.process import LOOPBACK, free_port, spawn, stop
from transforms.errors import DependencyDown
from transforms.process.named_errors import naming

_USER = "postgres"
START_TIMEOUT = 60.0
"""Seconds, including recovery after a crash."""

_STOP_TIMEOUT = 15.0
_PORT_TRIES = 5
_PORT_IN_USE = re.compile(r"could not bind|Address already in use")
_STILL_ENDING = re.compile(r"pre-existing shared memory block|lock file .* already exists")
_NO_WORDS = (
    *("-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse"),
    *("-c", "log_min_messages=log"),
)
"""The log gets no failed statements, rejected rows and errors that quote values: they may hold
students' words. Severity `log` is above errors; clients get those."""

_NO_SYNC = ("-c", "fsync=off", "-c", "full_page_writes=off")


class FolderInUse(DependencyDown):
    """Another process runs the server in the folder, or starts it."""


def database_url(port: int | None, password: str, database: str) -> str:
    """Return the SQLAlchemy URL of a database, with the password."""
    return f"postgresql+pg8000://{_USER}:{password}@{LOOPBACK}:{port}/{database}"


class EmbeddedPostgres:
    """A Postgres server whose data stays in a folder.

    Args:
        root: the folder, created if missing. One process at a time may use it.
        fsync: false for tests only: faster, but a crash of the machine may lose data.
    """

    def __init__(self, root: Path, *, fsync: bool = True) -> None:
        self._root = root.absolute()
        self._fsync = fsync
        self._port: int | None = None
        self._password = ""
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database `postgres`, with the password."""
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, with the password."""
        return database_url(self._port, self._password, database)

    @property
    def exists(self) -> bool:
        """True if the folder holds the data of a server, running or not."""
        return (self._root / "data" / "PG_VERSION").exists()

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Start the server; create the cluster if there is none.

        Raises:
            FolderInUse: another process uses the folder.
            DependencyDown: Postgres fails; with its output.
        """
        if self.pid is not None:
            return self
        self._root.mkdir(parents=True, exist_ok=True)
        self._acquire_lock()
        try:
            with naming(self._root):
                home = find_home(self._root)
                self._stop_orphan(home)
                self._initialize(home)
                self._launch(home)
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Stop the server, disconnect its clients, and release the folder."""
        atexit.unregister(self.stop)
        if self._process is not None:
            # SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one.
            stop(self._process, signal.SIGINT, signal.SIGQUIT, patience=_STOP_TIMEOUT)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _acquire_lock(self) -> None:
        if self._lock is not None:
            return
        lock = (self._root / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise FolderInUse(
                "postgres",
                f"{self._root} is in use by process {owner}; wait for it to end, or give another "
                "folder or a --database",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _stop_orphan(self, home: Home) -> None:
        """Stop the server of a process that was killed; the caller must hold the lock."""
        import psutil  # part of the extra `local`

        lines = _pid_file(home)
        if not lines:
            return
        try:
            orphan = psutil.Process(int(lines[0]))
            if Path(orphan.cwd()) != home.data.resolve():
                # Another program has that process id now; Postgres would take it for a server.
                (home.data / "postmaster.pid").unlink()
                return
            orphan.send_signal(signal.SIGINT)
            orphan.wait(_STOP_TIMEOUT)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return  # Postgres itself detects that the file is stale
        except psutil.TimeoutExpired:
            raise DependencyDown(
                "postgres", f"process {lines[0]} still serves {home.data} and does not stop"
            ) from None

    def _initialize(self, home: Home) -> None:
        password = self._root / "password"
        if self.exists:
            if not password.exists():
                raise DependencyDown(
                    "postgres",
                    f"{password} is missing, so the data in {home.data} cannot be read; restore "
                    "it, or remove both to start with an empty database",
                )
            self._password = password.read_text()
            return
        # Created elsewhere and renamed, so that an interrupted initdb leaves no partial data.
        made = home.folder / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        home.chown(made)
        self._password = secrets.token_hex(16)
        _write_private(password, self._password)
        command = [
            home.binaries / "initdb",
            *("--pgdata", home.reachable_path(made)),
            *("--username", _USER),
            *("--pwfile", "/dev/stdin"),
            *("--auth", "scram-sha-256"),
            *("--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *(() if self._fsync else ("--no-sync",)),
        ]
        with tempfile.TemporaryFile() as secret:
            secret.write(self._password.encode())
            secret.seek(0)
            home.chown(secret.fileno())
            done = subprocess.run(
                command,
                cwd=made,
                env=_environment(),
                user=home.user.uid if home.user else None,
                group=home.user.gid if home.user else None,
                extra_groups=[] if home.user else None,
                start_new_session=True,  # Ctrl-C stops this process, which then stops the server
                stdin=secret,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise DependencyDown("postgres", f"initdb failed in {home.folder}:\n{done.stdout}")
        made.rename(home.data)

    def _launch(self, home: Home) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        tries = 0
        while True:
            if self._port is None:
                self._port = free_port()
            failure = self._try_launch(home, self._port, deadline)
            if failure is None:
                return
            tries += 1
            if _PORT_IN_USE.search(failure) and tries < _PORT_TRIES:
                self._port = None
            elif not _STILL_ENDING.search(failure) or time.monotonic() > deadline:
                raise DependencyDown(
                    "postgres", f"Postgres did not start on {LOOPBACK}:{self._port}:\n{failure}"
                )
            time.sleep(0.1)

    def _try_launch(self, home: Home, port: int, deadline: float) -> str | None:
        """Start the server; return its log if it ended or was not ready in time."""
        command = [
            home.binaries / "postgres",
            *("-D", home.reachable_path(home.data), "-p", str(port), "-h", LOOPBACK, "-k", ""),
            *("-c", "timezone=UTC", "-c", "log_timezone=UTC", *_NO_WORDS),
            *(() if self._fsync else _NO_SYNC),
        ]
        with home.log.open("wb") as log:
            self._process = spawn(
                command,
                cwd=home.data,
                log=log,
                env=_environment(),
                user=home.user,
                last_signal=signal.SIGINT,
            )
        while self._process.poll() is None:
            lines = _pid_file(home)
            # The eighth line of the file is the server's state; pg_ctl reads it too.
            if len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7] == "ready":
                return None
            if time.monotonic() > deadline:
                stop(self._process, signal.SIGQUIT, patience=_STOP_TIMEOUT)
                return f"not ready after {START_TIMEOUT:.0f} s\n{_log_tail(home)}"
            time.sleep(0.01)
        return _log_tail(home)


def _pid_file(home: Home) -> list[str]:
    try:
        text = (home.data / "postmaster.pid").read_text()
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _log_tail(home: Home) -> str:
    return "\n".join(home.log.read_text(errors="replace").splitlines()[-20:])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
