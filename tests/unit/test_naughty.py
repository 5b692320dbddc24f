"""Words that break programs, all the way from a message to the pixels of a lesson."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from tests.naughty import NAUGHTY
from tests.unit.script.support import request
from tests.unit.test_parse import raw
from tests.unit.video.draw.test_slides import HEIGHT, WIDTH, check
from tests.unit.video.lessons import ASKING, VISUALS, narrate, timed
from tests.unit.video.plan.test_captions import width
from transforms.errors import InvalidRequest, PermanentError
from transforms.model import Narration, Scene, Script, Video, Visual, decode, encode
from transforms.narration.normalization.speech_text import to_speech
from transforms.narration.transcript import transcript
from transforms.parse import parse
from transforms.process import child
from transforms.script.engines.offline_writer import OfflineScriptEngine
from transforms.script.script_markdown import to_markdown
from transforms.video.draw.drawable_text import graphemes
from transforms.video.draw.slides import draw_slide
from transforms.video.draw.thumbnail import alt_text, best_page
from transforms.video.draw.typeset import Typesetter
from transforms.video.engines.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.captions import LINE_WIDTH, MAX_LINES, chapter_cues, cues, webvtt
from transforms.video.plan.pages import Page
from transforms.video.plan.storyboard import plan

EVERY = pytest.mark.parametrize("name", NAUGHTY)
KINDS = ("title", "scene", "takeaways", "quiz", "answer", "end", "intro")
MOST_MEMORY = 500_000
"""Kilobytes of a process that renders any lesson."""


def lesson(words: Mapping[str, str]) -> Script:
    """A lesson with a scene for each of them."""
    visuals = cycle(VISUALS)
    scenes = [
        Scene(text, text[:24] or "One.", (text, text), replace(next(visuals), items=(text,) * 4))
        for text in words.values()
    ]
    first = next(iter(words.values()))
    question = replace(ASKING.quiz[0], question=first, choices=(first[:99], "b"), explanation="")
    return replace(
        ASKING,
        title=first,
        hook=first[:100],
        scenes=tuple(scenes),
        key_takeaways=(first,),
        quiz=(question,),
        topic=first,
        subject=first,
        sources=(first,),
    )


@EVERY
def test_slides_hold_them(name: str) -> None:
    text = Typesetter("en-US").prepare(NAUGHTY[name])
    items = (text,) * 4 if text else ()
    at = list(NAUGHTY).index(name)
    kinds = {KINDS[at % len(KINDS)], "scene"}
    for kind in sorted(kinds):
        visual: Visual = replace(VISUALS[at % len(VISUALS)], text=text, items=items)
        page = Page(kind, text, "en-US", text, text, items, visual, 1, text)  # type: ignore[arg-type]
        check(draw_slide(page, WIDTH, HEIGHT), page)


@EVERY
def test_text_files_keep_their_form(name: str) -> None:
    script = lesson({name: NAUGHTY[name]})
    narration = timed(script)
    board = plan(script, narration, narration.duration)
    captions = cues(narration.sentences, narration.duration)
    for track in (captions, chapter_cues(board)):
        for words in (False, True):
            head, *blocks = webvtt(track, words=words).rstrip("\n").split("\n\n")
            assert head == "WEBVTT"
            assert len(blocks) == len(track)
            for block in blocks:
                assert block.count("-->") == 1
                assert 3 <= len(block.split("\n")) <= 2 + MAX_LINES
    for line in "\n".join(cue.text for cue in captions).split("\n"):
        assert width(line) <= LINE_WIDTH or len(graphemes(line)) == 1
    read = transcript(script, narration).rstrip("\n").split("\n\n")
    assert len(read) == len(script.sections())
    assert to_markdown(script).count("\n# ") == 0
    shown = alt_text(best_page([shot.page for shot in board.shots]), board.title)
    assert "\n" not in shown


@EVERY
def test_speech_is_words_alone(name: str) -> None:
    spoken = to_speech(NAUGHTY[name][:600])
    assert not set(spoken) & set("<>{}\\|*_`#@\x00\x1b\u202e")


@EVERY
@pytest.mark.parametrize("field", ["student_query", "interest"])
def test_a_message_is_read_or_refused_by_field(name: str, field: str) -> None:
    try:
        found = parse(raw(**{field: NAUGHTY[name]}))
    except InvalidRequest as refused:
        blamed = refused.field
    else:
        blamed = field
        assert json.loads(json.dumps(getattr(found, field))) == getattr(found, field)
    assert blamed == field


@EVERY
def test_a_script_never_repeats_them(name: str) -> None:
    engine = OfflineScriptEngine()
    text = NAUGHTY[name]
    if any("\ud800" <= char <= "\udfff" for char in text):
        return  # no message can hold one
    plain = engine.write(request(student_query="Explain gravity"), timeout=10).script
    asked = request(student_query="Explain gravity", interest=text[:100])
    assert engine.write(asked, timeout=10).script == plain
    try:
        script = engine.write(request(student_query=text[:2000]), timeout=10).script
    except PermanentError:
        return
    assert text not in decode(Script, encode(script)).title


def _render(script: Script, narration: Narration, folder: Path) -> tuple[Video, int]:
    """Render, and tell the most memory that took in kilobytes; runs in a child process."""
    settings = VideoSettings(640, 360, burn_captions=True, intro=script.title)
    video = SlideRenderer(settings).render(script, narration, folder / "narration.m4a", folder)
    return video, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_lesson_of_such_words_is_rendered_in_bounded_time_and_memory(tmp_path: Path) -> None:
    drawable = dict(list(NAUGHTY.items())[::4])  # of each sort some
    script = lesson(drawable)
    narration = narrate(script, tmp_path / "narration.m4a")
    done = child.call_in_child(_render, script, narration, tmp_path, timeout=300)
    video, memory = done.value
    assert video.frames > 0
    assert memory < MOST_MEMORY
    assert len((tmp_path / "video.mp4").read_bytes()) > 10_000


def test_a_text_without_end_is_cut_before_it_costs_anything() -> None:
    for endless in ("word " * 400_000, "\u0301" * 2_000_000, "👩" + "\u200d👩" * 500_000):
        assert len(Typesetter("en-US").prepare(endless)) <= 20_000
