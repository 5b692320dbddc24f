"""SQL statements that write to the ledger; each is one transaction for a whole batch.

A batch is one JSON parameter. Rules of these statements and of `transforms.ledger.claim_statement`:

* A claim is fenced by its token, and a stage by the number of its entry: a statement about a lesson
  changes nothing unless the request's row has both and is running.
* Rows are locked in one order, so that batches of several workers do not deadlock: counters of
  students (only with quotas) by student and hour, then requests by id, then messages by id. Rows
  are locked before a statement decides by them, so the decision holds until the commit.
* Rows are found by primary key, and other conditions are tested on the rows found: statistics about
  `status` are stale within seconds, and plans built on them are slow.
* All times are `now()` of the database.
* A repeated statement, after its answer was lost, changes nothing more.
"""

from __future__ import annotations

HELD = """
held AS MATERIALIZED (
    SELECT item.*, request.status, request.attempts AS attempt,
        request.claim_token = item.token AND request.entry = item.entry AS fits,
        request.cancel_requested_at IS NOT NULL AS cancelled
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
)"""

HEARTBEAT = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, entry integer)
),
{HELD},
-- A heartbeat that arrives after its stage has queued the request leaves it the longer lease.
extended AS (
    UPDATE requests AS request SET
        lease_expires_at = greatest(lease_expires_at, now() + make_interval(secs => :lease))
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
)
SELECT CAST(request_id AS text) AS request_id, CAST(token AS text) AS token, entry
FROM held
WHERE fits AND status = 'running'
"""  # noqa: S608

RELEASE = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, entry integer)
),
{HELD},
-- The token is kept, so that the next worker of the same element can enter. The number is raised,
-- so that this worker can write nothing more.
freed AS (
    UPDATE requests AS request SET
        entry = request.entry + 1,
        open_entries = request.open_entries - CAST(held.entry AS text),
        stage = coalesce(CAST(:stage AS text), request.stage),
        lease_expires_at = now() + make_interval(secs => :lease),
        queued_at = CASE WHEN CAST(:lease AS double precision) > 0 THEN now() END,
        updated_at = now()
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id
)
SELECT CAST(request_id AS text) AS request_id FROM freed
"""  # noqa: S608

CLOSE_ENTRIES = """
WITH known AS MATERIALIZED (
    SELECT request_id, entry
    FROM requests
    WHERE status = 'running'
        AND (request_id, message_id) IN (
            SELECT request_id, message_id
            FROM messages
            WHERE message_id IN (SELECT json_array_elements_text(CAST(:message_ids AS json))))
    ORDER BY request_id
    FOR UPDATE
)
UPDATE requests AS request
SET open_entries = request.open_entries - CAST(known.entry AS text)
FROM known
WHERE request.request_id = known.request_id
RETURNING CAST(request.request_id AS text) AS request_id
"""

# `added` is what the stages cost besides their calls.
_RECORDS = """
record AS (
    SELECT * FROM json_to_recordset(CAST(:records AS json)) AS record (
        request_id uuid, attempt integer, stage text, engine text, fingerprint text,
        seconds double precision, cost_usd numeric, calls_usd numeric, usage jsonb,
        artifacts jsonb, tries integer, reused boolean, model text, fallback boolean,
        ago double precision,
        lasted double precision)
),
recorded AS (
    INSERT INTO stages (
        request_id, attempt, stage, engine, fingerprint, seconds, cost_usd, calls_usd, usage,
        artifacts, tries, reused, model, fallback, started_at, finished_at)
    SELECT request_id, attempt, record.stage, engine, fingerprint, seconds, record.cost_usd,
        calls_usd, usage, record.artifacts, tries, reused, model, fallback,
        now() - make_interval(secs => ago + lasted), now() - make_interval(secs => ago)
    FROM record
    JOIN {requests} USING (request_id, attempt)
    {condition}
    ON CONFLICT (request_id, attempt, stage) DO NOTHING
    RETURNING request_id, CASE WHEN reused THEN 0 ELSE cost_usd - calls_usd END AS usd
),
added AS MATERIALIZED (
    SELECT request_id, sum(usd) AS usd FROM recorded GROUP BY request_id
)"""

