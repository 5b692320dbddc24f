"""${message}"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only add, because workers of the previous version still run."""
    ${upgrades}


def downgrade() -> None:
    """Undo `upgrade`."""
    ${downgrades}
