"""Parsers for setting values."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.settings.suggestions import did_you_mean

FRAME_SIZES = {"1280x720": (1280, 720), "1920x1080": (1920, 1080)}


MAX_INTEGER = 2**31 - 1
"""Largest whole number; Postgres and Pub/Sub accept no larger one everywhere."""

MAX_SECONDS = 1e9
"""Longest duration, about 30 years; timers and intervals accept no more everywhere."""

MAX_USD = 1e9
"""Largest amount; the ledger keeps no larger one."""


def positive_int(text: str) -> int:
    """Parse a whole number from 1; raise ValueError for other text."""
    return _integer(text, 1, MAX_INTEGER, "from 1")


def whole_number(text: str) -> int:
    """Parse a whole number from 0; raise ValueError for other text."""
    return _integer(text, 0, MAX_INTEGER, "from 0")


def grade_number(text: str) -> int:
    """Parse a school grade; raise ValueError for other text."""
    return _integer(text, 1, 16, "from 1 to 16")


def port_number(text: str) -> int:
    """Parse a TCP port; raise ValueError for other text."""
    return _integer(text, 1, 65535, "from 1 to 65535")


def port_or_any(text: str) -> int:
    """Parse a TCP port, or 0 for a free one; raise ValueError for other text."""
    return _integer(text, 0, 65535, "from 0 to 65535")


def _integer(text: str, least: int, most: int, accepted: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", text) or int(text) < least:
        raise ValueError(f"must be a whole number {accepted}")
    if int(text) > most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return int(text)


def seconds(text: str) -> float:
    """Parse a number of seconds from 0 to `MAX_SECONDS`; raise ValueError for other text."""
    number = _decimal(text)
    if not number >= 0:
        raise ValueError("must be a number of seconds from 0")
    if number > MAX_SECONDS:
        raise ValueError(f"must be a number of seconds from 0 to {MAX_SECONDS:.0f}")
    return number


def usd(text: str) -> float:
    """Parse an amount of US dollars above 0; raise ValueError for other text."""
    amount = _decimal(text)
    if not amount > 0:
        raise ValueError("must be a number of US dollars above 0")
    if amount > MAX_USD:
        raise ValueError(f"must be a number of US dollars above 0, up to {MAX_USD:.0f}")
    return amount


def _decimal(text: str) -> float:
    """Parse a decimal number in ASCII digits; return NaN for other text."""
    number = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*"
    return float(text) if re.fullmatch(number, text) else math.nan


def frame_size(text: str) -> tuple[int, int]:
    """Parse one of the two supported frame sizes; raise ValueError for other text."""
    if text not in FRAME_SIZES:
        raise ValueError(
            f"must be one of {', '.join(FRAME_SIZES)}{did_you_mean(text, FRAME_SIZES)}"
        )
    return FRAME_SIZES[text]


def existing_path(text: str) -> str:
    """Return the path of an existing file or folder; raise ValueError for other text."""
    if not Path(text).exists():
        raise ValueError("must be the path of something that exists")
    return text


def database_url(text: str) -> str:
    """Return a Postgres URL or the name of a secret; raise ValueError for other text."""
    from transforms.ledger.secret import is_reference
    from transforms.ledger.url import parse  # takes longer to load than all else here

    if not is_reference(text):
        parse(text)
    return text


def folder_path(text: str) -> str:
    """Return the path of a folder that exists or can be made; raise ValueError for other text."""
    path = Path(text)
    existing = next(filter(os.path.exists, (path, *path.parents)), None)
    if not text or (existing and not os.path.isdir(existing)):
        raise ValueError("must be a folder")
    return text


def output_file(text: str) -> str:
    """Return ``-`` or the path of a file that can be in a folder; raise ValueError for others."""
    if not text or os.path.isdir(text):
        raise ValueError("must be a file, or - for standard output")
    try:
        folder_path(os.path.dirname(text) or ".")
    except ValueError:
        raise ValueError("must be a file in a folder, or - for standard output") from None
    return text


def artifact_root(text: str) -> str:
    """Return a folder or ``gs://bucket/prefix``; raise ValueError for other text."""
    scheme, separator, path = text.partition("://")
    try:
        if separator and (scheme != "gs" or not path.strip("/")):
            raise ValueError
        return text if separator else folder_path(text)
    except ValueError:
        raise ValueError("must be a folder or gs://bucket/prefix") from None


def project_id(text: str) -> str:
    """Return the id of a Google Cloud project; raise ValueError for other text."""
    if not re.fullmatch(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{0,28}[a-z0-9]|[0-9]+", text):
        raise ValueError("must be the id of a project: lower-case letters, digits and hyphens")
    return text


def pubsub_name(collection: str) -> Callable[[str], str]:
    """Return a parser of a short or full resource name in a collection of Pub/Sub."""
    kind = collection.removesuffix("s")

    def read(text: str) -> str:
        place, separator, name = text.rpartition("/")
        is_full = re.fullmatch(rf"projects/[^/\s]+/{collection}", place)
        is_valid = re.fullmatch(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}", name, re.ASCII)
        if (separator and not is_full) or not is_valid:
            raise ValueError(
                f"must be the name of a {kind}, or projects/PROJECT/{collection}/{kind.upper()}"
            )
        return text

    return read


subscription_name = pubsub_name("subscriptions")
short_topic_name = pubsub_name("topics")


def topic_name(text: str) -> str:
    """Return the full resource name of a topic; raise ValueError for other text."""
    if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", text):
        raise ValueError("must be projects/PROJECT/topics/TOPIC")
    return text


def collector_url(text: str) -> str:
    """Return the base URL of an OTLP collector; raise ValueError for other text."""
    try:
        valid = urlsplit(text).port != 0 and re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text)
    except ValueError:  # of the port
        valid = None
    if not valid:
        raise ValueError(
            "must be a base URL such as http://localhost:4318, without user name or password"
        )
    return text


def region_code(text: str) -> str:
    """Return a country's code in upper case; raise ValueError for other text."""
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise ValueError("must be an ISO 3166-1 code of two letters, such as US")
    return text.upper()


def engine_list(text: str) -> tuple[str, ...]:
    """Parse names separated by commas; raise ValueError for other text."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name) for name in names):
        raise ValueError("must be names separated by commas, such as gemini-2.5-flash,offline")
    if len(set(names)) < len(names):
        raise ValueError("must name each model or engine once")
    return names
