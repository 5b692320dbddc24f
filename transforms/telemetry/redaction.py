"""What a log may show: never a secret, and nothing that may quote a student above DEBUG.

The text of an exception may hold whatever the failing code was looking at: a question, an engine's
answer to it, a database row. A log that is kept for weeks and read by many gets its type and the
place in the code; the text is in the dead letter, whose readers are fewer.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from transforms.errors import DependencyDown

MASK = "***"

_SPEAKING: tuple[type[BaseException], ...] = (DependencyDown,)
"""Exceptions whose text is made of the program's own words."""

_SECRETS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # user:password@ of any URL; to the last @ of the run, as passwords may hold one
    (("://",), re.compile(r"(\w[\w+.-]*://[^\s:/@\"']*):[^\s\"']*@"), rf"\1:{MASK}@"),
    (
        ("bearer", "basic"),
        re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]{8,}"),
        rf"\1 {MASK}",
    ),
    (  # Google's own kinds
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
"""What a secret looks like. Nearly no text holds one, and to look for a few plain words is ten
times as fast as to look for the patterns, so a pattern is tried only where one of its words is."""


def redact(text: str) -> str:
    """The text with *** for everything that looks like a secret."""
    folded = text.casefold()
    for words, pattern, replacement in _SECRETS:
        if any(word in folded for word in words):
            text = pattern.sub(replacement, text)
    return text


def error_reason(error: BaseException) -> str:
    """An exception in a few words that quote nobody."""
    name = type(error).__name__
    return f"{name}: {error}" if type(error) in _SPEAKING else name


def exception_outline(error: BaseException) -> str:
    """A traceback without the texts of the exceptions and without lines of code.

    Causes come first, as in Python's own.
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
        place = "/".join(Path(frame.filename).parts[-3:])
        yield f"  at {place}:{frame.lineno} in {frame.name}"


class RedactingFilter(logging.Filter):
    """Cuts exceptions down to their outline in every record above DEBUG.

    To be attached to handlers, not loggers: the records of all loggers pass through those.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.levelno > logging.DEBUG:
            error = record.exc_info[1]
            record.exc_text = exception_outline(error) if error else None
            record.exc_info = None
        return True
