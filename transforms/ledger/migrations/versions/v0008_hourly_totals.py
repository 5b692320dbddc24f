"""Keep running totals of messages and stages by hour, from which long periods are read.

Triggers add to them at every statement that writes messages or stages, those of the previous
release included. They run with the rights of the tables' owner, because the roles of running jobs
may only read the totals. Rows before `totals_since` are not counted yet; the next migration counts
them.

The daily totals, which only pruned rows have, become hourly ones. Jobs that still run older
code go on reading and writing them, so a later migration can drop them.
"""

# ruff: noqa: S608  (no text from outside)
from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MESSAGES = """
CREATE TABLE hourly_messages (
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    shard smallint NOT NULL,
    messages bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT hourly_messages_pkey PRIMARY KEY (hour, outcome, shard)
) WITH (fillfactor = 70)
"""

STAGES = """
CREATE TABLE hourly_stages (
    hour timestamptz NOT NULL,
    modality text NOT NULL,
    engine text NOT NULL,
    stage text NOT NULL,
    shard smallint NOT NULL,
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
    CONSTRAINT hourly_stages_pkey PRIMARY KEY (hour, modality, engine, stage, shard)
) WITH (fillfactor = 70)
"""

SINCE = """
CREATE TABLE totals_since (
    id boolean NOT NULL DEFAULT true,
    since timestamptz NOT NULL,
    CONSTRAINT totals_since_pkey PRIMARY KEY (id),
    CONSTRAINT totals_since_id_check CHECK (id)
)
"""

# A transaction that writes totals owns its shard until it ends, so it neither waits for another one
# nor deadlocks with it, as long as there are no more writers than shards.
SHARD = """
CREATE FUNCTION totals_shard() RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    own integer := mod(pg_backend_pid(), 16);
BEGIN
    FOR number IN own .. own + 15 LOOP
        IF pg_try_advisory_xact_lock(1987470435, mod(number, 16)) THEN
            RETURN mod(number, 16);
        END IF;
    END LOOP;
    PERFORM pg_advisory_xact_lock(1987470435, own);
    RETURN own;
END
$$
"""

# A dead letter that says so makes a cancelled message of a dead-lettered one.
OUTCOME = """CASE
    WHEN {row}.outcome = 'dead_lettered' AND EXISTS (
        SELECT FROM dead_letters AS letter
        WHERE letter.request_id = {row}.request_id AND letter.message_id = {row}.message_id
            AND letter.error_type = 'Cancelled')
    THEN 'cancelled' ELSE {row}.outcome END"""

COUNTED_MESSAGES = f"""
CREATE VIEW counted_messages AS
SELECT message_id, received_at, greatest(received_at, settled_at) AS last_at,
    {OUTCOME.format(row="message")} AS outcome
FROM messages AS message
"""

_ADD_MESSAGES = """
    INSERT INTO hourly_messages AS total (hour, outcome, shard, messages, first_at, last_at)
    SELECT date_trunc('hour', received_at, 'UTC'), outcome, {shard}, sum(number),
        min(received_at), max(last_at)
    FROM {source}
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (hour, outcome, shard) DO UPDATE SET
        messages = total.messages + excluded.messages,
        first_at = least(total.first_at, excluded.first_at),
        last_at = greatest(total.last_at, excluded.last_at)"""

_COUNTED = (
    "day_requests",
    "modality_requests",
    "engine_requests",
    "stage_requests",
    "done",
    "reused",
    "skipped",
    "cost_usd",
    "reuse_saved_usd",
    "skip_saved_usd",
)

_ADD_STAGES = f"""
    INSERT INTO hourly_stages AS total (
        hour, modality, engine, stage, shard, {", ".join(_COUNTED)})
    SELECT date_trunc('hour', at, 'UTC'), modality, engine, stage, {{shard}},
        {", ".join(f"sum({name})" for name in _COUNTED)}
    FROM {{source}}
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (hour, modality, engine, stage, shard) DO UPDATE SET
        {", ".join(f"{name} = total.{name} + excluded.{name}" for name in _COUNTED)}"""

# A request has several parts, and counts once for its day, its modality, each of its engines and
# each of its stages: with the first part, in the order in which stages are written.
_FIRST = """
    CAST(NOT coalesce(earlier.day, false) AS integer) AS day_requests,
    CAST(NOT earlier.part AS integer) AS modality_requests,
    CAST(NOT coalesce(earlier.engine, false) AS integer) AS engine_requests,
    CAST(NOT coalesce(earlier.stage, false) AS integer) AS stage_requests"""

