"""A table of sentences of ten subjects, each with the reading that a teacher would accept."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.every_row import for_all
from transforms.narration.normalization.speech_text import to_speech

_TABLE = tomllib.loads((Path(__file__).parent / "readings.toml").read_text(encoding="utf-8"))
READINGS = {written: said for rows in _TABLE.values() for written, said in rows.items()}


@for_all(READINGS.items())
def test_sentence_is_read_as_a_teacher_would(written: str, said: str) -> None:
    assert to_speech(written, letter_a="A") == said


@for_all(READINGS)
def test_no_digit_or_sign_is_left_to_the_voice(written: str) -> None:
    assert re.fullmatch(r"[A-Za-zÀ-ÿ'.,;:?!—… -]+", to_speech(written))


def test_table_has_sentences_of_ten_subjects() -> None:
    assert len(_TABLE) > 10
    assert len(READINGS) >= 400
