-- Statements of release 0.1. Those in capitals write; the others read, but for `replayed`.

-- name: CLAIM
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, message_id text, publish_time timestamptz, token uuid, replay boolean,
        request_id uuid, modality text, student_id text, correlation_id text, request jsonb)
),
known AS MATERIALIZED (
    SELECT request_id, status, message_id, lease_expires_at, cancel_requested_at
    FROM requests
    WHERE request_id IN (SELECT request_id FROM item)
    ORDER BY request_id
    FOR UPDATE
),
judged AS MATERIALIZED (
    SELECT item.*, known.message_id = item.message_id AS owns,
        CASE
            WHEN message.outcome <> 'in_flight'
                AND NOT (item.replay AND message.outcome = 'dead_lettered'
                         AND (coalesce(known.status, 'failed') = 'failed'
                              OR known.status = 'cancelled'
                              AND known.message_id <> item.message_id))
                THEN 'done'
            WHEN known.request_id IS NULL THEN 'new'
            WHEN known.message_id IN ('', item.message_id)
                AND (known.status = 'cancelled'
                     OR known.status = 'running' AND known.cancel_requested_at IS NOT NULL)
                THEN 'cancelled'
            WHEN known.status = 'running' AND known.message_id = item.message_id THEN 'resumed'
            WHEN known.status = 'running' AND known.lease_expires_at <= now() THEN
                CASE WHEN known.cancel_requested_at IS NULL OR item.replay
                    THEN 'taken_over' ELSE 'cancelled' END
            WHEN known.status IN ('failed', 'cancelled') AND item.replay THEN 'reopened'
            ELSE 'duplicate'
        END AS kind
    FROM item
    LEFT JOIN known USING (request_id)
    LEFT JOIN messages AS message ON message.message_id = item.message_id
),
ranked AS MATERIALIZED (
    SELECT *, row_number() OVER (
            PARTITION BY request_id, kind IN ('done', 'duplicate')
            ORDER BY owns DESC NULLS LAST, position
        ) = 1 AND kind NOT IN ('done', 'duplicate') AS claims
    FROM judged
),
opened AS (
    INSERT INTO requests AS request (
        request_id, status, message_id, claim_token, lease_expires_at, attempts,
        modality, student_id, correlation_id, request)
    SELECT request_id, 'running', message_id, token, now() + make_interval(secs => :lease), 1,
        modality, student_id, correlation_id, request
    FROM ranked
    WHERE claims AND kind = 'new'
    ORDER BY request_id
    ON CONFLICT (request_id) DO NOTHING
    RETURNING request_id, claim_token, attempts
),
retaken AS (
    UPDATE requests AS request SET
        status = 'running',
        message_id = ranked.message_id,
        claim_token = ranked.token,
        lease_expires_at = now() + make_interval(secs => :lease),
        attempts = request.attempts + 1,
        modality = ranked.modality,
        student_id = ranked.student_id,
        correlation_id = ranked.correlation_id,
        request = ranked.request,
        stage = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.stage END,
        progress = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.progress ELSE 0 END,
        artifacts = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.artifacts ELSE '{}' END,
        cost_usd = CASE WHEN ranked.kind IN ('resumed', 'cancelled')
            THEN request.cost_usd ELSE 0 END,
        error_type = NULL,
        error = NULL,
        cancel_requested_at = CASE WHEN ranked.kind = 'cancelled'
            THEN request.cancel_requested_at END,
        savings = '{}',
        started_at = now(),
        completed_at = NULL,
        updated_at = now()
    FROM ranked
    WHERE ranked.claims AND ranked.kind <> 'new' AND request.request_id = ranked.request_id
    RETURNING request.request_id, request.claim_token, request.attempts
),
claimed AS (
    SELECT * FROM opened UNION ALL SELECT * FROM retaken
),
decided AS MATERIALIZED (
    SELECT ranked.*, claimed.attempts,
        CASE
            WHEN ranked.kind IN ('done', 'duplicate') THEN ranked.kind
            WHEN claimed.claim_token = ranked.token THEN ranked.kind
            WHEN claimed.claim_token IS NOT NULL THEN 'duplicate'
        END AS decision
    FROM ranked
    LEFT JOIN claimed USING (request_id)
),
settled AS (
    INSERT INTO messages AS message (
        message_id, request_id, outcome, deliveries, publish_time, settled_at)
    SELECT message_id, request_id,
        CASE WHEN decision = 'duplicate' THEN 'duplicate' ELSE 'in_flight' END, 1, publish_time,
        CASE WHEN decision = 'duplicate' THEN now() END
    FROM decided
    WHERE decision <> 'done'
    ORDER BY message_id
    ON CONFLICT (message_id) DO UPDATE SET
        request_id = excluded.request_id,
        deliveries = message.deliveries + 1,
        outcome = CASE WHEN 'in_flight' IN (message.outcome, excluded.outcome)
            THEN excluded.outcome ELSE message.outcome END,
        settled_at = CASE WHEN 'in_flight' IN (message.outcome, excluded.outcome)
            THEN excluded.settled_at ELSE message.settled_at END,
        released = CASE WHEN excluded.outcome = 'in_flight' AND message.outcome <> 'in_flight'
            THEN message.deliveries ELSE message.released END
    RETURNING message_id, outcome, deliveries, released, settled_at = now() AS just_settled
),
counted AS (
    UPDATE messages AS message SET deliveries = message.deliveries + 1
    FROM decided
    WHERE decided.decision = 'done' AND message.message_id = decided.message_id
    RETURNING message.message_id, outcome, deliveries, released, false
)
SELECT decided.position, decided.attempts, message.outcome, message.deliveries, message.released,
    CASE WHEN decided.decision = 'duplicate' AND NOT message.just_settled THEN 'done'
        ELSE decided.decision END AS kind
