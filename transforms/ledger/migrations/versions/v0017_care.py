"""Create the tables of students who need care, and the status of their requests.

Requests with that status are counted apart from lessons. The new check of the status holds for new
rows; the next migration validates it for the others without blocking writers.
"""

from __future__ import annotations

from alembic import op

from transforms.ledger.migrations.versions import v0008_hourly_totals as hourly

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CARE = """
CREATE TABLE care (
    request_id uuid NOT NULL,
    category text NOT NULL,
    level text NOT NULL,
    language text NOT NULL,
    region text NOT NULL,
    help text NOT NULL,
    student_id text NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz,
    CONSTRAINT care_pkey PRIMARY KEY (request_id),
    CONSTRAINT care_category_check CHECK (category IN ('self_harm', 'abuse', 'threat', 'eating')),
    CONSTRAINT care_level_check CHECK (level IN ('urgent', 'unsure'))
)
"""

WORDS = """
CREATE TABLE care_words (
    request_id uuid NOT NULL,
    student_id text NOT NULL,
    words text NOT NULL,
    CONSTRAINT care_words_pkey PRIMARY KEY (request_id)
)
"""

INDEXES = (
    "CREATE INDEX care_noticed_at_idx ON care (noticed_at)",
    "CREATE INDEX care_student_id_idx ON care (student_id)",
    "CREATE INDEX care_words_student_id_idx ON care_words (student_id)",
)

STATUS = """
ALTER TABLE requests
    DROP CONSTRAINT requests_status_check,
    ADD CONSTRAINT requests_status_check CHECK (status IN ({statuses})) NOT VALID
"""

BEFORE = "'running', 'completed', 'failed', 'cancelled'"

# A message whose student gets help instead of a lesson.
_NEEDS_CARE = """WHEN {row}.outcome = 'completed' AND EXISTS (
        SELECT FROM requests AS asked
        WHERE asked.request_id = {row}.request_id AND asked.message_id = {row}.message_id
            AND asked.status = 'needs_care')
    THEN 'needs_care' ELSE {row}.outcome END"""


def _counting_care(statement: str, row: str) -> str:
    """Return the statement with messages of `needs_care` counted as an outcome of their own."""
    last = f"ELSE {row}.outcome END"
    assert statement.count(last) == 1
    return statement.replace(last, _NEEDS_CARE.format(row=row))


_ROWS = {"count_added_messages": "added", "count_changed_messages": "changed"}


def _functions(row_of: dict[str, str]) -> None:
    for name in _ROWS:
        body = hourly.FUNCTIONS[name]
        if name in row_of:
            body = _counting_care(body, row_of[name])
        created = hourly._TRIGGER_FUNCTION.format(name=name, body=body)
        op.execute(created.replace("CREATE ", "CREATE OR REPLACE ", 1))
        op.execute(hourly.SEARCH_PATH.format(name=name))


def _replaced(view: str) -> str:
    return view.replace("CREATE ", "CREATE OR REPLACE ", 1)


def upgrade() -> None:
    """Create the tables, accept the status, and count it."""
    for statement in (CARE, WORDS, *INDEXES, STATUS.format(statuses=f"{BEFORE}, 'needs_care'")):
        op.execute(statement)
    op.execute(_replaced(_counting_care(hourly.COUNTED_MESSAGES, "message")))
    _functions(_ROWS)


def downgrade() -> None:
    """Drop the tables; what students wrote in need is lost. Requests end as cancelled."""
    op.execute(_replaced(hourly.COUNTED_MESSAGES))
    _functions({})
    op.execute("UPDATE requests SET status = 'cancelled' WHERE status = 'needs_care'")
    op.execute("UPDATE hourly_messages SET outcome = 'completed' WHERE outcome = 'needs_care'")
    op.execute(STATUS.format(statuses=BEFORE))
    op.execute("ALTER TABLE requests VALIDATE CONSTRAINT requests_status_check")
    op.drop_table("care_words")
    op.drop_table("care")