_RAN = f"""
    SELECT made.finished_at AS at, request.modality, made.engine, made.stage, {_FIRST},
        CAST(NOT reused AS integer) AS done, CAST(reused AS integer) AS reused, 0 AS skipped,
        CASE WHEN reused THEN 0 ELSE made.cost_usd END AS cost_usd,
        CASE WHEN reused THEN made.cost_usd ELSE 0 END AS reuse_saved_usd,
        CAST(0 AS numeric) AS skip_saved_usd
    FROM {{source}} AS made
    JOIN requests AS request USING (request_id)
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS part, bool_or(other.stage = made.stage) AS stage,
            bool_or(other.engine = made.engine) AS engine,
            bool_or(date_trunc('day', other.finished_at, 'UTC')
                = date_trunc('day', made.finished_at, 'UTC')) AS day
        FROM stages AS other
        WHERE other.request_id = made.request_id
            AND (other.attempt, other.finished_at, other.stage)
                < (made.attempt, made.finished_at, made.stage)
    ) AS earlier"""

# Stages that were not asked for are known when the request is completed, after all stages.
_SKIPPED = f"""
    SELECT completed_at AS at, modality, coalesce(saving.value ->> 'engine', '') AS engine,
        saving.key AS stage, {_FIRST}, 0 AS done, 0 AS reused, 1 AS skipped,
        CAST(0 AS numeric) AS cost_usd, CAST(0 AS numeric) AS reuse_saved_usd,
        CAST(saving.value ->> 'usd' AS numeric(16, 8)) AS skip_saved_usd
    FROM {{source}}
    CROSS JOIN LATERAL jsonb_each(savings) AS saving
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS part, bool_or(other.stage = saving.key) AS stage,
            bool_or(other.engine = saving.value ->> 'engine') AS engine,
            bool_or(date_trunc('day', other.at, 'UTC')
                = date_trunc('day', request.completed_at, 'UTC')) AS day
        FROM (
            SELECT stage, engine, finished_at AS at
            FROM stages
            WHERE request_id = request.request_id
            UNION ALL
            SELECT each.key, each.value ->> 'engine', request.completed_at
            FROM jsonb_each(request.savings) AS each
            WHERE each.key < saving.key
        ) AS other
    ) AS earlier"""

COUNTED_STAGES = f"""
CREATE VIEW counted_stages AS
{_RAN.format(source="stages")}
UNION ALL
{_SKIPPED.format(source="requests AS request")}
    WHERE request.status = 'completed'
"""

_TRIGGER_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
{body}
    RETURN NULL;
END
$$
"""

_IS_COUNTED = ">= (SELECT since FROM totals_since)"

ADDED_MESSAGES = _ADD_MESSAGES.format(
    shard="(SELECT totals_shard())",
    source=f"""(
        SELECT received_at, greatest(received_at, settled_at) AS last_at, 1 AS number,
            {OUTCOME.format(row="added")} AS outcome
        FROM added
        WHERE received_at {_IS_COUNTED}
    ) AS counted""",
)

CHANGED_MESSAGES = _ADD_MESSAGES.format(
    shard="(SELECT totals_shard())",
    source=f"""(
        SELECT received_at, greatest(received_at, settled_at) AS last_at, changed.number,
            {OUTCOME.format(row="changed")} AS outcome
        FROM (
            SELECT before.*, -1 AS number
            FROM before JOIN after USING (message_id)
            WHERE before.outcome <> after.outcome
            UNION ALL
            SELECT after.*, 1
            FROM before JOIN after USING (message_id)
            WHERE before.outcome <> after.outcome
        ) AS changed
        WHERE received_at {_IS_COUNTED}
    ) AS counted""",
)

SKIPPED_STAGES = _ADD_STAGES.format(
    shard="(SELECT totals_shard())",
    source=f"""({
        _SKIPPED.format(
            source='''(
            SELECT request.*
            FROM before
            JOIN after USING (message_id)
            JOIN requests AS request ON request.request_id = after.request_id
                AND request.message_id = after.message_id
            WHERE before.outcome <> after.outcome AND after.outcome = 'completed'
                AND request.status = 'completed'
        ) AS request'''
        )
    }
        WHERE completed_at {_IS_COUNTED}
    ) AS counted""",
)

ADDED_STAGES = _ADD_STAGES.format(
    shard="(SELECT totals_shard())",
    source=f"""({_RAN.format(source="added")}
        WHERE made.finished_at {_IS_COUNTED}
    ) AS counted""",
)

FILL = f"""
CREATE FUNCTION fill_hourly_totals() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz;
    start timestamptz;