FROM decided
LEFT JOIN (SELECT * FROM settled UNION ALL SELECT * FROM counted) AS message USING (message_id)

-- name: UNSETTLED
SELECT message_id
FROM messages
WHERE message_id IN (SELECT json_array_elements_text(CAST(:ids AS json)))
    AND outcome = 'in_flight' AND deliveries > released

-- name: RESET_DELIVERIES
UPDATE messages SET released = deliveries
WHERE message_id = :message_id AND outcome = 'in_flight'
RETURNING message_id

-- name: HEARTBEAT
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (request_id uuid, token uuid)
),

held AS MATERIALIZED (
    SELECT item.*, request.status, request.claim_token = item.token AS fits,
        request.cancel_requested_at IS NOT NULL AS cancelled
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
),
extended AS (
    UPDATE requests AS request SET lease_expires_at = now() + make_interval(secs => :lease)
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
)
SELECT CAST(request_id AS text) AS request_id FROM held WHERE fits

-- name: RELEASE
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (request_id uuid, token uuid)
),

held AS MATERIALIZED (
    SELECT item.*, request.status, request.claim_token = item.token AS fits,
        request.cancel_requested_at IS NOT NULL AS cancelled
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
),
freed AS (
    UPDATE requests AS request
    SET claim_token = NULL, lease_expires_at = now(), updated_at = now()
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id, request.message_id
),
uncounted AS (
    UPDATE messages AS message SET released = least(deliveries, released + 1)
    FROM freed
    WHERE message.message_id = freed.message_id
)
SELECT CAST(request_id AS text) AS request_id FROM freed

-- name: UNCOUNT_DELIVERY
UPDATE messages AS message SET released = least(deliveries, released + 1)
WHERE outcome = 'in_flight'
    AND message_id IN (SELECT json_array_elements_text(CAST(:message_ids AS json)))
    AND NOT EXISTS (
        SELECT FROM requests AS request
        WHERE request.request_id = message.request_id
            AND request.message_id = message.message_id AND request.claim_token IS NULL)
RETURNING message_id

-- name: PROGRESS
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, stage text, progress integer, lease double precision,
        artifacts jsonb, cost_usd numeric)
),

held AS MATERIALIZED (
    SELECT item.*, request.status, request.claim_token = item.token AS fits,
        request.cancel_requested_at IS NOT NULL AS cancelled
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
),
changed AS (
    UPDATE requests AS request SET
        stage = held.stage,
        progress = held.progress,
        artifacts = held.artifacts,
        cost_usd = held.cost_usd,
        lease_expires_at = now() + make_interval(secs => held.lease),
        updated_at = now()
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id, request.attempts AS attempt
),

