"""Reference page of the ledger's tables."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from pipeline.reference.ledger_words import WORDS
from transforms.ledger.schema import metadata

INTRODUCTION = """\
The tables in Postgres, at the newest migration. A front end may read them; only the pipeline
writes them. Times are `timestamptz`, money is in US dollars.
"""


def page() -> str:
    """Return every table with its columns, as Markdown."""
    return "\n".join([INTRODUCTION, *map(_table, metadata.sorted_tables)])


def _table(table: Table) -> str:
    words = WORDS[table.name]
    rows = [
        f"| `{column.name}` | {column.type.compile(postgresql.dialect())} "
        f"| {'yes' if column.nullable else ''} | {words[column.name]} |"
        for column in table.columns
    ]
    key = ", ".join(f"`{column.name}`" for column in table.primary_key)
    head = f"## {table.name}\n\n{words['']}. Key: {key}.\n"
    columns = ["| column | type | may be null | what |", "|---|---|---|---|"]
    return "\n".join([head, *columns, *rows, ""])
