"""${message}"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only add: workers of the version before are still running meanwhile."""
    ${upgrades}


def downgrade() -> None:
    """Undo `upgrade`."""
    ${downgrades}