record AS (
    SELECT * FROM json_to_recordset(CAST(:records AS json)) AS record (
        request_id uuid, attempt integer, stage text, engine text, fingerprint text,
        seconds double precision, cost_usd numeric, usage jsonb, artifacts jsonb, tries integer,
        reused boolean, ago double precision, lasted double precision)
),
recorded AS (
    INSERT INTO stages (
        request_id, attempt, stage, engine, fingerprint, seconds, cost_usd, usage, artifacts,
        tries, reused, started_at, finished_at)
    SELECT request_id, attempt, stage, engine, fingerprint, seconds, record.cost_usd, usage,
        record.artifacts, tries, reused,
        now() - make_interval(secs => ago + lasted), now() - make_interval(secs => ago)
    FROM record
    JOIN changed USING (request_id, attempt)
    ON CONFLICT (request_id, attempt, stage) DO NOTHING
)

SELECT CAST(request_id AS text) AS request_id, cancelled FROM held WHERE fits

-- name: COMPLETE
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, script text, artifacts jsonb, cost_usd numeric,
        cost_saved_usd numeric, savings jsonb)
),

held AS MATERIALIZED (
    SELECT item.*, request.status, request.claim_token = item.token AS fits,
        request.cancel_requested_at IS NOT NULL AS cancelled
    FROM item
    JOIN requests AS request USING (request_id)
    ORDER BY request_id
    FOR UPDATE OF request
),
changed AS (
    UPDATE requests AS request SET
        status = 'completed',
        stage = 'publish',
        progress = 100,
        lease_expires_at = NULL,
        artifacts = held.artifacts,
        script = held.script,
        cost_usd = held.cost_usd,
        cost_saved_usd = held.cost_saved_usd,
        savings = held.savings,
        completed_at = now(),
        updated_at = now()
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
        AND NOT held.cancelled
    RETURNING request.request_id, request.attempts AS attempt, request.message_id
),
settled AS (
    UPDATE messages AS message SET
        outcome = CASE WHEN message.message_id = changed.message_id
            THEN 'completed' ELSE 'duplicate' END,
        settled_at = now()
    FROM changed
    WHERE message.request_id = changed.request_id AND message.outcome = 'in_flight'
),

record AS (
    SELECT * FROM json_to_recordset(CAST(:records AS json)) AS record (
        request_id uuid, attempt integer, stage text, engine text, fingerprint text,
        seconds double precision, cost_usd numeric, usage jsonb, artifacts jsonb, tries integer,
        reused boolean, ago double precision, lasted double precision)
),
recorded AS (
    INSERT INTO stages (
        request_id, attempt, stage, engine, fingerprint, seconds, cost_usd, usage, artifacts,
        tries, reused, started_at, finished_at)
    SELECT request_id, attempt, stage, engine, fingerprint, seconds, record.cost_usd, usage,
        record.artifacts, tries, reused,
        now() - make_interval(secs => ago + lasted), now() - make_interval(secs => ago)
    FROM record
    JOIN changed USING (request_id, attempt)
    ON CONFLICT (request_id, attempt, stage) DO NOTHING
)

SELECT CAST(token AS text) AS token
FROM held
WHERE fits AND (status = 'running' AND NOT cancelled OR status = 'completed')

