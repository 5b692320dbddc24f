"""Create the counters of students: requests and expected costs by hour."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# A row is updated by every new request of its student, and free space keeps that on the same page.
UPGRADE = """
CREATE TABLE student_usage (
    student_id text NOT NULL,
    hour timestamptz NOT NULL,
    requests integer NOT NULL DEFAULT 0,
    expected_usd numeric(16, 8) NOT NULL DEFAULT 0,
    CONSTRAINT student_usage_pkey PRIMARY KEY (student_id, hour)
) WITH (fillfactor = 70)
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the table; each student's counts begin anew."""
    op.drop_table("student_usage")
