"""Let requests be cancelled, keep what each skipped stage saved, and find recent spending fast."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE requests ADD COLUMN cancel_requested_at timestamptz",
    "ALTER TABLE requests ADD COLUMN savings jsonb NOT NULL DEFAULT '{}'::jsonb",
    # Rows come in the order of this column, so a few bytes for every megabyte of rows will do.
    "CREATE INDEX stages_finished_at_idx ON stages USING brin (finished_at) "
    "WITH (pages_per_range = 16)",
)


def upgrade() -> None:
    """Add everything."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("stages_finished_at_idx")
    op.drop_column("requests", "savings")
    op.drop_column("requests", "cancel_requested_at")