-- name: DEAD_LETTER
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        position integer, message_id text, request_id uuid, token uuid, data text,
        attributes jsonb, publish_time timestamptz, delivery_attempt integer, stage text,
        field text, error_type text, error text, traceback text, retryable boolean,
        attempts jsonb, occurred_at timestamptz)
),
held AS MATERIALIZED (
    SELECT item.position, request_id, request.status,
        CASE WHEN item.token IS NULL THEN request.message_id = item.message_id
            ELSE request.claim_token = item.token END AS fits
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
        completed_at = now(),
        updated_at = now()
    FROM held JOIN item USING (position)
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id, request.message_id
),
dead AS MATERIALIZED (
    SELECT item.*
    FROM item
    LEFT JOIN held USING (position)
    LEFT JOIN messages AS message USING (message_id)
    WHERE CASE WHEN item.token IS NULL
        THEN coalesce(message.outcome, 'in_flight') = 'in_flight'
        ELSE held.fits AND held.status = 'running' END
),
recorded AS (
    INSERT INTO dead_letters (
        message_id, request_id, claim_token, data, attributes, publish_time, delivery_attempt,
        stage, field, error_type, error, traceback, retryable, attempts, occurred_at)
    SELECT message_id, request_id, token, decode(data, 'base64'), attributes, publish_time,
        delivery_attempt, stage, field, error_type, error, traceback, retryable, attempts,
        occurred_at
    FROM dead
    ORDER BY position
    ON CONFLICT DO NOTHING
),
settled AS (
    INSERT INTO messages AS message (
        message_id, request_id, outcome, deliveries, publish_time, settled_at)
    SELECT message_id, request_id, 'dead_lettered', 1, publish_time, now()
    FROM item
    WHERE token IS NULL OR position IN (SELECT position FROM dead)
    ORDER BY message_id
    ON CONFLICT (message_id) DO UPDATE SET
        outcome = CASE WHEN message.outcome = 'in_flight'
            THEN excluded.outcome ELSE message.outcome END,
        settled_at = coalesce(message.settled_at, now())
),
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

-- name: DUPLICATES
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
    RETURNING message_id
)
SELECT position FROM judged JOIN settled USING (message_id)

-- name: CANCEL
INSERT INTO requests AS request (
    request_id, status, message_id, attempts, modality, student_id, correlation_id, request,
    error_type, error, completed_at, cancel_requested_at)
SELECT DISTINCT CAST(id AS uuid), 'cancelled', '', 0, '', '', '', CAST('{}' AS jsonb),
    'Cancelled', 'cancelled before it was received', now(), now()
FROM json_array_elements_text(CAST(:ids AS json)) AS id
ORDER BY 1
ON CONFLICT (request_id) DO UPDATE SET
    cancel_requested_at = coalesce(request.cancel_requested_at, now()),
    updated_at = now(),
    status = CASE WHEN request.lease_expires_at <= now() THEN 'cancelled' ELSE request.status END,
    claim_token = CASE WHEN request.lease_expires_at <= now() THEN NULL ELSE request.claim_token END,
    lease_expires_at = CASE WHEN request.lease_expires_at <= now() THEN NULL ELSE request.lease_expires_at END,
    error_type = CASE WHEN request.lease_expires_at <= now() THEN 'Cancelled' ELSE request.error_type END,
    error = CASE WHEN request.lease_expires_at <= now() THEN 'cancelled while nobody worked on it' ELSE request.error END,
    completed_at = CASE WHEN request.lease_expires_at <= now() THEN now() ELSE request.completed_at END
WHERE request.status = 'running'
RETURNING request_id

-- name: cancel states
SELECT CAST(request_id AS text) AS request_id, status, message_id <> '' AS received,
    cancel_requested_at
FROM requests
WHERE request_id IN (
    SELECT CAST(id AS uuid) FROM json_array_elements_text(CAST(:ids AS json)) AS id)

-- name: requests
SELECT 
    CAST(request_id AS text) AS request_id, status, stage, progress, modality, student_id,
    correlation_id, request, message_id, attempts, lease_expires_at, artifacts, script_uri,
    narration_uri, captions_uri, video_uri, thumbnail_uri, manifest_uri, script, error_type, error,
    CAST(cost_usd AS double precision) AS cost_usd,
    CAST(cost_saved_usd AS double precision) AS cost_saved_usd,
    created_at, started_at, completed_at, updated_at, cancel_requested_at, savings

FROM requests
WHERE (CAST(:request_id AS uuid) IS NULL OR request_id = CAST(:request_id AS uuid))
    AND (CAST(:status AS text) IS NULL OR status = CAST(:status AS text))
    AND (CAST(:since AS timestamptz) IS NULL OR created_at >= CAST(:since AS timestamptz))
ORDER BY created_at DESC, request_id
LIMIT CAST(:limit AS bigint)

