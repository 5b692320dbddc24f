"""What a command works on: the ledger, the artifact store, the graph over them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.lanes import Graph
    from transforms.ledger import Ledger


@contextmanager
def open_ledger(chosen: argparse.Namespace) -> Iterator[Ledger]:
    """The ledger in `--database`, or in an embedded Postgres that runs as long as the block.

    Raises:
        UsageError: the database's schema is not that of this release.
        DependencyDown: it cannot be reached.
    """
    from transforms.ledger import Ledger, upgrade

    if chosen.database:
        ledger = Ledger(chosen.database)
        ledger.check_schema()
        yield ledger
        return
    from pipeline.embedded.postgres import EmbeddedPostgres

    with EmbeddedPostgres(Path(chosen.state) / "postgres") as postgres:
        upgrade(postgres.url)
        yield Ledger(postgres.url)


def graph_for(chosen: argparse.Namespace, ledger: Ledger) -> Graph:
    """The graph that the settings ask for.

    Raises:
        UsageError: an engine's packages are not installed.
    """
    from pipeline.lanes import Graph
    from pipeline.options import graph_options
    from transforms.artifacts import ArtifactStore

    root = chosen.artifacts
    if "://" not in root:
        root = str(Path(root).absolute())
    return Graph(graph_options(chosen), ledger, ArtifactStore(root))


def workers(chosen: argparse.Namespace) -> int:
    """How many requests are worked on side by side."""
    return chosen.workers or cores()


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
