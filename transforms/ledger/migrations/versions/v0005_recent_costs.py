"""Keep running totals of recent costs, so that a budget poll reads the same few rows at any size.

A trigger adds to them at every statement that inserts stages, those of the previous release
included. It runs with the rights of the tables' owner, because the roles of running jobs have none
on the table.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A slot is used again after 128 minutes. Shards keep workers from waiting for each other's rows.
TABLE = """
CREATE TABLE recent_costs (
    slot smallint NOT NULL,
    shard smallint NOT NULL,
    minute timestamptz NOT NULL,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    CONSTRAINT recent_costs_pkey PRIMARY KEY (slot, shard)
) WITH (fillfactor = 50)
"""

# Rows are written in the order of their slots, so that two statements do not deadlock.
FUNCTION = """
CREATE FUNCTION add_recent_costs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO recent_costs AS total (slot, shard, minute, cost_usd)
    SELECT mod(CAST(extract(epoch FROM minute) AS bigint) / 60, 128), mod(pg_backend_pid(), 16),
        minute, sum(each_minute.cost_usd)
    FROM (
        SELECT date_trunc('minute', finished_at) AS minute, added.cost_usd
        FROM added
        WHERE NOT reused AND added.cost_usd <> 0 AND finished_at > now() - interval '2 hours'
    ) AS each_minute
    GROUP BY minute
    ORDER BY 1
    ON CONFLICT (slot, shard) DO UPDATE SET
        cost_usd = excluded.cost_usd
            + CASE WHEN total.minute = excluded.minute THEN total.cost_usd ELSE 0 END,
        minute = excluded.minute
    WHERE total.minute <= excluded.minute;
    RETURN NULL;
END
$$
"""

SEARCH_PATH = """
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION add_recent_costs() SET search_path = %I, pg_temp', current_schema());
END
$$
"""

TRIGGER = """
CREATE TRIGGER stages_recent_costs AFTER INSERT ON stages
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_recent_costs()
"""

# The trigger's lock keeps writers out until the commit, so no cost is missed or counted twice.
PRESENT = """
INSERT INTO recent_costs (slot, shard, minute, cost_usd)
SELECT mod(CAST(extract(epoch FROM minute) AS bigint) / 60, 128), 0, minute, sum(cost_usd)
FROM (
    SELECT date_trunc('minute', finished_at) AS minute, cost_usd
    FROM stages
    WHERE NOT reused AND cost_usd <> 0 AND finished_at > now() - interval '2 hours'
) AS each_minute
GROUP BY minute
"""


def upgrade() -> None:
    """Create the table of running totals and its trigger."""
    for statement in (TABLE, FUNCTION, SEARCH_PATH, TRIGGER, PRESENT):
        op.execute(statement)


def downgrade() -> None:
    """Drop the trigger and the table of running totals."""
    op.execute("DROP TRIGGER stages_recent_costs ON stages")
    op.execute("DROP FUNCTION add_recent_costs()")
    op.drop_table("recent_costs")