-- name: stages
SELECT 
    CAST(request_id AS text) AS request_id, attempt, stage, engine, fingerprint, seconds,
    CAST(cost_usd AS double precision) AS cost_usd, usage, artifacts, tries, reused, started_at,
    finished_at

FROM stages
WHERE request_id = CAST(:request_id AS uuid)
ORDER BY attempt, finished_at

-- name: dead letters
SELECT 
    id, message_id, CAST(request_id AS text) AS request_id, stage, field, error_type, error,
    retryable, octet_length(data) AS size, publish_time, occurred_at, recorded_at, replays,
    replayed_at, replayed_as

FROM dead_letters
WHERE (CAST(:request_id AS uuid) IS NULL OR request_id = CAST(:request_id AS uuid))
    AND (CAST(:stage AS text) IS NULL OR stage = CAST(:stage AS text))
    AND (CAST(:error AS text) IS NULL OR position(lower(CAST(:error AS text)) IN
        lower(concat_ws(' ', error_type, field, error))) > 0)
    AND (CAST(:retryable AS boolean) IS NULL OR retryable = CAST(:retryable AS boolean))
    AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= CAST(:since AS timestamptz))
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)

-- name: dead letter
SELECT 
    id, message_id, CAST(request_id AS text) AS request_id, stage, field, error_type, error,
    retryable, octet_length(data) AS size, publish_time, occurred_at, recorded_at, replays,
    replayed_at, replayed_as
, data, attributes, delivery_attempt, traceback, attempts
FROM dead_letters
WHERE id = :id

-- name: totals
SELECT accounts.*, by_status.*
FROM (
    SELECT count(*) AS received,
        count(*) FILTER (WHERE outcome = 'completed') AS completed,
        count(*) FILTER (WHERE outcome = 'duplicate') AS duplicates,
        count(*) FILTER (WHERE outcome = 'dead_lettered') AS dead_lettered,
        count(*) FILTER (WHERE outcome = 'in_flight') AS in_flight
    FROM messages
    WHERE CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz)
) AS accounts,
(
    SELECT coalesce(jsonb_object_agg(status, number), '{}') AS requests,
        CAST(coalesce(sum(cost), 0) AS double precision) AS cost_usd,
        CAST(coalesce(sum(saved), 0) AS double precision) AS cost_saved_usd
    FROM (
        SELECT status, count(*) AS number, sum(cost_usd) AS cost, sum(cost_saved_usd) AS saved
        FROM requests
        WHERE CAST(:since AS timestamptz) IS NULL OR created_at >= CAST(:since AS timestamptz)
        GROUP BY status
    ) AS each_status
) AS by_status

-- name: replay states
SELECT letter.id, letter.replayed_as, letter.replayed_at, replay.outcome AS replay_outcome,
    request.status AS request_status,
    greatest(
        (SELECT max(later.id) FROM dead_letters AS later
            WHERE later.request_id = coalesce(letter.request_id, replay.request_id)
                AND later.id > letter.id),
        (SELECT max(later.id) FROM dead_letters AS later
            WHERE later.message_id = letter.replayed_as AND later.claim_token IS NULL
                AND later.id > letter.id)
    ) AS newer
FROM dead_letters AS letter
LEFT JOIN messages AS replay ON replay.message_id = letter.replayed_as
LEFT JOIN requests AS request
    ON request.request_id = coalesce(letter.request_id, replay.request_id)
WHERE letter.id IN (
    SELECT CAST(number AS bigint) FROM json_array_elements_text(CAST(:ids AS json)) AS number)

-- name: replayed
UPDATE dead_letters
SET replays = replays + 1, replayed_at = now(), replayed_as = :message_id
WHERE id = :id AND replayed_as IS DISTINCT FROM CAST(:message_id AS text)
RETURNING id

-- name: letter of
SELECT max(id) AS id
FROM dead_letters
WHERE request_id = CAST(:request_id AS uuid) AND message_id = :message_id

-- name: spent
SELECT CAST(coalesce(sum(cost_usd), 0) AS double precision) AS usd
FROM stages
WHERE finished_at >= now() - make_interval(secs => :seconds) AND NOT reused

