"""Fixtures of the local services: each is started once, on first use, on a free port.

They run in this process or end with it.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pipeline.embedded.postgres import EmbeddedPostgres
    from pipeline.embedded.pubsub import PubSubServer
    from pipeline.embedded.storage import StorageServer

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # as `pipeline.cli.entry` does

# Neither the speed of the machine nor chance may fail a change. `make nightly` draws new examples.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("new", settings.get_profile("same"), derandomize=False, max_examples=500)
settings.load_profile("same")

LONGEST_FIRST = {"e2e", "faults", "browser", "runners"}
"""Folders of tests that take long; at the end of a run they would leave a core idle."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the folders of long tests to the front; otherwise the order is random."""
    items.sort(key=lambda item: LONGEST_FIRST.isdisjoint(item.path.parts))


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers of `-n auto`: two for each core."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options that run tests through PgBouncer, and runners with real engines."""
    parser.addoption(
        "--offline-engines",
        action="store_true",
        help="let the tests of runners make real lessons, which takes minutes",
    )
    parser.addoption(
        "--pgbouncer",
        action="store_true",
        help="run all integration tests that use the ledger through PgBouncer",
    )


@pytest.fixture(autouse=True)
def _undo_what_commands_change() -> Iterator[None]:
    """Restore environment and logging after a test that runs commands or services in this process.

    Log handlers write to the test's own stream, and addresses of emulators are used by later tests.
    """
    root = logging.getLogger()
    environment, level = dict(os.environ), root.level
    yield
    root.handlers = [each for each in root.handlers if type(each) is not logging.StreamHandler]
    root.setLevel(level)
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


@dataclass(frozen=True)
class Database:
    """A database for one test; `server` is shared, so a test must not stop it."""

    url: str
    server: EmbeddedPostgres


@dataclass(frozen=True)
class PubSub:
    """A Pub/Sub project for one test, on a shared server."""

    host: str
    project: str


@dataclass(frozen=True)
class Bucket:
    """A bucket for one test; `server` is shared, so a test must not stop it."""

    name: str
    endpoint: str
    server: StorageServer

    @property
    def root(self) -> str:
        """The bucket's ``gs://`` URL."""
        return f"gs://{self.name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A Postgres server without fsync."""
    from pipeline.embedded.postgres import EmbeddedPostgres

    # Not in pytest's own folder, which is kept for three runs: a cluster is 40 MB and more.
    with (
        tempfile.TemporaryDirectory(prefix="vividly-test-") as folder,
        EmbeddedPostgres(Path(folder), fsync=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def _administrate(postgres_server: EmbeddedPostgres) -> Iterator[Callable[[str], None]]:
    import sqlalchemy

    engine = sqlalchemy.create_engine(postgres_server.url, isolation_level="AUTOCOMMIT")

    def administrate(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(statement))

    yield administrate
    engine.dispose()


@pytest.fixture
def postgres(
    postgres_server: EmbeddedPostgres, _administrate: Callable[[str], None]
) -> Iterator[Database]:
    """Create an empty database."""
    with _database(postgres_server, _administrate, "template0") as database:
        yield database


@pytest.fixture(scope="session")
def _migrated_template(
    postgres_server: EmbeddedPostgres, _administrate: Callable[[str], None]
) -> Iterator[str]:
    """Migrate one database per session; tests get copies, which are made without migrating."""
    from transforms.ledger import upgrade

    with _database(postgres_server, _administrate, "template0") as database:
        upgrade(database.url)
        yield database.url.rpartition("/")[2]


@pytest.fixture
def migrated_postgres(
    postgres_server: EmbeddedPostgres,
    _administrate: Callable[[str], None],
    _migrated_template: str,
) -> Iterator[Database]:
    """Create a database that holds the ledger's tables."""
    with _database(postgres_server, _administrate, _migrated_template) as database:
        yield database


@contextmanager
def _database(
    server: EmbeddedPostgres, administrate: Callable[[str], None], template: str
) -> Iterator[Database]:
    name = f"test_{os.urandom(8).hex()}"
    # FILE_COPY starts with a checkpoint; WAL_LOG needs none and is quicker for small databases.
    administrate(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
    yield Database(server.database_url(name), server)
    administrate(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def pubsub_server() -> Iterator[PubSubServer]:
    """A Pub/Sub server."""
    from pipeline.embedded.pubsub import PubSubServer

    with PubSubServer() as server:
        yield server


@pytest.fixture
def pubsub(pubsub_server: PubSubServer, monkeypatch: pytest.MonkeyPatch) -> PubSub:
    """A fresh project; the environment makes Google's clients use its server."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_server.host)
    return PubSub(pubsub_server.host, f"test-{os.urandom(8).hex()}")


@pytest.fixture(scope="session")
def storage_server() -> Iterator[StorageServer]:
    """A Cloud Storage server."""
    from pipeline.embedded.storage import StorageServer

    with StorageServer() as server:
        yield server


@pytest.fixture
def gcs(storage_server: StorageServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A fresh bucket; the environment makes Google's clients use its server."""
    for name, value in storage_server.client_environment().items():
        monkeypatch.setenv(name, value)
    bucket = f"test-{os.urandom(8).hex()}"
    storage_server.create_bucket(bucket)
    return Bucket(bucket, storage_server.endpoint, storage_server)
