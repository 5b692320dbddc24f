"""Create the ledger: messages, requests, stages, dead_letters."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MESSAGES = """
CREATE TABLE messages (
    message_id text NOT NULL CONSTRAINT messages_pkey PRIMARY KEY,
    request_id uuid,
    outcome text NOT NULL,
    deliveries integer NOT NULL,
    released integer NOT NULL DEFAULT 0,
    publish_time timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CONSTRAINT messages_outcome_check
        CHECK (outcome IN ('in_flight', 'completed', 'duplicate', 'dead_lettered')),
    CONSTRAINT messages_settled_check
        CHECK ((outcome = 'in_flight') = (settled_at IS NULL))
) WITH (fillfactor = 80)
"""

REQUESTS = """
CREATE TABLE requests (
    request_id uuid NOT NULL CONSTRAINT requests_pkey PRIMARY KEY,
    status text NOT NULL,
    stage text,
    progress smallint NOT NULL DEFAULT 0,
    modality text NOT NULL,
    student_id text NOT NULL,
    correlation_id text NOT NULL,
    request jsonb NOT NULL,
    message_id text NOT NULL,
    claim_token uuid,
    lease_expires_at timestamptz,
    attempts integer NOT NULL,
    artifacts jsonb NOT NULL DEFAULT '{}'::jsonb,
    script_uri text GENERATED ALWAYS AS (artifacts -> 'script.json' ->> 'uri') STORED,
    narration_uri text GENERATED ALWAYS AS (artifacts -> 'narration.m4a' ->> 'uri') STORED,
    captions_uri text GENERATED ALWAYS AS (artifacts -> 'captions.vtt' ->> 'uri') STORED,
    video_uri text GENERATED ALWAYS AS (artifacts -> 'video.mp4' ->> 'uri') STORED,
    thumbnail_uri text GENERATED ALWAYS AS (artifacts -> 'thumbnail.jpg' ->> 'uri') STORED,
    manifest_uri text GENERATED ALWAYS AS (artifacts -> 'manifest.json' ->> 'uri') STORED,
    script text,
    error_type text,
    error text,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    cost_saved_usd numeric(16, 8) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT requests_status_check
        CHECK (status IN ('running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT requests_progress_check CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT requests_lease_check
        CHECK ((status = 'running') = (lease_expires_at IS NOT NULL))
) WITH (fillfactor = 70)
"""

STAGES = """
CREATE TABLE stages (
    request_id uuid NOT NULL
        CONSTRAINT stages_request_id_fkey REFERENCES requests (request_id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    stage text NOT NULL,
    engine text NOT NULL,
    fingerprint text NOT NULL,
    seconds double precision NOT NULL,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    usage jsonb NOT NULL DEFAULT '{}'::jsonb,
    artifacts jsonb NOT NULL DEFAULT '{}'::jsonb,
    tries integer NOT NULL,
    reused boolean NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    CONSTRAINT stages_pkey PRIMARY KEY (request_id, attempt, stage)
)
"""

DEAD_LETTERS = """
CREATE TABLE dead_letters (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT dead_letters_pkey PRIMARY KEY,
    message_id text NOT NULL,
    request_id uuid,
    claim_token uuid,
    data bytea NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{}'::jsonb,
    publish_time timestamptz NOT NULL,
    delivery_attempt integer NOT NULL,
    stage text NOT NULL,
    field text,
    error_type text NOT NULL,
    error text NOT NULL,
    traceback text,
    retryable boolean NOT NULL,
    attempts jsonb NOT NULL DEFAULT '[]'::jsonb,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    replays integer NOT NULL DEFAULT 0,
    replayed_at timestamptz,
    replayed_as text
)
"""

INDEXES = (
    "CREATE INDEX messages_received_at_idx ON messages (received_at)",
    "CREATE INDEX messages_request_id_idx ON messages (request_id)",
    "CREATE INDEX requests_created_at_idx ON requests (created_at)",
    "CREATE INDEX requests_status_created_at_idx ON requests (status, created_at)",
    "CREATE INDEX requests_student_id_created_at_idx ON requests (student_id, created_at)",
    "CREATE UNIQUE INDEX dead_letters_claim_token_key ON dead_letters (claim_token) "
    "WHERE claim_token IS NOT NULL",
    "CREATE UNIQUE INDEX dead_letters_message_id_stage_key ON dead_letters (message_id, stage) "
    "WHERE claim_token IS NULL",
    "CREATE INDEX dead_letters_request_id_idx ON dead_letters (request_id)",
    "CREATE INDEX dead_letters_recorded_at_idx ON dead_letters (recorded_at)",
)


def upgrade() -> None:
    """Create the tables and their indexes."""
    for statement in (MESSAGES, REQUESTS, STAGES, DEAD_LETTERS, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("dead_letters", "stages", "requests", "messages"):
        op.drop_table(table)
