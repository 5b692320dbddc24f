"""Logging configuration: one line per event, as text or as JSON for Cloud Logging.

`transforms.telemetry` redacts and formats the lines. On a Dataflow worker Beam has its own handler;
see `transforms.telemetry.log_format.install_worker_log_format`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from transforms.telemetry.log_format import (
    FACT_FIELDS,
    ID_FIELDS,
    TRACE_FIELD,
    LogFormatter,
    exception_text,
)
from transforms.telemetry.redaction import RedactingFilter, redact

PLATFORM_VARIABLES = ("K_SERVICE", "CLOUD_RUN_JOB", "KUBERNETES_SERVICE_HOST")
"""Set by Cloud Run services, Cloud Run jobs and Kubernetes, whose agents read JSON."""

QUIET = {
    # Beam logs a DoFn's exception before the runner raises it; the job reports it.
    "apache_beam.runners.common": logging.CRITICAL,
    "apache_beam.runners.direct.executor": logging.CRITICAL,
    "apache_beam": logging.WARNING,
    "alembic": logging.WARNING,
    "sqlalchemy.pool": logging.CRITICAL,  # a dead connection is replaced; failed calls are reported
    "google": logging.WARNING,
    "google_genai": logging.WARNING,
    "httpx": logging.WARNING,
    "urllib3": logging.WARNING,
}

log = logging.getLogger(__name__)


class CloudLogFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    Special fields: https://cloud.google.com/logging/docs/structured-logging.

    Args:
        project: Google Cloud project of the traces; without it entries have no trace.
    """

    def __init__(self, project: str | None = None) -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "severity": record.levelname,
            "message": redact(record.getMessage()),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "logger": record.name,
        }
        entry |= {name: getattr(record, name) for name in FACT_FIELDS if hasattr(record, name)}
        text = exception_text(self, record)
        if text:
            entry["stack_trace"] = redact(text)
        labels = {n: redact(str(getattr(record, n))) for n in ID_FIELDS if hasattr(record, n)}
        if labels:
            entry["logging.googleapis.com/labels"] = labels
        if self._project and hasattr(record, TRACE_FIELD):
            trace = f"projects/{self._project}/traces/{getattr(record, TRACE_FIELD)}"
            entry["logging.googleapis.com/trace"] = trace
        entry["logging.googleapis.com/sourceLocation"] = {
            "file": "/".join(Path(record.pathname).parts[-3:]),
            "line": str(record.lineno),
            "function": record.funcName,
        }
        return json.dumps(entry, default=str)


def on_google_cloud() -> bool:
    """Return whether an agent of Cloud Logging reads this process's output."""
    return any(os.environ.get(name) for name in PLATFORM_VARIABLES)


def formatter(form: str, project: str | None = None) -> logging.Formatter:
    """Return the formatter for ``json``, ``text`` or ``auto`` (JSON on Google Cloud, else text)."""
    if form == "json" or (form == "auto" and on_google_cloud()):
        return CloudLogFormatter(project)
    return LogFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")


def configure(
    level: str, form: str = "text", project: str | None = None, file: Path | None = None
) -> None:
    """Configure level, format and redaction of the root logger.

    Args:
        level: Least severity that is logged.
        form: As for `formatter`.
        project: As for `CloudLogFormatter`.
        file: Log file; standard error by default.
    """
    handler = logging.FileHandler(file) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, project))
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    threading.excepthook = _died


def report_error(message: str, bug: Exception | None = None) -> None:
    """Report why the command ends: as a line on standard error, or as a log entry in JSON mode.

    Args:
        message: The reason.
        bug: Unexpected exception; its text may contain user data, so a log entry has its type and
            stack in place of the message.
    """
    handlers = logging.getLogger().handlers
    if any(isinstance(handler.formatter, CloudLogFormatter) for handler in handlers):
        log.error("vividly failed: %s", type(bug).__name__ if bug else message, exc_info=bug)
    else:
        print(f"vividly: {redact(message)}", file=sys.stderr)


def _died(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or arguments.exc_type is SystemExit:
        return
    name = arguments.thread.name if arguments.thread else "(unknown)"
    found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    log.error("thread %s ended with an exception", name, exc_info=found)
