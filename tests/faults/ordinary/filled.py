"""Fill a ledger with many requests that ended in the last thirty days."""

from __future__ import annotations

from tests.faults.ordinary.bench import Stand

REQUESTS = 300_000
LETTERS = 3_000

_STATEMENTS = (
    f"""
INSERT INTO requests (request_id, status, modality, student_id, correlation_id, request,
    message_id, attempts, created_at, started_at, completed_at, updated_at, cost_usd, claim_token)
SELECT md5(n::text)::uuid,
    CASE WHEN n % {REQUESTS // LETTERS} = 0 THEN 'failed' ELSE 'completed' END,
    'audio', 's' || n % 1000, 'c', '{{"student_query": "Explain gravity"}}', 'm' || n, 1,
    at, at, at + interval '30 s', at + interval '30 s', 0.01, md5('t' || n)::uuid
FROM (SELECT n, now() - interval '30 days' * (1 - n::float / {REQUESTS}) AS at
    FROM generate_series(1, {REQUESTS}) n) AS made
""",
    """
INSERT INTO messages (message_id, request_id, outcome, deliveries, publish_time, received_at,
    settled_at)
SELECT message_id, request_id,
    CASE status WHEN 'completed' THEN 'completed' ELSE 'dead_lettered' END,
    1, created_at, created_at, completed_at
FROM requests
""",
    """
INSERT INTO stages (request_id, attempt, stage, engine, fingerprint, seconds, cost_usd, tries,
    reused, started_at, finished_at)
SELECT request_id, 1, named.stage, 'gemini', repeat('f', 64), 1, 0.003, 1, false, created_at,
    completed_at
FROM requests, (VALUES ('script'), ('narration'), ('publish')) AS named (stage)
ORDER BY completed_at
""",
    """
INSERT INTO dead_letters (message_id, request_id, claim_token, data, publish_time, delivery_attempt,
    stage, error_type, error, retryable, occurred_at, recorded_at)
SELECT message_id, request_id, claim_token, convert_to(request::text, 'UTF8'), created_at, 1,
    'narration', 'TransientError', 'quota', true, completed_at, completed_at
FROM requests WHERE status = 'failed' ORDER BY completed_at
""",
    "ANALYZE",
)


def fill(stand: Stand) -> None:
    """Insert `REQUESTS` requests with their messages and stages, and `LETTERS` dead letters."""
    for statement in _STATEMENTS:
        stand.sql(statement)
