"""Validate the check of the requests' status for rows written before it."""

from __future__ import annotations

from transforms.ledger.online import validate_constraint

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Validate the CHECK constraint of the status while workers write."""
    validate_constraint("requests", "requests_status_check")


def downgrade() -> None:
    """Leave the check as it is; the migration before replaces it."""
