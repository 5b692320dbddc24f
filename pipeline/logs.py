"""Logging for people at a terminal: one line per event, with what it is about."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

CONTEXT = ("request_id", "stage", "attempt", "error_type", "cost_usd", "cost_saved_usd")
"""What a log call may carry as `extra`, in the order it is shown."""

QUIET = {
    # Beam logs what a DoFn raises before the runner sees it; whoever runs the graph reports it.
    "apache_beam.runners.common": logging.CRITICAL,
    "apache_beam": logging.WARNING,
    "alembic": logging.WARNING,
    "sqlalchemy.pool": logging.CRITICAL,  # a connection found dead is replaced; calls report it
    "google": logging.WARNING,
    "urllib3": logging.WARNING,
}


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        context = " ".join(
            f"{name}={_shown(getattr(record, name))}" for name in CONTEXT if hasattr(record, name)
        )
        return f"{super().format(record)}  {context}" if context else super().format(record)


def _shown(value: object) -> str:
    return f"{value:.8f}" if isinstance(value, float) else str(value)


def configure(level: str, file: Path | None = None) -> None:
    """Log from `level` up, to standard error or to a file."""
    handler = logging.FileHandler(file) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
