"""Annotations of the columns that hold a student's id or words.

The statements that erase a student and the inventory in docs/privacy.md are made from them. A test
fails if a column that can hold text is neither annotated nor in `OWN_WORDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

_KEY = "personal"

DELETED = "row deleted"
"""In place of an expression: the rows of a student are deleted."""


@dataclass(frozen=True)
class Personal:
    """What a column holds about a student, and how it is erased.

    Attributes:
        holds: What it holds, for the inventory.
        erased: SQL expression that replaces it when the student is erased, or `DELETED`; None
            keeps it.
    """

    holds: str
    erased: str | None


OWN_WORDS = frozenset(
    f"{table}.{column}"
    for table, columns in {
        "messages": "outcome",
        "requests": "status stage modality error_type savings open_entries script_uri "
        "narration_uri captions_uri video_uri thumbnail_uri manifest_uri",
        "stages": "stage engine model usage",
        "calls": "modality stage engine purpose reason model outcome error usage",
        "dead_letters": "stage error_type replay_digest",
        "rate_limits": "name",
        "care": "category level language region help",
        "privacy_log": "action actor reference counts",
        "hourly_messages": "outcome",
        "hourly_stages": "modality engine stage",
        "daily_messages": "outcome",
        "daily_requests": "status modality",
        "daily_stages": "modality engine stage",
    }.items()
    for column in columns.split()
)
"""Columns with text that never comes from a student; addresses are made from `artifacts`."""


def personal(holds: str, erased: str | None) -> dict[str, Any]:
    """Return the annotation of a column; see `Personal`."""
    return {_KEY: Personal(holds, erased)}


def personal_columns(table: Table) -> dict[str, Personal]:
    """Return the annotations of a table's columns that hold a student's id or words, by name."""
    return {column.name: column.info[_KEY] for column in table.columns if _KEY in column.info}


def erasing(table: Table) -> str:
    """Return the SET clause of an UPDATE that erases a student's id and words from a row."""
    contents = personal_columns(table).items()
    return ", ".join(f"{name} = {content.erased}" for name, content in contents if content.erased)
