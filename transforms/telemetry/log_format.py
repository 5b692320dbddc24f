"""How a log record is written on one line, by whichever handler.

Nothing here imports Beam or the model, so that commands which need neither start at once.
"""

from __future__ import annotations

import logging

from transforms.telemetry.redaction import RedactingFilter, redact

ID_FIELDS = ("request_id", "correlation_id", "stage", "attempt", "message_id")
"""What tells lines apart; each a label in Cloud Logging."""

FACT_FIELDS = (
    "error_type", "error_code", "field", "modality", "status", "try", "seconds", "cost_usd",
    "cost_saved_usd",
)  # fmt: skip
"""What else a log call may carry as `extra`, in the order it is shown."""

TRACE_FIELD = "trace_id"
"""`extra` with the id of the trace that the line belongs to, 32 hexadecimal digits."""


class LogFormatter(logging.Formatter):
    """A record on one line: its message, then `name=value` for every field it carries."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        found = {n: getattr(record, n) for n in (*ID_FIELDS, *FACT_FIELDS) if hasattr(record, n)}
        said = self.formatMessage(record).translate(_ONE_LINE)
        line = "  ".join((said, " ".join(f"{n}={_shown(v)}" for n, v in found.items())))
        text = exception_text(self, record)
        return redact(line.rstrip() + (f"\n{text}" if text else ""))


_ONE_LINE = {ord(c): repr(c)[1:-1] for c in map(chr, (*range(32), 127, 0x85, 0x2028, 0x2029))}


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    text = str(value).translate(_ONE_LINE)
    return f'"{text}"' if " " in text or not text else text


def exception_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """What a record says of an exception: in full at DEBUG, in outline above (`Discreet`)."""
    RedactingFilter().filter(record)
    if record.exc_info:
        return formatter.formatException(record.exc_info)
    return record.exc_text or ""


def install_worker_log_format() -> None:
    """Have a Beam worker ship lines of this form; does nothing where no such worker runs.

    Beam's handler ships the message of a record and drops its fields, so they become part of it.
    """
    from apache_beam.runners.worker.log_handler import FnApiLogRecordHandler

    for handler in logging.getLogger().handlers:
        if isinstance(handler, FnApiLogRecordHandler) and not isinstance(
            handler.formatter, LogFormatter
        ):
            handler.setFormatter(LogFormatter())
            handler.addFilter(RedactingFilter())
