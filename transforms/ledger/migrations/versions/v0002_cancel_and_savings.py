"""Add columns for cancelling and savings, and an index of stages by the time they ended."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE requests ADD COLUMN cancel_requested_at timestamptz",
    "ALTER TABLE requests ADD COLUMN savings jsonb NOT NULL DEFAULT '{}'::jsonb",
    # Rows are inserted in the order of this column, so a block range index is enough.
    "CREATE INDEX stages_finished_at_idx ON stages USING brin (finished_at) "
    "WITH (pages_per_range = 16)",
)


def upgrade() -> None:
    """Add the columns and the index."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the columns and the index."""
    op.drop_index("stages_finished_at_idx")
    op.drop_column("requests", "savings")
    op.drop_column("requests", "cancel_requested_at")
