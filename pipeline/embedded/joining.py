"""Join the embedded Postgres that another process runs in the same folder."""

from __future__ import annotations

import fcntl
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.embedded.postgres import START_TIMEOUT, EmbeddedPostgres, FolderInUse, database_url
from pipeline.embedded.process import LOOPBACK
from transforms.errors import DependencyDown

POLL = 0.1  # seconds between two looks at the lock
CONNECT_SECONDS = 1.0
CLOSING_SECONDS = 20.0
"""Longest time between the end of a server and that of its owner's lock."""


@dataclass(frozen=True)
class JoinedPostgres:
    """A Postgres server that another process runs.

    Attributes:
        root: its folder.
        owner: id of the process that runs it.
        url: SQLAlchemy URL of the database, with the password.
    """

    root: Path
    owner: str
    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the server running; its owner stops it."""

    def owner_ended(self) -> bool:
        """Return whether the process that started the server has ended."""
        try:
            with (self.root / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _owner(self.root) not in ("", self.owner)
        except OSError:  # the folder was removed
            return True
        return True

    def fault(self) -> DependencyDown:
        """Return the error for the end of the process that started the server."""
        return DependencyDown(
            "postgres",
            f"process {self.owner}, which ran the services in {self.root.parent}, has ended; run "
            "this command again to continue",
        )


def start_or_join(root: Path) -> EmbeddedPostgres | JoinedPostgres:
    """Start the server in a folder, or join the one that another process runs there.

    Raises:
        DependencyDown: Postgres fails, or the other process has no server ready in time.
    """
    deadline = time.monotonic() + START_TIMEOUT
    postgres = EmbeddedPostgres(root)
    while True:
        try:
            return postgres.start()
        except FolderInUse:
            joined = _find_running(root.absolute())
            if joined:
                return joined
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL)


@contextmanager
def watching(joined: JoinedPostgres, end: Callable[[DependencyDown], None]) -> Iterator[None]:
    """Call `end` if the process that started the server ends during the block.

    Raises:
        DependencyDown: The block failed for want of the server, because its owner has ended.
    """
    left = threading.Event()

    def watch() -> None:
        while not left.wait(POLL):
            if joined.owner_ended():
                if not left.is_set():
                    end(joined.fault())
                return

    threading.Thread(target=watch, name="owner of Postgres", daemon=True).start()
    try:
        yield
    except (DependencyDown, KeyboardInterrupt) as error:
        is_outage = isinstance(error, DependencyDown) and error.dependency == "postgres"
        if _wait_for_end(joined, CLOSING_SECONDS if is_outage and not _answers(joined) else 0):
            raise joined.fault() from error
        raise
    finally:
        left.set()


def _wait_for_end(joined: JoinedPostgres, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not joined.owner_ended():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)
    return True


def _find_running(root: Path) -> JoinedPostgres | None:
    """Return the server that runs in a folder, or None if none is ready."""
    with suppress(FileNotFoundError):
        lines = (root / "data" / "postmaster.pid").read_text().splitlines()
        # The fourth line is the port, the eighth the state of the server.
        if len(lines) > 7 and lines[7].strip() == "ready":
            url = database_url(int(lines[3]), (root / "password").read_text(), "postgres")
            found = JoinedPostgres(root, _owner(root), url)
            if _answers(found):
                return found
    return None


def _owner(root: Path) -> str:
    return (root / "lock").read_text().strip()


def _answers(joined: JoinedPostgres) -> bool:
    port = int(joined.url.rpartition(":")[2].partition("/")[0])
    try:
        socket.create_connection((LOOPBACK, port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
