"""Record students who need care, and read the records for authorised staff.

`care` has a row for each request in which danger was found, with the text that the front end shows.
`care_words` has what the student typed; the role of a job may add to it and read none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from transforms.ledger import reads
from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text
from transforms.ledger.statements import HELD, SETTLED
from transforms.model import Lesson

NOTIFY_AGAIN_AFTER, NOTIFY_WITHIN = timedelta(minutes=1), timedelta(days=7)
"""Lowest and highest age of records of which staff are notified again after a failure."""

BATCH = 100
"""Maximum number of records that one call of `unnotified` returns."""


@dataclass(frozen=True)
class CareNote:
    """A record of a student who needs care, to be stored.

    Attributes:
        request_id: The request.
        category: Kind of danger.
        level: ``urgent`` or ``unsure``.
        language: Language of the text.
        region: Region whose numbers the text has; empty for none.
        help: The text that the front end shows.
        words: What the student typed.
        student_id: The student's id; empty if the message names none.
    """

    request_id: str
    category: str
    level: str
    language: str
    region: str
    help: str
    words: str
    student_id: str


@dataclass(frozen=True)
class CareRow:
    """A row of the table `care`, without the student's words.

    Attributes:
        status: Status of the request; None if it was not claimed.
        noticed_at: When it was recorded.
        told_at: When the topic accepted a message about it; None if it did not.
    """

    request_id: str
    category: str
    level: str
    language: str
    region: str
    help: str
    noticed_at: datetime
    told_at: datetime | None
    status: str | None


_NOTE = """category text, level text, language text, region text, help text, words text,
        student_id text"""

# A request whose student is being erased leaves no row.
_NOT_ERASED = "request_id NOT IN (SELECT request_id FROM erased_requests)"

# Words are added without naming the key, which the role of a job may not read.
_KEPT = """kept AS (
    INSERT INTO care_words (request_id, student_id, words)
    SELECT request_id, student_id, words FROM {source}
    ON CONFLICT DO NOTHING
)"""

NOTE = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (request_id uuid, {_NOTE})
    WHERE {_NOT_ERASED}
),
noted AS (
    INSERT INTO care (request_id, category, level, language, region, help, student_id)
    SELECT request_id, category, level, language, region, help, student_id FROM item
    ORDER BY request_id
    ON CONFLICT (request_id) DO NOTHING
    RETURNING request_id
),
{_KEPT.format(source="item JOIN noted USING (request_id)")}
SELECT CAST(request_id AS text) AS request_id FROM noted
"""  # noqa: S608

SETTLE = f"""
WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:items AS json)) AS item (
        request_id uuid, token uuid, entry integer, {_NOTE})
),
{HELD},
changed AS (
    UPDATE requests AS request SET
        status = 'needs_care',
        stage = NULL,
        progress = 100,
        lease_expires_at = NULL,
        open_entries = '{{}}',
        queued_at = NULL,
        request = request.request
            || '{{"student_query": "", "interest": "general", "metadata": {{}}}}',
        artifacts = '{{}}',
        script = NULL,
        error_type = NULL,
        error = NULL,
        completed_at = now(),
        updated_at = now()
    FROM held
    WHERE request.request_id = held.request_id AND held.fits AND held.status = 'running'
    RETURNING request.request_id, request.message_id
),
{SETTLED},
given AS MATERIALIZED (
    SELECT held.* FROM held JOIN changed USING (request_id)
    WHERE category IS NOT NULL AND {_NOT_ERASED}
),
noted AS (
    INSERT INTO care AS known (request_id, category, level, language, region, help, student_id)
    SELECT request_id, category, level, language, region, help, student_id FROM given
    ORDER BY request_id
    ON CONFLICT (request_id) DO UPDATE SET
        category = excluded.category,
        level = excluded.level,
        language = excluded.language,
        region = excluded.region,
        help = excluded.help,
        told_at = NULL
),
{_KEPT.format(source="given")}
SELECT CAST(token AS text) AS token
FROM held
WHERE fits AND status IN ('running', 'needs_care')
"""  # noqa: S608

NOTED = """
SELECT CAST(request_id AS text) AS request_id
FROM care
WHERE request_id IN (SELECT CAST(json_array_elements_text(CAST(:ids AS json)) AS uuid))
"""

MARK_NOTIFIED = """
UPDATE care SET told_at = now()
WHERE request_id IN (SELECT CAST(json_array_elements_text(CAST(:ids AS json)) AS uuid))
    AND told_at IS NULL
RETURNING 1 AS told
"""

