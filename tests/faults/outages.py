"""Outages of what surrounds the workers: network, Postgres, grants, temporary folder."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pipeline.embedded.postgres import EmbeddedPostgres
from pipeline.embedded.pubsub import PubSubServer
from pipeline.embedded.storage import StorageServer
from tests import pgbouncer, tmpfs
from tests.faults.place import Place
from tests.postgres_faults import frozen
from tests.tcp_proxy import TcpProxy

ROLE = "worker"
GRANTED = "SELECT, INSERT, UPDATE, DELETE"
SCRATCH = 512 << 20  # bytes of the temporary folder
FREE = 64 << 10  # bytes left by a full one: enough to create files, too few for a narration
SHORT = frozenset({"text", "bad", "repeated"})
LONG = frozenset({"audio", "video"})


@dataclass(frozen=True)
class Fault:
    """A fault that lasts until its function returns.

    Attributes:
        name: Name in the report.
        cause: Causes it.
        kinds: Kinds of traffic that it can interrupt.
        reason: Reason with which it may end a drain, with exit status 3.
    """

    name: str
    cause: Callable[[], None]
    kinds: frozenset[str] = SHORT
    reason: str = "dependency_down"


class Outages:
    """Causes outages; each lasts some seconds.

    Args:
        place: The place of the workers.
        postgres: The server.
        to_pubsub: Proxy between the workers and Pub/Sub.
        to_postgres: Proxy between the workers and Postgres.
        chance: Source of randomness.
    """

    def __init__(
        self,
        place: Place,
        postgres: EmbeddedPostgres,
        to_pubsub: TcpProxy,
        to_postgres: TcpProxy,
        chance: random.Random,
    ) -> None:
        self._place = place
        self._postgres = postgres
        self._to_pubsub = to_pubsub
        self._to_postgres = to_postgres
        self._chance = random.Random(chance.random())
        self._run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
        self._grant()

    def faults(self) -> list[Fault]:
        """Return every fault that can be caused on this machine."""
        place = self._place
        return [
            Fault("Postgres restarted", place.restart_postgres),
            Fault("Postgres crashed", place.crash_postgres),
            Fault("Postgres frozen", self._freeze_postgres),
            Fault("connections dropped", place.drop_connections),
            Fault("network to Postgres cut", lambda: self._cut(self._to_postgres)),
            Fault("network to Pub/Sub cut", lambda: self._cut(self._to_pubsub)),
            Fault("artifact store down", place.break_store),
            Fault("all messages redelivered", lambda: place.redeliver("start")),
            Fault("grants revoked", self._revoke_grants, reason="configuration_fault"),
            *(
                []
                if tmpfs.missing()
                else [Fault("temporary folder full", self._fill_scratch, LONG, "worker_fault")]
            ),
        ]

    def _cut(self, proxy: TcpProxy) -> None:
        proxy.cut()
        self._pass_time()
        proxy.restore()

    def _freeze_postgres(self) -> None:
        with frozen(self._postgres):
            self._pass_time()

    def _revoke_grants(self) -> None:
        self._run(f"REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA public FROM {ROLE}")
        self._pass_time()
        self._grant()

    def _grant(self) -> None:
        self._run(f"GRANT {GRANTED} ON ALL TABLES IN SCHEMA public TO {ROLE}")

    def _fill_scratch(self) -> None:
        with tmpfs.filled(self._place.scratch, FREE):
            self._pass_time()

    def _pass_time(self) -> None:
        time.sleep(self._chance.uniform(1, 6))

    def _run(self, statement: str) -> None:
        with self._place.ledger.connected() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def _surrounded(
    folder: Path, postgres: EmbeddedPostgres, pubsub: PubSubServer, pooled: bool
) -> Iterator[tuple[dict[str, str], TcpProxy, TcpProxy]]:
    """Open the way of the workers to their servers.

    Args:
        folder: Folder of the place.
        postgres: A running server.
        pubsub: A running server.
        pooled: Reach Postgres through PgBouncer.

    Yields:
        The workers' environment, and the proxies before Pub/Sub and Postgres.
    """
    scheme, _, rest = postgres.url.partition("://")
    direct = f"{scheme}://{ROLE}:{ROLE}@{rest.partition('@')[2]}"
    with ExitStack() as opened:
        url = direct
        if pooled:
            url = opened.enter_context(pgbouncer.serving(direct)).url(direct)
        address, _, database = url.partition("@")[2].partition("/")
        to_postgres = opened.enter_context(TcpProxy(address))
        to_pubsub = opened.enter_context(TcpProxy(pubsub.host))
        if not tmpfs.missing():
            opened.enter_context(tmpfs.mounted(folder / "scratch", f"size={SCRATCH}", "mode=1777"))
        environment = {
            "PUBSUB_EMULATOR_HOST": to_pubsub.host,
            "VIVIDLY_DATABASE": f"{scheme}://{ROLE}:{ROLE}@{to_postgres.host}/{database}",
        }
        yield environment, to_pubsub, to_postgres


@contextmanager
def opened(
    folder: Path, cloud: bool, chance: random.Random, pooled: bool = False
) -> Iterator[tuple[Place, list[Fault]]]:
    """Open a place whose servers run until the block ends.

    Args:
        folder: An empty folder.
        cloud: Keep artifacts in Cloud Storage; else in a folder.
        chance: Source of randomness.
        pooled: Let the workers reach Postgres through PgBouncer.

    Yields:
        The place, and the faults that can be caused there.
    """
    with (
        EmbeddedPostgres(folder / "postgres", fsync=False) as postgres,
        PubSubServer() as pubsub,
        StorageServer() if cloud else nullcontext() as storage,
        _surrounded(folder, postgres, pubsub, pooled) as (environment, to_pubsub, to_postgres),
    ):
        place = Place(folder, postgres, pubsub, storage, chance, environment=environment)
        yield place, Outages(place, postgres, to_pubsub, to_postgres, chance).faults()
