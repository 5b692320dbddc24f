"""Check that a database role has every right that jobs and commands need, or grant them to it.

Identity columns need no right on their sequence. `vividly db upgrade` and `vividly db prune` run as
the owner of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.errors import ConfigurationFault
from transforms.ledger.database import Database
from transforms.ledger.migrate import VERSION_TABLE

_WRITTEN = ("SELECT", "INSERT", "UPDATE")

RIGHTS = {
    "messages": _WRITTEN,
    "requests": _WRITTEN,
    "stages": ("SELECT", "INSERT"),
    "calls": _WRITTEN,
    "dead_letters": _WRITTEN,
    "student_usage": _WRITTEN,
    "care": _WRITTEN,
    "care_words": ("INSERT",),
    "erased_requests": ("SELECT",),
    "recent_costs": ("SELECT",),
    "rate_limits": _WRITTEN,
    "hourly_messages": ("SELECT",),
    "hourly_stages": ("SELECT",),
    "totals_since": ("SELECT",),
    "counted_messages": ("SELECT",),
    "counted_stages": ("SELECT",),
    VERSION_TABLE: ("SELECT",),
}
"""Rights by table or view."""

# A role without USAGE on the schema does not see its tables, but can read the system catalogs. A
# right may be granted on the table or on each of its columns.
_MISSING = """
WITH home AS MATERIALIZED (
    SELECT relnamespace AS schema
    FROM pg_class
    WHERE relname = :version_table AND relkind = 'r'
    ORDER BY pg_table_is_visible(oid) DESC
    LIMIT 1
),
needed AS (
    SELECT *
    FROM unnest(CAST(:tables AS text[]), CAST(:rights AS text[]))
        WITH ORDINALITY AS needed (name, granted, position)
),
written AS (
    SELECT needed.*, quote_ident(attribute.attname) AS col,
        has_column_privilege(relation.oid, attribute.attnum, needed.granted) AS held
    FROM needed
    JOIN home ON true
    JOIN pg_class AS relation
        ON relation.relname = needed.name AND relation.relnamespace = home.schema
    JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
    WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
        AND (needed.granted = 'SELECT'
             OR attribute.attgenerated = '' AND attribute.attidentity = '')
)
SELECT quote_ident(current_user) AS role, 0 AS position, 'USAGE' AS lacking,
    'SCHEMA ' || quote_ident(nspname) AS place
FROM home JOIN pg_namespace ON pg_namespace.oid = home.schema
WHERE NOT has_schema_privilege(home.schema, 'USAGE')
UNION ALL
SELECT quote_ident(current_user), position, granted || CASE WHEN bool_or(held)
        THEN ' (' || string_agg(col, ', ' ORDER BY col) FILTER (WHERE NOT held) || ')' ELSE '' END,
    name
FROM written
GROUP BY position, granted, name
HAVING NOT bool_and(held)
ORDER BY position
"""


# Quoted names of the tables' schema and of the role; the role is NULL if it does not exist.
_NAMES = """
SELECT CAST(CAST(relnamespace AS regnamespace) AS text) AS schema,
    (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = :role) AS role
FROM pg_class
WHERE oid = to_regclass(:version_table)
"""


@dataclass(frozen=True)
class MissingRights:
    """Rights that a database role lacks.

    Attributes:
        role: Name of the role, quoted if necessary.
        rights: Pairs of a right and the table or schema that it is missing on.
    """

    role: str
    rights: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.rights)

    def __str__(self) -> str:
        return ", ".join(f"{right} on {place}" for right, place in self.rights)

    @property
    def grants(self) -> str:
        """The SQL statements that grant the rights."""
        by_place: dict[str, list[str]] = {}
        for right, place in self.rights:
            by_place.setdefault(place, []).append(right)
        return "; ".join(
            f"GRANT {', '.join(rights)} ON {place} TO {self.role}"
            for place, rights in by_place.items()
        )


def missing_rights(database: Database) -> MissingRights:
    """Return the rights that the database role lacks; tables that do not exist are left out.

    Raises:
        ConfigurationFault: The role may not connect to the database.
        DependencyDown: Postgres cannot be reached.
    """
    needed = [(table, right) for table, rights in RIGHTS.items() for right in rights]
    rows = database.run(
        _MISSING,
        version_table=VERSION_TABLE,
        tables=[table for table, _ in needed],
        rights=[right for _, right in needed],
    )
    role = str(rows[0]["role"]) if rows else ""
    return MissingRights(role, tuple((row["lacking"], row["place"]) for row in rows))


def grant(database: Database, role: str) -> None:
    """Grant a role the rights of a job, as the owner of the tables.

    Args:
        database: The migrated database, with a login that owns the tables.
        role: Name of the role.

    Raises:
        ConfigurationFault: The role or the tables do not exist, or this login may not grant.
        DependencyDown: Postgres cannot be reached.
    """
    [names] = database.run(_NAMES, role=role, version_table=VERSION_TABLE) or [{"schema": None}]
    if not names["schema"]:
        raise ConfigurationFault("postgres", "there are no tables; run `vividly db upgrade`")
    if not names["role"]:
        raise ConfigurationFault("postgres", f"the role {role} does not exist; create it first")
    schema, grantee = names["schema"], names["role"]
    places: dict[str, tuple[str, ...]] = {f"SCHEMA {schema}": ("USAGE",)}
    places |= {f"{schema}.{table}": rights for table, rights in RIGHTS.items()}
    with database.connected() as connection:
        for place, rights in places.items():
            connection.exec_driver_sql(f"GRANT {', '.join(rights)} ON {place} TO {grantee}")
