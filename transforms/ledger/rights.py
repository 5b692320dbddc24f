"""Check that the database role has every right the ledger's statements need."""

from __future__ import annotations

from transforms.ledger.database import Database

WRITTEN = ("SELECT", "INSERT", "UPDATE")

RIGHTS = {
    "messages": WRITTEN,
    "requests": WRITTEN,
    "stages": ("SELECT", "INSERT"),
    "dead_letters": WRITTEN,
    "recent_costs": ("SELECT",),
    "daily_messages": ("SELECT",),
    "daily_requests": ("SELECT",),
    "daily_stages": ("SELECT",),
    "ledger_version": ("SELECT",),
}
"""Rights of a job, by table. The role that migrates owns the tables."""

_MISSING = """
SELECT needed.name, needed.granted AS needed
FROM unnest(CAST(:tables AS text[]), CAST(:rights AS text[])) AS needed (name, granted)
WHERE NOT has_table_privilege(needed.name, needed.granted)
"""


def missing_rights(database: Database) -> tuple[str, ...]:
    """Return the rights that the database role lacks, such as ``INSERT on messages``.

    Raises:
        ConfigurationFault: A table is missing, or the role may not use its schema.
        DependencyDown: Postgres cannot be reached.
    """
    needed = [(table, right) for table, rights in RIGHTS.items() for right in rights]
    rows = database.run(
        _MISSING,
        tables=[table for table, _ in needed],
        rights=[right for _, right in needed],
    )
    return tuple(f"{row['needed']} on {row['name']}" for row in rows)


def grant_statement(missing: tuple[str, ...]) -> str:
    """Return the SQL that grants missing rights, with a placeholder for the role."""
    rights = sorted({each.partition(" on ")[0] for each in missing})
    tables = sorted({each.partition(" on ")[2] for each in missing})
    return f"GRANT {', '.join(rights)} ON {', '.join(tables)} TO the role"