PROGRESS = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, entry integer, stage text, progress integer,
        lease double precision, queued boolean, artifacts jsonb)
),
{HELD},
{_RECORDS.format(requests="held", condition="WHERE fits AND status = 'running'")},
changed AS (
    UPDATE requests AS request SET
        stage = held.stage,
        progress = held.progress,
        artifacts = held.artifacts,
        cost_usd = request.cost_usd + coalesce(added.usd, 0),
        lease_expires_at = now() + make_interval(secs => held.lease),
        queued_at = CASE WHEN held.queued THEN now() END,
        open_entries = (
            SELECT coalesce(jsonb_object_agg(key, value), '{{}}')
            FROM jsonb_each_text(request.open_entries)
            WHERE value IS DISTINCT FROM request.open_entries ->> CAST(held.entry AS text)),
        updated_at = now()
    FROM held
    LEFT JOIN added USING (request_id)
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
)
SELECT CAST(request_id AS text) AS request_id, cancelled
FROM held
WHERE fits AND status = 'running'
"""  # noqa: S608

# Other messages in flight for the completed request are duplicates.
SETTLED = """
settled AS (
    UPDATE messages AS message SET
        outcome = CASE WHEN message.message_id = changed.message_id
            THEN 'completed' ELSE 'duplicate' END,
        settled_at = now()
    FROM changed
    WHERE message.request_id = changed.request_id AND message.outcome = 'in_flight'
)"""

COMPLETE = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, entry integer, script text, artifacts jsonb,
        cost_saved_usd numeric, savings jsonb)
),
{HELD},
{_RECORDS.format(requests="held", condition="WHERE fits AND status = 'running' AND NOT cancelled")},
changed AS (
    UPDATE requests AS request SET
        status = 'completed',
        stage = 'publish',
        progress = 100,
        lease_expires_at = NULL,
        open_entries = '{{}}',
        artifacts = held.artifacts,
        script = held.script,
        cost_usd = request.cost_usd + coalesce(added.usd, 0),
        cost_saved_usd = held.cost_saved_usd,
        savings = held.savings,
        completed_at = now(),
        updated_at = now()
    FROM held
    LEFT JOIN added USING (request_id)
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
        AND NOT held.cancelled
    RETURNING request.request_id, request.message_id
),
{SETTLED}
SELECT CAST(token AS text) AS token
FROM held
WHERE fits AND (status = 'running' AND NOT cancelled OR status = 'completed')
"""  # noqa: S608

# A canary is a request without a message, so it counts as a cost and not as a message received.
CANARY = f"""
WITH changed AS (
    INSERT INTO requests (
        request_id, status, stage, progress, modality, student_id, correlation_id, request,
        message_id, attempts, error_type, error, cost_usd, completed_at)
    VALUES (
        CAST(:request_id AS uuid), :status, :stage, :progress, :modality, :student_id,
        :correlation_id, CAST(:request AS jsonb), '', 1, :error_type, :error,
        CAST(:besides_calls_usd AS numeric) + (
            SELECT coalesce(sum(cost_usd), 0)
            FROM calls
            WHERE request_id = CAST(:request_id AS uuid)),
        now())
    ON CONFLICT (request_id) DO NOTHING
    RETURNING request_id, attempts AS attempt
),
{_RECORDS.format(requests="changed", condition="")}
SELECT request_id FROM changed
"""  # noqa: S608

