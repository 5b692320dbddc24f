"""Captions, chapters, transcript and speech of any text are well-formed."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import texts
from tests.unit.test_naughty import lesson
from tests.unit.video.lessons import timed
from tests.unit.video.plan.test_captions import width
from transforms.narration.normalization.speech_text import to_speech
from transforms.narration.transcript import transcript
from transforms.script.script_markdown import to_markdown
from transforms.text.drawable_text import graphemes
from transforms.text.sentences import LONGEST, split_sentences
from transforms.video.plan.caption_files import webvtt
from transforms.video.plan.captions import LINE_WIDTH, MAX_LINES, chapter_cues, cues
from transforms.video.plan.storyboard import plan


@fuzz(st.lists(texts, min_size=1, max_size=3), count=60)
def test_text_files_of_lesson_stay_well_formed(drawn):
    script = lesson({str(at): text for at, text in enumerate(drawn)})
    narration = timed(script)
    captions = cues(narration.sentences, narration.duration)
    for track in (captions, chapter_cues(plan(script, narration, narration.duration))):
        for words in (False, True):
            head, *blocks = webvtt(track, "en-US", words=words).rstrip("\n").split("\n\n")
            assert head == "WEBVTT"
            assert len(blocks) == len(track)
            for block in blocks:
                assert block.count("-->") == 1
                assert 3 <= len(block.split("\n")) <= 2 + MAX_LINES
    for cue in captions:
        for line in cue.text.split("\n"):
            assert width(line) <= LINE_WIDTH or len(graphemes(line)) == 1
    assert len(transcript(script, narration).rstrip("\n").split("\n\n")) == len(script.sections())
    assert "\n# " not in to_markdown(script)


@fuzz(texts, count=300)
def test_speech_has_no_markup_and_short_sentences(text):
    spoken = to_speech(text)
    assert not set(spoken) & set("<>{}\\|*_`#@\x00\x1b\u202e\u200b\U000e0041")
    for sentence in split_sentences(text):
        assert 0 < len(sentence) <= LONGEST
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
