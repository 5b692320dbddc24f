"""Every column that can hold a student's words is annotated or known to hold none."""

from __future__ import annotations

from sqlalchemy import LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from transforms.ledger.columns import json_column
from transforms.ledger.personal import OWN_WORDS, erasing, personal_columns
from transforms.ledger.schema import metadata

HOLD_TEXT = (Text, JSONB, LargeBinary)


def text_columns():
    return {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, HOLD_TEXT)
    }


def annotated():
    return {
        f"{table.name}.{name}"
        for table in metadata.tables.values()
        for name in personal_columns(table)
    }


def test_every_text_column_is_annotated():
    """A new column fails here: annotate it with `personal`, or add it to `OWN_WORDS`."""
    assert text_columns() == annotated() | OWN_WORDS
    assert not annotated() & OWN_WORDS


def test_columns_are_erased_by_their_annotations():
    table = Table("t", MetaData(), json_column("a", "[]", "words"), json_column("b", "{}"))
    assert erasing(table) == "a = '[]'"
