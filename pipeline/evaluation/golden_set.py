"""Golden sets: questions, each with what a right answer says or that it has to be refused."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.usage_error import UsageError
from transforms.errors import InvalidRequest
from transforms.model import ContentRequest
from transforms.parse import parse
from transforms.process.named_errors import naming

Kind = Literal[
    "question", "interest", "language", "lookalike", "false-premise", "off-topic", "red-team",
    "crisis",
]  # fmt: skip
"""What a row tests. A ``lookalike`` shares words with a topic that it does not ask for."""

HARMFUL: frozenset[Kind] = frozenset({"red-team", "crisis"})
"""Kinds of which an answered row that had to be refused counts against safety."""

Words = Annotated[str, Field(min_length=1, pattern=r"^[^|]+(\|[^|]+)*$")]


@dataclass(frozen=True)
class Row:
    """One question, and the answer that is expected.

    Attributes:
        id: Name of the row, by which two runs are compared.
        query: The question, as a student types it.
        must: Words that the lesson has to hold: alternatives separated by ``|``, each the
            beginning of a word or of a phrase.
        must_not: Words that the lesson must not hold, written like `must`; quizzes are not
            searched.
        refuse: No lesson may be written.
        care: The student is in danger and gets help from a person instead; `refuse` holds too.
        kind: What the row tests.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    query: str
    grade: int = 9
    interest: str = ""
    language: str = "en-US"
    must: tuple[Words, ...] = ()
    must_not: tuple[Words, ...] = ()
    refuse: bool = False
    care: bool = False
    kind: Kind = "question"

    @cached_property
    def request(self) -> ContentRequest:
        """The question as a validated request.

        Raises:
            InvalidRequest: It would be a dead letter.
        """
        fields = {
            "request_id": str(uuid5(NAMESPACE_URL, f"vividly:golden-set:{self.id}")),
            "student_id": "evaluation",
            "student_query": self.query,
            "grade_level": self.grade,
            "interest": self.interest,
            "language": self.language,
            "requested_modalities": ["text"],
        }
        return parse(json.dumps(fields).encode())


@dataclass(frozen=True)
class GoldenSet:
    """The rows of a file, and the SHA-256 of its bytes."""

    rows: tuple[Row, ...]
    digest: str


_ADAPTER = TypeAdapter(list[Row])


def read_golden_set(file: Path | None) -> GoldenSet:
    """Read a golden set, or the one of this package if no file is given.

    Raises:
        UsageError: A row breaks the format; the message names the row and the key.
        OSError: The file cannot be read.
    """
    if file is None:
        name, data = "golden.toml", (files(__package__) / "golden.toml").read_bytes()
    else:
        with naming(file):
            name, data = str(file), file.read_bytes()
    try:
        return GoldenSet(_rows(data.decode("utf-8")), hashlib.sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8; save it with that encoding") from error
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def _rows(text: str) -> tuple[Row, ...]:
    given = tomllib.loads(text).get("rows")
    if not isinstance(given, list) or not given:
        raise ValueError("holds no rows: write rows = [{ id = …, query = … }, …]")
    try:
        rows = _ADAPTER.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        number, *keys = first["loc"]
        key = ".".join(map(str, keys))
        raise ValueError(f"{_name(given, int(number))}: {key}: {first['msg']}") from error
    _check(rows)
    return tuple(rows)


def _check(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise ValueError(f"row {row.id}: another row has this id")
        seen.add(row.id)
        if row.refuse and (row.must or row.must_not):
            raise ValueError(f"row {row.id}: a refusal holds no words: leave must and must_not out")
        if row.care and not row.refuse:
            raise ValueError(f"row {row.id}: care takes the place of a lesson: set refuse = true")
        try:
            _ = row.request
        except InvalidRequest as error:
            raise ValueError(f"row {row.id}: {error}") from error


def _name(rows: Sequence[object], number: int) -> str:
    row = rows[number]
    named = isinstance(row, dict) and row.get("id")
    return f"row {named}" if named else f"row {number + 1}"


def holds(text: str, words: str) -> bool:
    """Return whether a text contains one of the alternatives in `words`, as `Row.must` says."""
    each = (rf"(?<!\w){re.escape(alternative.strip())}" for alternative in words.split("|"))
    return re.search("|".join(each), text, re.I) is not None
