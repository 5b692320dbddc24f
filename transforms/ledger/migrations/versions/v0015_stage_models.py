"""Add to stages the model that answered, and whether it was a fallback.

The columns have constant defaults, so no row is rewritten.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE stages
    ADD COLUMN model text NOT NULL DEFAULT '',
    ADD COLUMN fallback boolean NOT NULL DEFAULT false
"""

DOWNGRADE = "ALTER TABLE stages DROP COLUMN fallback, DROP COLUMN model"


def upgrade() -> None:
    """Add the columns."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the columns."""
    op.execute(DOWNGRADE)