DEAD_LETTER = """
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, message_id text, request_id uuid, token uuid, entry integer, data text,
        attributes jsonb, publish_time timestamptz, delivery_attempt integer, stage text,
        field text, error_type text, error text, traceback text, retryable boolean,
        attempts jsonb, occurred_at timestamptz, student_id text)
),
-- The claim's token decides; a message without a claim may fail only a request that it owns.
held AS MATERIALIZED (
    SELECT item.position, request_id, request.status,
        CASE WHEN item.token IS NULL THEN request.message_id = item.message_id
            ELSE request.claim_token = item.token AND request.entry = item.entry END AS fits
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
),
failed AS (
    UPDATE requests AS request SET
        status = CASE WHEN item.error_type = 'Cancelled' THEN 'cancelled' ELSE 'failed' END,
        stage = item.stage,
        error_type = item.error_type,
        error = item.error,
        lease_expires_at = NULL,
        open_entries = '{}',
        queued_at = NULL,
        completed_at = now(),
        updated_at = now()
    FROM held JOIN item USING (position)
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id, request.message_id
),
settled AS (
    INSERT INTO messages AS message (
        message_id, request_id, outcome, deliveries, publish_time, settled_at)
    SELECT item.message_id, item.request_id, 'dead_lettered', 1, item.publish_time, now()
    FROM item
    LEFT JOIN held USING (position)
    WHERE item.token IS NULL OR held.fits AND held.status = 'running'
    ORDER BY message_id
    ON CONFLICT (message_id) DO UPDATE SET
        outcome = CASE WHEN message.outcome = 'in_flight'
            THEN excluded.outcome ELSE message.outcome END,
        settled_at = coalesce(message.settled_at, now())
    RETURNING message_id, settled_at = now() AS just_settled
),
-- The locked row tells whether the message was settled before.
recorded AS (
    INSERT INTO dead_letters (
        message_id, request_id, claim_token, data, attributes, publish_time, delivery_attempt,
        stage, field, error_type, error, traceback, retryable, attempts, occurred_at, student_id)
    SELECT message_id, request_id, token, decode(data, 'base64'), attributes, publish_time,
        delivery_attempt, stage, field, error_type, error, traceback, retryable, attempts,
        occurred_at, student_id
    FROM item
    JOIN settled USING (message_id)
    WHERE just_settled OR token IS NOT NULL
    ORDER BY position
    ON CONFLICT DO NOTHING
),
-- Other messages in flight for a failed request are duplicates.
others AS (
    UPDATE messages AS message SET outcome = 'duplicate', settled_at = now()
    FROM failed
    WHERE message.request_id = failed.request_id AND message.outcome = 'in_flight'
        AND message.message_id <> failed.message_id
)
SELECT item.position
FROM item
LEFT JOIN held USING (position)
WHERE item.token IS NULL OR held.fits AND held.status IN ('running', 'failed', 'cancelled')
"""

DUPLICATES = """
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, message_id text, publish_time timestamptz, request_id uuid)
),
known AS MATERIALIZED (
    SELECT request_id, message_id
    FROM requests
    WHERE request_id IN (SELECT request_id FROM item)
    ORDER BY request_id
    FOR SHARE
),
-- A message that owns its request, or may still get it, is no duplicate, although the caller saw
-- another message first: that one may be a settled duplicate of this one, whose worker died.
judged AS (
    SELECT item.*, CASE
            WHEN message.outcome <> 'in_flight' THEN true
            ELSE known.message_id <> item.message_id
        END AS second
    FROM item
    LEFT JOIN known USING (request_id)
    LEFT JOIN messages AS message ON message.message_id = item.message_id
),
settled AS (
    INSERT INTO messages AS message (
        message_id, request_id, outcome, deliveries, publish_time, settled_at)
    SELECT message_id, request_id, 'duplicate', 1, publish_time, now()
    FROM judged
    WHERE second
    ORDER BY message_id
    ON CONFLICT (message_id) DO UPDATE SET
        deliveries = message.deliveries + 1,
        outcome = CASE WHEN message.outcome = 'in_flight'
            THEN excluded.outcome ELSE message.outcome END,
        settled_at = coalesce(message.settled_at, now())
    WHERE NOT EXISTS (
        SELECT FROM known
        WHERE known.message_id = message.message_id AND message.outcome = 'in_flight')
    RETURNING message_id
)
SELECT position FROM judged JOIN settled USING (message_id)
"""
