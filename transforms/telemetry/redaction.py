"""Redaction of log records: secrets at every level, exception texts above DEBUG.

The text of an exception may quote a student's question, an engine's answer or a database row. Logs
are kept for weeks and have many readers, so they get the exception's type and the place in the
code. The text is kept in the dead letter, which has fewer readers.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator

from transforms.errors import ConfigurationFault, DependencyDown, WorkerFault
from transforms.faults import code_place

MASK = "***"

_SAFE_TEXT: tuple[type[BaseException], ...] = (
    DependencyDown,
    ConfigurationFault,
    WorkerFault,
)
"""Exceptions whose text holds no user data."""

_SECRETS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # user:password@ of any URL; to the last @ of the run, as passwords may hold one
    (("://",), re.compile(r"(\w[\w+.-]*://[^\s:/@\"']*):[^\s\"']*@"), rf"\1:{MASK}@"),
    (
        ("bearer", "basic"),
        re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]{8,}"),
        rf"\1 {MASK}",
    ),
    (  # Google access tokens, API keys, client secrets
        ("ya29.", "aiza", "gocspx-"),
        re.compile(r"\bya29\.[\w.-]+|\bAIza[\w-]{30,}|\bGOCSPX-[\w-]+"),
        MASK,
    ),
    (
        ("passw", "secret", "token", "key"),
        re.compile(
            r"(?i)\b(password|passwd|secret|token|api[_-]?key|private[_-]?key)\b"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"',&}]+"
        ),
        rf"\1\2{MASK}",
    ),
    (
        ("-----begin ",),
        re.compile(r"-----BEGIN [\w ]*PRIVATE KEY-----.*?(-----END [\w ]*-----|$)", re.S),
        MASK,
    ),
)
"""Patterns of secrets: marker words, expression, replacement. An expression is tried only if the
text holds one of its words, which is ten times as fast, since hardly any text does."""


def redact(text: str) -> str:
    """Replace everything that looks like a secret by `MASK`."""
    folded = text.casefold()
    for words, pattern, replacement in _SECRETS:
        if any(word in folded for word in words):
            text = pattern.sub(replacement, text)
    return text


def error_reason(error: BaseException) -> str:
    """Describe an exception in a few words that hold no user data."""
    name = type(error).__name__
    return f"{name}: {error}" if type(error) in _SAFE_TEXT else name


def exception_outline(error: BaseException) -> str:
    """Format a traceback without exception texts and source lines.

    Causes come first, as in Python's tracebacks.
    """
    return "\n".join(_outline(error, set()))


def _outline(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen:
        yield from _outline(cause, seen)
        yield "which led to"
    yield error_reason(error)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  at {code_place(frame)} in {frame.name}"


class RedactingFilter(logging.Filter):
    """Removes exception texts from the tracebacks of log records above DEBUG.

    Attach it to handlers, not loggers: handlers receive the records of all loggers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.levelno > logging.DEBUG:
            error = record.exc_info[1]
            record.exc_text = exception_outline(error) if error else None
            record.exc_info = None
        return True