-- name: costs by day
WITH part AS (
    SELECT CAST(stages.finished_at AS date) AS day, modality, engine, stages.stage, request_id,
        NOT reused AS done, reused, stages.cost_usd AS usd
    FROM stages
    JOIN requests USING (request_id)
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM requests
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
)
SELECT CAST(day AS text) AS key,
    count(DISTINCT request_id) AS requests,
    count(*) FILTER (WHERE done) AS done,
    count(*) FILTER (WHERE reused) AS reused,
    count(*) FILTER (WHERE NOT done AND NOT reused) AS skipped,
    CAST(coalesce(sum(usd) FILTER (WHERE done), 0) AS double precision) AS cost_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE reused), 0) AS double precision) AS reuse_saved_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0) AS double precision)
        AS skip_saved_usd
FROM part
GROUP BY 1
ORDER BY 1

-- name: costs by modality
WITH part AS (
    SELECT CAST(stages.finished_at AS date) AS day, modality, engine, stages.stage, request_id,
        NOT reused AS done, reused, stages.cost_usd AS usd
    FROM stages
    JOIN requests USING (request_id)
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM requests
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
)
SELECT CAST(modality AS text) AS key,
    count(DISTINCT request_id) AS requests,
    count(*) FILTER (WHERE done) AS done,
    count(*) FILTER (WHERE reused) AS reused,
    count(*) FILTER (WHERE NOT done AND NOT reused) AS skipped,
    CAST(coalesce(sum(usd) FILTER (WHERE done), 0) AS double precision) AS cost_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE reused), 0) AS double precision) AS reuse_saved_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0) AS double precision)
        AS skip_saved_usd
FROM part
GROUP BY 1
ORDER BY 1

-- name: costs by engine
WITH part AS (
    SELECT CAST(stages.finished_at AS date) AS day, modality, engine, stages.stage, request_id,
        NOT reused AS done, reused, stages.cost_usd AS usd
    FROM stages
    JOIN requests USING (request_id)
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM requests
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
)
SELECT CAST(engine AS text) AS key,
    count(DISTINCT request_id) AS requests,
    count(*) FILTER (WHERE done) AS done,
    count(*) FILTER (WHERE reused) AS reused,
    count(*) FILTER (WHERE NOT done AND NOT reused) AS skipped,
    CAST(coalesce(sum(usd) FILTER (WHERE done), 0) AS double precision) AS cost_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE reused), 0) AS double precision) AS reuse_saved_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0) AS double precision)
        AS skip_saved_usd
FROM part
GROUP BY 1
ORDER BY 1

-- name: costs by stage
WITH part AS (
    SELECT CAST(stages.finished_at AS date) AS day, modality, engine, stages.stage, request_id,
        NOT reused AS done, reused, stages.cost_usd AS usd
    FROM stages
    JOIN requests USING (request_id)
    WHERE (CAST(:since AS timestamptz) IS NULL OR finished_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR finished_at < CAST(:until AS timestamptz))
    UNION ALL
    SELECT CAST(completed_at AS date), modality, saving.value ->> 'engine', saving.key, request_id,
        false, false, CAST(saving.value ->> 'usd' AS numeric)
    FROM requests
    CROSS JOIN jsonb_each(savings) AS saving
    WHERE status = 'completed'
        AND (CAST(:since AS timestamptz) IS NULL OR completed_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR completed_at < CAST(:until AS timestamptz))
)
SELECT CAST(stage AS text) AS key,
    count(DISTINCT request_id) AS requests,
    count(*) FILTER (WHERE done) AS done,
    count(*) FILTER (WHERE reused) AS reused,
    count(*) FILTER (WHERE NOT done AND NOT reused) AS skipped,
    CAST(coalesce(sum(usd) FILTER (WHERE done), 0) AS double precision) AS cost_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE reused), 0) AS double precision) AS reuse_saved_usd,
    CAST(coalesce(sum(usd) FILTER (WHERE NOT done AND NOT reused), 0) AS double precision)
        AS skip_saved_usd
FROM part
GROUP BY 1
ORDER BY 1

