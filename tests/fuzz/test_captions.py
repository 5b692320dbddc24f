"""Captions, chapters, transcript and speech of any text are well-formed."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import texts
from tests.unit.test_naughty import lesson
from tests.unit.video.text_files import check_text_files
from transforms.narration.normalization.speech_text import to_speech
from transforms.text.sentences import LONGEST, split_sentences


@fuzz(st.lists(texts, min_size=1, max_size=3), count=60)
def test_text_files_of_lesson_stay_well_formed(drawn):
    check_text_files(lesson({str(at): text for at, text in enumerate(drawn)}))


@fuzz(texts, count=300)
def test_speech_has_no_markup_and_short_sentences(text):
    spoken = to_speech(text)
    assert not set(spoken) & set("<>{}\\|*_`#@\x00\x1b\u202e\u200b\U000e0041")
    for sentence in split_sentences(text):
        assert 0 < len(sentence) <= LONGEST
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
