"""Vacuum large tables after a hundredth of their rows has changed, not after a fifth.

Reads from indexes alone need a recent vacuum, and the space of changed and pruned rows is used
again only after one. The lock that the change takes blocks no writer.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("messages", "requests", "stages", "dead_letters")

SETTINGS = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_insert_scale_factor": "0.01",
    "autovacuum_analyze_scale_factor": "0.01",
}


def upgrade() -> None:
    """Set the autovacuum parameters of each large table."""
    given = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} SET ({given})")


def downgrade() -> None:
    """Reset the autovacuum parameters to the server's."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(SETTINGS)})")
