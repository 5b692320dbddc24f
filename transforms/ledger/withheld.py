"""Remove the words of students in need from dead letters before they are shown.

Their messages stay whole in the ledger, so that a replay sends the original bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from transforms.ledger import care
from transforms.ledger.database import Database
from transforms.ledger.rows import DeadLetterDetail, DeadLetterRow

L = TypeVar("L", bound=DeadLetterRow)

WITHHELD = "withheld: the student may need care (`vividly care read REQUEST_ID` prints the words)"


def withhold(database: Database, letters: Sequence[L]) -> list[L]:
    """Return dead letters without the words of students in need.

    Texts of errors are withheld too, since they may quote the words.
    """
    found = care.noted(database, [each.request_id for each in letters if each.request_id])
    return [_without_words(each) if each.request_id in found else each for each in letters]


def _without_words(letter: L) -> L:
    if isinstance(letter, DeadLetterDetail):
        letter = replace(
            letter,
            message=replace(letter.message, data=WITHHELD.encode(), attributes={}),
            size=len(WITHHELD.encode()),
            traceback=None,
            attempts=tuple(replace(each, message=WITHHELD) for each in letter.attempts),
        )
    return replace(letter, error=WITHHELD)
