"""Create the table of paid calls, and count their costs in the totals.

A call is counted from its first row on, with the cost that is expected of it, and its end corrects
that. Stages count what they cost besides their calls; those of the previous release have none.
"""

# ruff: noqa: S608  (no text from outside)
from __future__ import annotations

from alembic import op

from transforms.ledger.migrations.versions import v0005_recent_costs as recent
from transforms.ledger.migrations.versions import v0008_hourly_totals as hourly

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CALLS = """
CREATE TABLE calls (
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    attempt integer NOT NULL,
    entry integer NOT NULL,
    modality text NOT NULL,
    stage text NOT NULL,
    engine text NOT NULL,
    model text NOT NULL DEFAULT '',
    purpose text NOT NULL,
    reason text NOT NULL DEFAULT '',
    input text NOT NULL,
    outcome text NOT NULL DEFAULT 'open',
    error text,
    usage jsonb NOT NULL DEFAULT '{}'::jsonb,
    expected_usd numeric(16, 8) NOT NULL DEFAULT 0,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT calls_pkey PRIMARY KEY (id),
    CONSTRAINT calls_outcome_check CHECK (outcome IN ('open', 'answered', 'failed')),
    CONSTRAINT calls_finished_check CHECK ((outcome = 'open') = (finished_at IS NULL))
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.01,
    autovacuum_analyze_scale_factor = 0.01
)
"""

INDEXES = (
    "CREATE INDEX calls_request_id_idx ON calls (request_id)",
    "CREATE INDEX calls_started_at_idx ON calls (started_at)",
)

# What a stage costs besides its calls.
_STAGE_COST = (
    "ELSE made.cost_usd END AS cost_usd",
    "ELSE made.cost_usd - made.calls_usd END AS cost_usd",
)
_RECENT_COST = (
    "AS minute, added.cost_usd\n",
    "AS minute, added.cost_usd - added.calls_usd AS cost_usd\n",
)


def _replaced(created: str, change: tuple[str, str] = ("CREATE ", "CREATE ")) -> str:
    """Return the statement that replaces a view or function, with a change of its text."""
    assert created.count(change[0]) == 1
    return created.replace(*change).replace("CREATE ", "CREATE OR REPLACE ")


_COUNT_STAGES = hourly._TRIGGER_FUNCTION.format(
    name="count_added_stages", body=hourly.FUNCTIONS["count_added_stages"]
)

COUNTED_STAGES = f"""{_replaced(hourly.COUNTED_STAGES, _STAGE_COST)}
UNION ALL
    SELECT started_at, modality, engine, stage, 0, 0, 0, 0, 0, 0, 0, cost_usd, 0, 0
    FROM calls
    WHERE cost_usd <> 0
"""

_ZERO = ", ".join(f"0 AS {name}" for name in hourly._COUNTED if name != "cost_usd")

_ADD_CALLS = f"""
    INSERT INTO recent_costs AS total (slot, shard, minute, cost_usd)
    SELECT mod(CAST(extract(epoch FROM minute) AS bigint) / 60, 128), mod(pg_backend_pid(), 16),
        minute, sum(counted.cost_usd)
    FROM (
        SELECT date_trunc('minute', at) AS minute, cost_usd
        FROM {{source}} AS changed
        WHERE cost_usd <> 0 AND at > now() - interval '2 hours'
    ) AS counted
    GROUP BY minute
    ORDER BY 1
    ON CONFLICT (slot, shard) DO UPDATE SET
        cost_usd = excluded.cost_usd
            + CASE WHEN total.minute = excluded.minute THEN total.cost_usd ELSE 0 END,
        minute = excluded.minute
    WHERE total.minute <= excluded.minute;
{
    hourly._ADD_STAGES.format(
        shard="(SELECT totals_shard())",
        source=f'''(
        SELECT changed.*, {_ZERO} FROM {{source}} AS changed WHERE cost_usd <> 0
    ) AS counted''',
    )
};
"""

FUNCTIONS = {
    "count_added_calls": _ADD_CALLS.format(
        source="(SELECT started_at AS at, modality, engine, stage, cost_usd FROM added)"
    ),
    "count_changed_calls": _ADD_CALLS.format(
        source="""(
        SELECT after.started_at AS at, after.modality, after.engine, after.stage,
            after.cost_usd - before.cost_usd AS cost_usd
        FROM before JOIN after USING (id))"""
    ),
}
"""Body of each trigger function."""

TRIGGERS = {
    "calls_count_added": """
AFTER INSERT ON calls REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_added_calls()
""",
    "calls_count_changed": """
AFTER UPDATE ON calls REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION count_changed_calls()
""",
}


def upgrade() -> None:
    """Create the table of calls, and add their costs to the totals."""
    op.execute("ALTER TABLE stages ADD COLUMN calls_usd numeric(16, 8) NOT NULL DEFAULT 0")
    for statement in (CALLS, *INDEXES):
        op.execute(statement)
    op.execute(COUNTED_STAGES)
    op.execute(_replaced(_COUNT_STAGES, _STAGE_COST))
    op.execute(_replaced(recent.FUNCTION, _RECENT_COST))
    for name, body in FUNCTIONS.items():
        op.execute(hourly._TRIGGER_FUNCTION.format(name=name, body=body))
    _set_search_paths(*FUNCTIONS)
    for name, definition in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {definition}")


def downgrade() -> None:
    """Drop the calls; their costs stay in the totals of the hours."""
    op.execute(_replaced(hourly.COUNTED_STAGES))
    op.execute(_replaced(_COUNT_STAGES))
    op.execute(_replaced(recent.FUNCTION))
    _set_search_paths()
    op.drop_table("calls")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("stages", "calls_usd")


def _set_search_paths(*functions: str) -> None:
    """Set the search path of the functions, and of those that were replaced."""
    for name in (*functions, "count_added_stages"):
        op.execute(hourly.SEARCH_PATH.format(name=name))
    op.execute(recent.SEARCH_PATH)
