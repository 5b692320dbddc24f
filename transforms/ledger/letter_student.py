"""Read the student's id from a dead letter, even if its message could not be parsed."""

from __future__ import annotations

import json
import re

from transforms.model import DeadLetter

MAX_STUDENT = 100
"""Longest student id of a valid message, in characters; an index cannot hold texts of any size."""

_STUDENT = re.compile(rb'"student_id"\s*:\s*("(?:[^"\\]|\\.){0,600}"|-?\d{1,100})')


def student_of(letter: DeadLetter) -> str:
    """Return the student's id, or an empty text if the message names none in a usable form."""
    return letter.request.student_id if letter.request else student_in(letter.message.data)


def student_in(data: bytes) -> str:
    """Return the only student id in a message's bytes, which need be neither JSON nor UTF-8."""
    found = set(_STUDENT.findall(data))
    if len(found) != 1:
        return ""
    try:
        text = str(json.loads(found.pop().decode()))
    except ValueError:  # includes invalid UTF-8
        return ""
    return text.strip() if len(text) <= MAX_STUDENT and text.isprintable() else ""