BEGIN
    LOCK TABLE messages, stages IN SHARE ROW EXCLUSIVE MODE;
    SELECT since INTO until FROM totals_since;
    SELECT date_bin('5 minutes', max(latest), 'epoch') INTO start
    FROM (
        SELECT max(received_at) AS latest FROM messages WHERE received_at < until
        UNION ALL
        SELECT max(finished_at) FROM stages WHERE finished_at < until
        UNION ALL
        SELECT max(completed_at) FROM requests WHERE status = 'completed' AND completed_at < until
    ) AS each_table;
    UPDATE totals_since SET since = coalesce(start, '-infinity');
    IF start IS NULL THEN
        RETURN false;
    END IF;
{
    _ADD_MESSAGES.format(
        shard="0",
        source='''(
        SELECT received_at, last_at, outcome, 1 AS number
        FROM counted_messages
        WHERE received_at >= start AND received_at < until
    ) AS counted''',
    )
};
{
    _ADD_STAGES.format(
        shard="0",
        source='''(
        SELECT * FROM counted_stages WHERE at >= start AND at < until
    ) AS counted''',
    )
};
    RETURN true;
END
$$
"""

# A prune by older code must not remove what is not counted yet.
KEEP = _TRIGGER_FUNCTION.format(
    name="keep_uncounted_rows",
    body="""
    IF EXISTS (SELECT FROM removed WHERE received_at < (SELECT since FROM totals_since)) THEN
        RAISE EXCEPTION 'run vividly db upgrade first' USING ERRCODE = '55000';
    END IF;
""",
)

FUNCTIONS = {
    "count_added_messages": f"{ADDED_MESSAGES};",
    "count_changed_messages": f"""
    IF EXISTS (
        SELECT FROM before JOIN after USING (message_id) WHERE before.outcome <> after.outcome)
    THEN
{CHANGED_MESSAGES};
{SKIPPED_STAGES};
    END IF;
""",
    "count_added_stages": f"{ADDED_STAGES};",
}
"""Body of each trigger function."""

TRIGGERS = {
    "messages_count_added": """
AFTER INSERT ON messages REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_added_messages()
""",
    "messages_count_changed": """
AFTER UPDATE ON messages REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION count_changed_messages()
""",
    "messages_keep_uncounted": """
AFTER DELETE ON messages REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION keep_uncounted_rows()
""",
    "stages_count_added": """
AFTER INSERT ON stages REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_added_stages()
""",
}
"""Definition of each trigger; the first word of its name is its table."""

SEARCH_PATH = """
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION {name}() SET search_path = %I, pg_temp', current_schema());
END
$$
"""

# The day of a pruned row becomes its first hour.
PRUNED = (
    """
INSERT INTO hourly_messages (hour, outcome, shard, messages, first_at, last_at)
SELECT day AT TIME ZONE 'UTC', outcome, 0, messages, first_at, last_at
FROM daily_messages
""",
    """
INSERT INTO hourly_messages (hour, outcome, shard, messages, first_at, last_at)
SELECT day AT TIME ZONE 'UTC', outcome, 1, number * sum(requests), 'infinity', '-infinity'
FROM daily_requests
CROSS JOIN (VALUES ('cancelled', 1), ('dead_lettered', -1)) AS moved (outcome, number)
WHERE status = 'cancelled' AND modality <> ''
GROUP BY day, outcome, number
""",
    f"""
INSERT INTO hourly_stages (hour, modality, engine, stage, shard, {", ".join(_COUNTED)})
SELECT day AT TIME ZONE 'UTC', modality, engine, stage, 0, {", ".join(_COUNTED)}
FROM daily_stages
""",
)


def upgrade() -> None:
    """Create the totals, with those of pruned rows, and their triggers."""
    for statement in (MESSAGES, STAGES, SINCE, *PRUNED, SHARD, COUNTED_MESSAGES, COUNTED_STAGES):
        op.execute(statement)
    op.execute("INSERT INTO totals_since (since) VALUES ('infinity')")
    op.execute(FILL)
    op.execute(KEEP)
    for name, body in FUNCTIONS.items():
        op.execute(_TRIGGER_FUNCTION.format(name=name, body=body))
    for name in ("keep_uncounted_rows", *FUNCTIONS):
        op.execute(SEARCH_PATH.format(name=name))
    for name, definition in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {definition}")


def downgrade() -> None:
    """Drop the totals; counts and costs of requests that were pruned since are lost."""
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {name.partition('_')[0]}")
    for name in (*FUNCTIONS, "keep_uncounted_rows", "fill_hourly_totals", "totals_shard"):
        op.execute(f"DROP FUNCTION {name}()")
    for view in ("counted_stages", "counted_messages"):
        op.execute(f"DROP VIEW {view}")
    for table in ("hourly_messages", "hourly_stages", "totals_since"):
        op.drop_table(table)
