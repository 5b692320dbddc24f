"""Add the entries of stages and the time since which a request is queued.

The columns have constant defaults, so no row is rewritten.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE requests
    ADD COLUMN entry integer NOT NULL DEFAULT 0,
    ADD COLUMN open_entries jsonb NOT NULL DEFAULT '{}'::jsonb,
    ADD COLUMN queued_at timestamptz
"""

DOWNGRADE = """
ALTER TABLE requests DROP COLUMN queued_at, DROP COLUMN open_entries, DROP COLUMN entry
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the columns."""
    op.execute(DOWNGRADE)
