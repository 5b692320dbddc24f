"""Add the token of a dead letter's latest replay.

The columns have no default, so no row is rewritten.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.execute(
        "ALTER TABLE dead_letters ADD COLUMN replay_digest text, ADD COLUMN replay_owner text"
    )


def downgrade() -> None:
    """Drop the columns; replays that are in flight end as duplicates."""
    op.execute("ALTER TABLE dead_letters DROP COLUMN replay_owner, DROP COLUMN replay_digest")
