"""Add the student of a dead letter, the erased requests and the log of exports and erasures.

The columns have no default, so no row is rewritten. Workers of the previous release write dead
letters without a student; an erasure searches those by their bytes.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE dead_letters ADD COLUMN student_id text, ADD COLUMN erased_at timestamptz
""",
    """
CREATE TABLE erased_requests (
    request_id uuid NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    writers_until timestamptz NOT NULL,
    swept_at timestamptz,
    expires_at timestamptz NOT NULL,
    CONSTRAINT erased_requests_pkey PRIMARY KEY (request_id)
)
""",
    """
CREATE TABLE privacy_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    action text NOT NULL,
    actor text NOT NULL,
    reference text,
    counts jsonb NOT NULL DEFAULT '{}'::jsonb,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT privacy_log_pkey PRIMARY KEY (id)
)
""",
)


def upgrade() -> None:
    """Add columns and tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop columns and tables; messages of erased students are then new requests."""
    op.drop_table("privacy_log")
    op.drop_table("erased_requests")
    op.execute("ALTER TABLE dead_letters DROP COLUMN erased_at, DROP COLUMN student_id")