_ROW = """
SELECT CAST(request_id AS text) AS request_id, category, level, language, region, help,
    noticed_at, told_at, status
FROM care LEFT JOIN requests USING (request_id)
"""

UNNOTIFIED = f"""{_ROW}
WHERE told_at IS NULL
    AND noticed_at BETWEEN now() - make_interval(secs => :within)
        AND now() - make_interval(secs => :after)
ORDER BY noticed_at
LIMIT CAST(:batch AS bigint)
"""

LIST = f"""{_ROW}
WHERE (CAST(:since AS timestamptz) IS NULL OR noticed_at >= CAST(:since AS timestamptz))
ORDER BY noticed_at DESC, request_id
LIMIT CAST(:limit AS bigint)
"""

OF_STUDENT = """
SELECT CAST(request_id AS text) AS request_id, category, level, help, noticed_at, told_at, words
FROM care LEFT JOIN care_words USING (request_id)
WHERE care.student_id = :student
ORDER BY noticed_at
"""

WORDS = """
SELECT care_words.student_id, words FROM care_words
WHERE request_id = CAST(:request_id AS uuid)
"""

ERASE = """
WITH words AS (DELETE FROM care_words WHERE student_id = :student RETURNING request_id),
rows AS (DELETE FROM care WHERE student_id = :student RETURNING request_id)
SELECT count(*) AS number FROM rows
"""

PRUNE = """
WITH old AS (
    DELETE FROM care
    WHERE noticed_at < now() - make_interval(secs => CAST(:age AS double precision))
    RETURNING request_id
),
words AS (DELETE FROM care_words WHERE request_id IN (SELECT request_id FROM old))
SELECT count(*) AS number FROM old
"""


def note(database: Database, notes: Sequence[CareNote]) -> frozenset[str]:
    """Record students who need care but get a lesson too.

    Returns:
        The ids of those that had no row before.
    """
    if not notes:
        return frozenset()
    items = json_text([asdict(each) for each in {n.request_id: n for n in notes}.values()])
    return frozenset(row["request_id"] for row in database.run(NOTE, items=items))


def settle(database: Database, lessons: Sequence[tuple[Lesson, CareNote | None]]) -> list[bool]:
    """End claimed requests with the status `needs_care`, and settle their messages as completed.

    The words of the student are removed from the requests' rows.

    Args:
        lessons: Each with its note; None keeps the note that `note` has recorded.

    Returns:
        For each whether its message is settled; False: the claim is lost.
    """
    if not lessons:
        return []
    items: list[dict[str, Any]] = [
        {**(asdict(each) if each else {}), **lesson.entry_key._asdict()} for lesson, each in lessons
    ]
    tokens = {row["token"] for row in database.run(SETTLE, items=json_text(items))}
    return [lesson.claim.token in tokens for lesson, _ in lessons]


def noted(database: Database, request_ids: Sequence[str]) -> frozenset[str]:
    """Return the requests, of those given, in which danger was found."""
    if not request_ids:
        return frozenset()
    rows = database.run(NOTED, ids=json_text(list(request_ids)))
    return frozenset(row["request_id"] for row in rows)


def mark_notified(database: Database, request_ids: Sequence[str]) -> None:
    """Record that staff were notified of requests on the topic."""
    database.run(MARK_NOTIFIED, ids=json_text(list(request_ids)))


def unnotified(database: Database) -> list[CareRow]:
    """Return requests of which staff may not have been notified, the oldest first."""
    ages = {"after": NOTIFY_AGAIN_AFTER.total_seconds(), "within": NOTIFY_WITHIN.total_seconds()}
    return [reads.read(CareRow, row) for row in database.run(UNNOTIFIED, batch=BATCH, **ages)]


def rows(database: Database, since: datetime | None, limit: int) -> list[CareRow]:
    """List the records, newest first, without the students' words."""
    found = database.run(LIST, since=since.isoformat() if since else None, limit=limit)
    return [reads.read(CareRow, row) for row in found]


def of_student(database: Database, student: str) -> list[dict[str, Any]]:
    """Return the records about one student, for an export."""
    return database.run(OF_STUDENT, student=student)


def words(database: Database, request_id: str) -> tuple[str, str] | None:
    """Return the student's id and words of a request; callers must log the access before."""
    found = database.run(WORDS, request_id=request_id)
    return (found[0]["student_id"], found[0]["words"]) if found else None


def erase(database: Database, student: str) -> None:
    """Delete the records about one student."""
    database.run(ERASE, student=student)


def prune(database: Database, age: timedelta) -> None:
    """Delete records that are older than an age."""
    database.run(PRUNE, age=age.total_seconds())
