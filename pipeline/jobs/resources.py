"""Open the ledger, the artifact store and the graph that the settings name."""

from __future__ import annotations

import argparse
import gc
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.usage_error import UsageError
from transforms.process.backoff import Backoff

if TYPE_CHECKING:
    from pipeline.jobs.graph_runner import GraphRunner
    from transforms.artifacts import ArtifactStore
    from transforms.ledger import Ledger, LedgerStatus

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.5, longest=10.0)
"""Waits between tries while Postgres is down."""


@contextmanager
def open_ledger(chosen: argparse.Namespace) -> Iterator[Ledger]:
    """Open the ledger in `--database`, or in an embedded Postgres that is stopped at the end.

    A job waits up to `--dependency-timeout` for Postgres; a command that only reads does not wait.

    Raises:
        UsageError: The database schema is not the one of this release.
        ConfigurationFault: The database role lacks a right that a job needs.
        DependencyDown: Postgres cannot be reached.
    """
    from pipeline.jobs.connection_budget import check_connection_budget
    from transforms.ledger import Ledger, upgrade

    if chosen.database:
        ledger = ledger_at(chosen)
        status = _reached(ledger, getattr(chosen, "dependency_timeout", 0.0))
        _check(ledger, status)
        if hasattr(chosen, "processes"):  # a job, not a command that only reads
            check_connection_budget(ledger, status, chosen.processes)
            check_rights(ledger)
        yield ledger
        return
    from pipeline.embedded.postgres import EmbeddedPostgres

    with EmbeddedPostgres(Path(chosen.state) / "postgres") as postgres:
        upgrade(postgres.url)
        yield Ledger(postgres.url)


def ledger_at(chosen: argparse.Namespace) -> Ledger:
    """Return the ledger in `--database`, with a pool of `--connections` connections."""
    from transforms.ledger import Ledger

    most = getattr(chosen, "connections", 1)
    return Ledger(chosen.database, pool_size=-(-most // 2), max_overflow=most // 2)


def _reached(ledger: Ledger, patience: float) -> LedgerStatus:
    from transforms.errors import DependencyDown

    deadline = time.monotonic() + patience
    failures = 0
    while True:
        try:
            return ledger.check()
        except DependencyDown as down:
            failures += 1
            delay = BACKOFF.delay(failures)
            if time.monotonic() + delay > deadline:
                raise
            log.warning("waiting for a dependency: %s", down)
            time.sleep(delay)


def _check(ledger: Ledger, found: LedgerStatus) -> None:
    if found.outdated:
        raise UsageError(
            f"the tables in {ledger.masked_url} are at revision {found.revision or 'none'}, this "
            f"release needs {found.head}: run `vividly db upgrade`"
        )


def check_rights(ledger: Ledger) -> None:
    """Check that the database role may do what a job does.

    Raises:
        ConfigurationFault: A right is missing; with the statement that grants it.
    """
    from transforms.errors import ConfigurationFault
    from transforms.ledger.rights import grant_statement

    missing = ledger.missing_rights()
    if missing:
        raise ConfigurationFault(
            "postgres",
            f"{ledger.masked_url}: the role lacks {', '.join(missing)}: run, as the owner of the "
            f"tables, {grant_statement(missing)}",
        )


def graph_for(chosen: argparse.Namespace, ledger: Ledger) -> GraphRunner:
    """Build the graph from the settings.

    Raises:
        UsageError: The packages of a chosen engine are not installed.
    """
    from pipeline.jobs.graph_runner import GraphRunner
    from pipeline.settings.beam_options import graph_options

    graph = GraphRunner(graph_options(chosen), ledger, artifact_store(chosen))
    # Modules and the graph live until the process ends. Freezing them keeps the garbage collector
    # from traversing them in each full collection and at exit.
    gc.collect()
    gc.freeze()
    return graph


def artifact_store(chosen: argparse.Namespace) -> ArtifactStore:
    """Return the store in `--artifacts`; the path of a folder is made absolute."""
    from transforms.artifacts import ArtifactStore

    root = chosen.artifacts
    return ArtifactStore(root if "://" in root else str(Path(root).absolute()))


def worker_count(chosen: argparse.Namespace) -> int:
    """Return the number of requests processed in parallel."""
    from transforms.process.thread_pool import available_cpus

    return chosen.workers or available_cpus()
