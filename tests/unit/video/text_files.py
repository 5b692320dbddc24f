"""A check of the text files of a lesson, for tests with odd texts."""

from __future__ import annotations

from tests.unit.video.lessons import timed
from tests.unit.video.plan.test_captions import width
from transforms.model import Script
from transforms.narration.transcript import transcript
from transforms.script.script_markdown import to_markdown
from transforms.text.drawable_text import graphemes
from transforms.video.plan.caption_files import webvtt
from transforms.video.plan.captions import LINE_WIDTH, MAX_LINES, chapter_cues, cues
from transforms.video.plan.storyboard import Storyboard, plan


def check_text_files(script: Script) -> Storyboard:
    """Check captions, chapters, transcript and script of a lesson; return its storyboard."""
    narration = timed(script)
    board = plan(script, narration, narration.duration)
    captions = cues(narration.sentences, narration.duration)
    for track in (captions, chapter_cues(board)):
        for words in (False, True):
            head, *blocks = webvtt(track, "en-US", words=words).rstrip("\n").split("\n\n")
            assert head == "WEBVTT"
            assert len(blocks) == len(track)
            for block in blocks:
                assert block.count("-->") == 1
                assert 3 <= len(block.split("\n")) <= 2 + MAX_LINES
    for line in "\n".join(cue.text for cue in captions).split("\n"):
        assert width(line) <= LINE_WIDTH or len(graphemes(line)) == 1
    assert len(transcript(script, narration).rstrip("\n").split("\n\n")) == len(script.sections())
    assert "\n# " not in to_markdown(script)
    return board
