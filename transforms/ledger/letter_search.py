"""Find dead letters of unknown students whose bytes contain a student's id.

These are letters of messages that could not be parsed, or that an older release wrote.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress

from transforms.ledger.database import Database
from transforms.ledger.jsontext import json_text

BATCH = 20
"""Dead letters of one statement; each may have ten megabytes."""

SHORT_ID = 6
"""Ids with fewer characters are found only after the name of their field: a bare "7" may be the
grade of another student."""

_ENCODINGS = ("latin-1", "utf-16-le", "utf-16-be")

MENTIONING = """
SELECT id, data, CAST(attributes AS text) AS attributes
FROM dead_letters
WHERE coalesce(student_id, '') = '' AND erased_at IS NULL AND id > CAST(:after AS bigint)
    AND (position(CAST(:student AS text) IN CAST(attributes AS text)) > 0
        OR EXISTS (
            SELECT FROM json_array_elements_text(CAST(:forms AS json)) AS form
            WHERE position(decode(form, 'base64') IN data) > 0))
ORDER BY id
LIMIT CAST(:batch AS bigint)
"""


def mentioning(database: Database, student: str) -> Iterator[int]:
    """Yield the numbers of dead letters of unknown students that contain a student's id."""
    forms = json_text([base64.b64encode(form).decode() for form in _forms(student)])
    pattern = _pattern(student)
    after = 0
    while rows := database.run(MENTIONING, student=student, forms=forms, after=after, batch=BATCH):
        for row in rows:
            text = bytes(row["data"]).replace(b"\0", b"") + b"\n" + row["attributes"].encode()
            if pattern.search(text):
                yield row["id"]
        after = rows[-1]["id"]


def _forms(student: str) -> list[bytes]:
    """Return the byte strings of an id in a message: UTF-8, JSON escapes, other encodings."""
    forms = [student.encode(), json.dumps(student)[1:-1].encode()]
    for encoding in _ENCODINGS:
        with suppress(UnicodeEncodeError):
            forms.append(student.encode(encoding))
    return list(dict.fromkeys(forms))


def _pattern(student: str) -> re.Pattern[bytes]:
    """Return a regular expression for an id that is not a part of a longer word.

    It is searched in text without zero bytes, so that words end in UTF-16 as they do in UTF-8.
    """
    forms = b"|".join(re.escape(form.replace(b"\0", b"")) for form in _forms(student))
    before = rb"student_?id\W{1,6}" if len(student) < SHORT_ID else rb"(?<![\w-])"
    return re.compile(rb"(?i:%s)(?:%s)(?![\w-])" % (before, forms))
