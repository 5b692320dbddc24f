"""Add rows older than the hourly totals to them, five minutes at a time, the newest first.

Each batch is a transaction that keeps writers of messages and stages out, well under a second at a
million requests a day. An interrupted migration goes on where it was.
"""

from __future__ import annotations

from transforms.ledger.online import backfill

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add old rows to the hourly totals."""
    backfill("SELECT 1 AS filled WHERE fill_hourly_totals()")


def downgrade() -> None:
    """Keep the totals; the previous migration drops them."""