-- name: report accounts
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT outcome, count(*) AS number, min(received_at) AS first,
    greatest(max(received_at), max(settled_at)) AS last
FROM scope
GROUP BY outcome

-- name: report latencies
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
),
asked AS (
    SELECT requests.*, publish_time FROM requests JOIN scope USING (message_id)
),
measured AS (
    SELECT stages.stage AS step, seconds
    FROM stages JOIN asked USING (request_id)
    WHERE NOT reused
    UNION ALL
    SELECT :waiting, extract(epoch FROM greatest(started_at - publish_time, interval '0'))
    FROM asked
    UNION ALL
    SELECT :whole, extract(epoch FROM completed_at - started_at)
    FROM asked WHERE status = 'completed'
)
SELECT step, count(*) AS count,
    CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p50,
    CAST(percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p90,
    CAST(percentile_disc(0.99) WITHIN GROUP (ORDER BY seconds) AS double precision) AS p99,
    CAST(max(seconds) AS double precision) AS longest
FROM measured
GROUP BY step

-- name: report costs
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT modality, stages.stage,
    CAST(sum(CASE WHEN reused THEN 0 ELSE stages.cost_usd END) AS double precision) AS usd
FROM stages
JOIN requests USING (request_id)
JOIN scope USING (message_id)
GROUP BY modality, stages.stage

-- name: report savings
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT modality, count(*) AS requests, CAST(sum(cost_saved_usd) AS double precision) AS usd
FROM requests JOIN scope USING (message_id)
WHERE status = 'completed'
GROUP BY modality

-- name: report reasons
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT stage, error_type, field, count(*) AS count, count(*) FILTER (WHERE retryable) AS retryable,
    (array_agg(error ORDER BY id DESC))[1] AS example
FROM dead_letters JOIN scope USING (message_id)
GROUP BY stage, error_type, field
ORDER BY count(*) DESC, stage, error_type, field

-- name: report requests
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT 
    CAST(request_id AS text) AS request_id, status, stage, progress, modality, student_id,
    correlation_id, request, message_id, attempts, lease_expires_at, artifacts, script_uri,
    narration_uri, captions_uri, video_uri, thumbnail_uri, manifest_uri, script, error_type, error,
    CAST(cost_usd AS double precision) AS cost_usd,
    CAST(cost_saved_usd AS double precision) AS cost_saved_usd,
    created_at, started_at, completed_at, updated_at, cancel_requested_at, savings
, publish_time
FROM requests JOIN scope USING (message_id)
ORDER BY created_at DESC, request_id
LIMIT CAST(:limit AS bigint)

-- name: report count
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT count(*) AS number FROM requests JOIN scope USING (message_id)

-- name: report stages
SELECT 
    CAST(request_id AS text) AS request_id, attempt, stage, engine, fingerprint, seconds,
    CAST(cost_usd AS double precision) AS cost_usd, usage, artifacts, tries, reused, started_at,
    finished_at

FROM stages
WHERE request_id IN (
    SELECT CAST(json_array_elements_text(CAST(:request_ids AS json)) AS uuid))
ORDER BY request_id, attempt, finished_at

-- name: report letters
WITH 
scope AS (
    SELECT message_id, outcome, publish_time, received_at, settled_at
    FROM messages
    WHERE (CAST(:since AS timestamptz) IS NULL OR received_at >= CAST(:since AS timestamptz))
        AND (CAST(:until AS timestamptz) IS NULL OR received_at < CAST(:until AS timestamptz))
        AND (CAST(:ids AS json) IS NULL
            OR message_id IN (SELECT json_array_elements_text(CAST(:ids AS json))))
)
SELECT 
    id, message_id, CAST(request_id AS text) AS request_id, stage, field, error_type, error,
    retryable, octet_length(data) AS size, publish_time, occurred_at, recorded_at, replays,
    replayed_at, replayed_as
, substring(data FOR CAST(:bytes AS integer)) AS data, attributes,
    delivery_attempt, traceback, attempts
FROM dead_letters JOIN (SELECT message_id FROM scope) AS scoped USING (message_id)
ORDER BY id DESC
LIMIT CAST(:limit AS bigint)
