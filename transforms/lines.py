"""How a log record is written on one line, by whichever handler.

Nothing here imports Beam or the model, so that commands which need neither start at once.
"""

from __future__ import annotations

import logging

from transforms.discretion import Discreet, redacted

IDS = ("request_id", "correlation_id", "stage", "attempt", "message_id")
"""What tells lines apart; each a label in Cloud Logging."""

FACTS = (
    "error_type", "error_code", "field", "modality", "status", "try", "seconds", "cost_usd",
    "cost_saved_usd",
)  # fmt: skip
"""What else a log call may carry as `extra`, in the order it is shown."""

TRACE = "trace_id"
"""`extra` with the id of the trace that the line belongs to, 32 hexadecimal digits."""


class Line(logging.Formatter):
    """A record on one line: its message, then `name=value` for every field it carries."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        found = {n: getattr(record, n) for n in (*IDS, *FACTS) if hasattr(record, n)}
        said = self.formatMessage(record).translate(_ONE_LINE)
        line = "  ".join((said, " ".join(f"{n}={_shown(v)}" for n, v in found.items())))
        text = exception_text(self, record)
        return redacted(line.rstrip() + (f"\n{text}" if text else ""))


_ONE_LINE = {ord(c): repr(c)[1:-1] for c in map(chr, (*range(32), 127, 0x85, 0x2028, 0x2029))}


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    text = str(value).translate(_ONE_LINE)
    return f'"{text}"' if " " in text or not text else text


def exception_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """What a record says of an exception: in full at DEBUG, in outline above (`Discreet`)."""
    Discreet().filter(record)
    if record.exc_info:
        return formatter.formatException(record.exc_info)
    return record.exc_text or ""


def dress_worker_log() -> None:
    """Have a Beam worker ship lines of this form; does nothing where no such worker runs.

    Beam's handler ships the message of a record and drops its fields, so they become part of it.
    """
    from apache_beam.runners.worker.log_handler import FnApiLogRecordHandler

    for handler in logging.getLogger().handlers:
        if isinstance(handler, FnApiLogRecordHandler) and not isinstance(handler.formatter, Line):
            handler.setFormatter(Line())
            handler.addFilter(Discreet())
