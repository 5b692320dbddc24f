"""Build indexes for reads by the end time of stages and requests, concurrently.

Those of stages and of completed requests hold all that `vividly cost` reads. A B-tree replaces the
block range index of `stages`: that one covers no row inserted since the last vacuum, so a read of
the last hour's cost read most of a large table.
"""

from __future__ import annotations

from transforms.ledger.online import create_index, drop_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the indexes, and drop the one that is replaced."""
    create_index(
        "stages_costs_idx",
        "ON stages (finished_at) INCLUDE (request_id, stage, engine, cost_usd, reused)",
    )
    create_index(
        "requests_completed_at_idx",
        "ON requests (completed_at) INCLUDE (request_id, modality, savings) "
        "WHERE status = 'completed'",
    )
    create_index(
        "requests_status_completed_at_idx",
        "ON requests (status, completed_at) WHERE status IN ('failed', 'cancelled')",
    )
    drop_index("stages_finished_at_idx")


def downgrade() -> None:
    """Restore the previous index."""
    create_index(
        "stages_finished_at_idx", "ON stages USING brin (finished_at) WITH (pages_per_range = 16)"
    )
    drop_index("requests_status_completed_at_idx")
    drop_index("requests_completed_at_idx")
    drop_index("stages_costs_idx")
