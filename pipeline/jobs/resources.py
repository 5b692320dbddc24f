"""Open the ledger, the artifact store and the graph that the settings name."""

from __future__ import annotations

import argparse
import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline.usage_error import UsageError
from transforms.process.backoff import Backoff

if TYPE_CHECKING:
    from pipeline.jobs.graph_runner import GraphRunner
    from transforms.artifacts import ArtifactStore
    from transforms.ledger import Ledger, LedgerStatus

T = TypeVar("T")

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.5, longest=10.0)
"""Waits between tries while Postgres is down."""


@contextmanager
def open_ledger(chosen: argparse.Namespace, may_create: bool = True) -> Iterator[Ledger]:
    """Open the ledger in `--database`, or in an embedded Postgres that is stopped at the end.

    A Postgres that another process runs in `--state` is joined; its end ends this command.

    A job waits up to `--dependency-timeout` for Postgres; a command that only reads does not wait.

    Args:
        chosen: Parsed options.
        may_create: Create the embedded Postgres if there is none in `--state`.

    Raises:
        UsageError: The database schema is not the one of this release, or there is no ledger.
        ConfigurationFault: The database role lacks a right that a job needs.
        DependencyDown: Postgres cannot be reached.
    """
    from pipeline.jobs.connection_budget import check_connection_budget
    from transforms.ledger import Ledger, upgrade

    if chosen.database:
        ledger = ledger_at(chosen)
        is_job = hasattr(chosen, "processes")  # and not a command that only reads
        patience = getattr(chosen, "dependency_timeout", 0.0)
        if is_job:
            _reached(lambda: check_rights(ledger), patience)
        status = _reached(ledger.check, patience)
        _check(ledger, status)
        if is_job:
            check_connection_budget(ledger, status, chosen.processes)
        yield ledger
        return
    from pipeline.embedded.joining import JoinedPostgres, start_or_join, watching
    from pipeline.embedded.postgres import EmbeddedPostgres
    from pipeline.stop_signals import stop_with

    folder = Path(chosen.state) / "postgres"
    if not may_create and not EmbeddedPostgres(folder).exists:
        raise UsageError(
            f"there is no ledger in {chosen.state}: run `vividly demo` or `vividly batch` first, "
            "or give --database or another --state"
        )
    postgres = start_or_join(folder)
    ledger = Ledger(postgres.url)
    if isinstance(postgres, JoinedPostgres):
        log.info("using the services that process %s runs in %s", postgres.owner, chosen.state)
        with watching(postgres, stop_with):
            _check(ledger, ledger.check())
            yield ledger
        return
    with postgres:
        upgrade(postgres.url)
        yield ledger


def ledger_at(chosen: argparse.Namespace) -> Ledger:
    """Return the ledger in `--database`, with a pool of `--connections` connections."""
    from transforms.ledger import Ledger

    most = getattr(chosen, "connections", 1)
    return Ledger(chosen.database, pool_size=-(-most // 2), max_overflow=most // 2)


def _reached(call: Callable[[], T], patience: float) -> T:
    from transforms.errors import DependencyDown

    deadline = time.monotonic() + patience
    failures = 0
    while True:
        try:
            return call()
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
    """Raise if the database role lacks a right that jobs need.

    Raises:
        ConfigurationFault: A right is missing; with the statements that grant it.
    """
    from transforms.errors import ConfigurationFault

    missing = ledger.missing_rights()
    if missing:
        raise ConfigurationFault(
            "postgres",
            f"{ledger.masked_url}: the role lacks {missing}: run, as the owner of the tables, "
            f"{missing.grants}",
        )


def graph_for(chosen: argparse.Namespace, ledger: Ledger) -> GraphRunner:
    """Build the graph from the settings.

    Raises:
        UsageError: The packages of a chosen engine are not installed.
        ConfigurationFault: The dead-letter topic is missing or forbidden.
    """
    from pipeline.jobs.graph_runner import GraphRunner
    from pipeline.jobs.scheduler import LIGHT_RUNS
    from pipeline.settings.beam_options import graph_options

    check_publishing(chosen.dead_letter_topic)
    check_publishing(chosen.care_topic)
    graph = GraphRunner(graph_options(chosen), ledger, artifact_store(chosen))
    graph.warm_up(LIGHT_RUNS)
    # Modules and the graph live until the process ends. Freezing them keeps the garbage collector
    # from traversing them in each full collection and at exit.
    gc.collect()
    gc.freeze()
    return graph


def check_publishing(topic: str | None, by_other_account: bool = False) -> None:
    """Check that a job can publish to a topic, if one is given.

    Args:
        topic: Full resource name of the topic.
        by_other_account: Workers publish, with an account of their own; only a missing topic is an
            error then, and a right that this account lacks is logged.

    Raises:
        ConfigurationFault: The topic is missing or forbidden.
    """
    from transforms.errors import ConfigurationFault, DependencyDown
    from transforms.pubsub_client import check_topic, is_missing

    if not topic:
        return
    try:
        check_topic(topic)
    except ConfigurationFault as fault:
        if not by_other_account or is_missing(topic):
            raise
        log.warning("this account lacks a right that the workers' account needs: %s", fault)
    except DependencyDown as down:  # the ledger keeps all that is published
        log.warning("could not check the topic: %s", down)


def artifact_store(chosen: argparse.Namespace) -> ArtifactStore:
    """Return the store in `--artifacts`; the path of a folder is made absolute."""
    from transforms.artifacts import ArtifactStore

    root = chosen.artifacts
    return ArtifactStore(root if "://" in root else str(Path(root).absolute()))


def worker_count(chosen: argparse.Namespace) -> int:
    """Return the number of requests that a job processes in parallel."""
    from transforms.process.thread_pool import available_cpus

    return chosen.workers or available_cpus()
