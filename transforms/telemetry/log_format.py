"""Log format of one line: a message, then `name=value` fields.

This module imports neither Beam nor the model, so that commands without them start quickly.
"""

from __future__ import annotations

import logging

from transforms.telemetry.redaction import RedactingFilter, redact

ID_FIELDS = ("request_id", "correlation_id", "stage", "attempt", "message_id")
"""Fields that identify what a line is about; labels in Cloud Logging."""

FACT_FIELDS = (
    "error_type", "error_code", "field", "modality", "status", "try", "seconds", "cost_usd",
    "cost_saved_usd",
)  # fmt: skip
"""Other fields of `extra`, in the order they are shown."""

TRACE_FIELD = "trace_id"
"""Field of `extra` with the trace id, 32 hexadecimal digits."""


class LogFormatter(logging.Formatter):
    """Formats a record as one line: its message, then `name=value` for every field."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        found = {n: getattr(record, n) for n in (*ID_FIELDS, *FACT_FIELDS) if hasattr(record, n)}
        message = self.formatMessage(record).translate(_ONE_LINE)
        line = "  ".join((message, " ".join(f"{n}={_shown(v)}" for n, v in found.items())))
        text = exception_text(self, record)
        return redact(line.rstrip() + (f"\n{text}" if text else ""))


_ONE_LINE = {ord(c): repr(c)[1:-1] for c in map(chr, (*range(32), 127, 0x85, 0x2028, 0x2029))}


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    text = str(value).translate(_ONE_LINE)
    return f'"{text}"' if " " in text or not text else text


def exception_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return a record's traceback: in full at DEBUG, else without exception texts.

    `transforms.telemetry.redaction.RedactingFilter` makes the outline.
    """
    RedactingFilter().filter(record)
    if record.exc_info:
        return formatter.formatException(record.exc_info)
    return record.exc_text or ""


def install_worker_log_format() -> None:
    """Set this format on the log handler of a Beam worker, if there is one.

    Beam's handler sends the message of a record and drops its fields, so they must be part of it.
    """
    from apache_beam.runners.worker.log_handler import FnApiLogRecordHandler

    for handler in logging.getLogger().handlers:
        if isinstance(handler, FnApiLogRecordHandler) and not isinstance(
            handler.formatter, LogFormatter
        ):
            handler.setFormatter(LogFormatter())
            handler.addFilter(RedactingFilter())
