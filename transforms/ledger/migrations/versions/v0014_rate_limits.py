"""Create the rate limits that all workers share.

There is one row per limit and engine, updated in place: pages keep free space for its versions.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE rate_limits (
    name text NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (name)
) WITH (fillfactor = 10)
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("rate_limits")
