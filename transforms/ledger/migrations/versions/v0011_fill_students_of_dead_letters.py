"""Fill in the students of old dead letters, five hundred at a time, while workers write.

The student is that of the request, or else the only id of plain characters that the message's bytes
name, readable JSON or not. It stays empty where there is none; an erasure searches those letters by
their bytes. An interrupted migration goes on where it was.
"""

from __future__ import annotations

from transforms.ledger.online import backfill, create_index

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# The encoding doubles backslashes and escapes what is not ASCII, so ids with either do not match.
FILL = r"""
UPDATE dead_letters AS letter
SET student_id = coalesce(
    (SELECT nullif(student_id, '') FROM requests WHERE requests.request_id = letter.request_id),
    (SELECT max(found.id[1])
        FROM regexp_matches(
            encode(letter.data, 'escape'), '"student_id"\s*\:\s*"([ -!#-\[\]-~]{1,100})"', 'g')
            AS found (id)
        HAVING count(DISTINCT found.id[1]) = 1),
    '')
WHERE id IN (
    SELECT id FROM dead_letters WHERE student_id IS NULL AND erased_at IS NULL
    ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED)
"""


def upgrade() -> None:
    """Fill the column, then build its index."""
    backfill(FILL)
    create_index("dead_letters_student_id_idx", "ON dead_letters (student_id)")


def downgrade() -> None:
    """Keep the students; the previous migration drops the column with its index."""
