"""Fill a ledger with synthetic requests, in SQL: about two minutes of CPU for a million."""

from __future__ import annotations

from transforms.ledger import Ledger

DEAD_LETTERS = 50
"""One request in so many has failed, and has a dead letter."""

RUNNING, LAPSED = 200, 20
"""Requests that run, and how many of these have lapsed; the newest ones."""

# Requests are spread evenly over the days until now. The sizes of texts are those of real lessons.
_REQUESTS = """
INSERT INTO requests (
    request_id, status, stage, progress, modality, student_id, correlation_id, request, message_id,
    claim_token, lease_expires_at, attempts, artifacts, script, cost_usd, cost_saved_usd, savings,
    created_at, started_at, completed_at, updated_at)
SELECT CAST(md5(CAST(n AS text)) AS uuid), status,
    CASE status WHEN 'completed' THEN 'publish' ELSE 'narration' END,
    CASE status WHEN 'completed' THEN 100 ELSE 25 END, modality, 'student-' || n % 5000,
    'request-' || n,
    jsonb_build_object('student_query', 'Explain photosynthesis for basketball fans, number ' || n,
        'grade_level', 1 + n % 12, 'interest', 'basketball', 'language', 'en-US'),
    'message-' || n, CAST(md5('token-' || n) AS uuid),
    CASE WHEN n > {count} - {lapsed} THEN now() - interval '1 hour'
        WHEN status = 'running' THEN now() + interval '1 hour' END,
    1,
    CASE status WHEN 'completed' THEN jsonb_build_object(
        'script.json', jsonb_build_object('uri', 'gs://lessons/' || md5(CAST(n AS text)) || '/s',
            'size', 5000, 'sha256', repeat(md5(CAST(n AS text)), 2)),
        'manifest.json', jsonb_build_object('uri', 'gs://lessons/' || md5(CAST(n AS text)) || '/m',
            'size', 900, 'sha256', repeat(md5(CAST(-n AS text)), 2))) ELSE '{{}}' END,
    CASE status WHEN 'completed' THEN repeat('A plant makes sugar from light. ', 50) END,
    0.06, 0.0003, '{{"video": {{"engine": "slides", "usd": 0.0003}}}}',
    at, at, CASE WHEN status <> 'running' THEN at + interval '30 s' END, at + interval '30 s'
FROM (
    SELECT n, (ARRAY['text', 'audio', 'video'])[1 + n % 3] AS modality,
        CASE WHEN n > {count} - {running} THEN 'running'
            WHEN n % {letters} = 0 THEN 'failed' ELSE 'completed' END AS status,
        now() - interval '1 day' * ({days} * (1 - CAST(n AS double precision) / {count})) AS at
    FROM generate_series(1, {count}) AS n
) AS numbered
"""

_MESSAGES = """
INSERT INTO messages (
    message_id, request_id, outcome, deliveries, publish_time, received_at, settled_at)
SELECT message_id, request_id,
    CASE status WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'dead_lettered'
        ELSE 'in_flight' END,
    1, created_at - interval '1 s', created_at, completed_at
FROM requests
"""

_STAGES = """
INSERT INTO stages (
    request_id, attempt, stage, engine, fingerprint, seconds, cost_usd, usage, artifacts, tries,
    reused, started_at, finished_at)
SELECT request_id, 1, made.stage, engine, repeat(md5(message_id), 2), 1.5, usd,
    '{"characters": 1800}', artifacts, 1, false, created_at, created_at + interval '20 s'
FROM requests
CROSS JOIN (VALUES ('script', 'gemini', 0.004), ('narration', 'google', 0.055))
    AS made (stage, engine, usd)
WHERE made.stage = 'script' OR modality <> 'text' AND status = 'completed'
ORDER BY created_at
"""

_DEAD_LETTERS = """
INSERT INTO dead_letters (
    message_id, request_id, claim_token, data, publish_time, delivery_attempt, stage, error_type,
    error, traceback, retryable, occurred_at, recorded_at)
SELECT message_id, request_id, claim_token, convert_to(CAST(request AS text), 'UTF8'), created_at,
    1, 'narration', 'StageTimeout', 'narration did not finish within 300 s; its last try: 429',
    repeat('  File "engine.py", line 17, in narrate', 20), true, completed_at, completed_at
FROM requests
WHERE status = 'failed'
ORDER BY completed_at
"""


_RECENT_COSTS = """
INSERT INTO recent_costs (slot, shard, minute, cost_usd)
SELECT slot, shard, now() - interval '1 minute' * slot, 0.06
FROM generate_series(0, 127) AS slot, generate_series(0, 15) AS shard
"""


def fill(ledger: Ledger, requests: int, days: float) -> None:
    """Insert `requests` requests of the last `days`, with messages, stages and dead letters."""
    numbers = {
        "count": requests,
        "days": days,
        "letters": DEAD_LETTERS,
        "running": RUNNING,
        "lapsed": LAPSED,
    }
    with ledger.connected() as connection:
        # Without triggers: a check of the foreign key for each row would take most of the time.
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql(_REQUESTS.format(**numbers))
        for statement in (_MESSAGES, _STAGES, _DEAD_LETTERS, _RECENT_COSTS):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("RESET session_replication_role")
        connection.exec_driver_sql("VACUUM ANALYZE")  # as autovacuum does in time
        connection.exec_driver_sql("UPDATE totals_since SET since = 'infinity'")
        while connection.exec_driver_sql("SELECT fill_hourly_totals()").scalar():
            pass  # as the migration does
        connection.exec_driver_sql("VACUUM ANALYZE hourly_messages, hourly_stages")
