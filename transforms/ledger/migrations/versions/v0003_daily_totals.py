"""Create the daily totals of pruned messages, requests and stages."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MESSAGES = """
CREATE TABLE daily_messages (
    day date NOT NULL,
    outcome text NOT NULL,
    messages bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT daily_messages_pkey PRIMARY KEY (day, outcome)
)
"""

REQUESTS = """
CREATE TABLE daily_requests (
    day date NOT NULL,
    status text NOT NULL,
    modality text NOT NULL,
    requests bigint NOT NULL,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    cost_saved_usd numeric(16, 8) NOT NULL DEFAULT 0,
    CONSTRAINT daily_requests_pkey PRIMARY KEY (day, status, modality)
)
"""

STAGES = """
CREATE TABLE daily_stages (
    day date NOT NULL,
    modality text NOT NULL,
    engine text NOT NULL,
    stage text NOT NULL,
    day_requests bigint NOT NULL,
    modality_requests bigint NOT NULL,
    engine_requests bigint NOT NULL,
    stage_requests bigint NOT NULL,
    done bigint NOT NULL,
    reused bigint NOT NULL,
    skipped bigint NOT NULL,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    reuse_saved_usd numeric(16, 8) NOT NULL DEFAULT 0,
    skip_saved_usd numeric(16, 8) NOT NULL DEFAULT 0,
    CONSTRAINT daily_stages_pkey PRIMARY KEY (day, modality, engine, stage)
)
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in (MESSAGES, REQUESTS, STAGES):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables; the counts and costs of pruned requests are lost."""
    for table in ("daily_stages", "daily_requests", "daily_messages"):
        op.drop_table(table)
