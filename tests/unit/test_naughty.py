"""Hostile texts at every step, from the message to the rendered lesson."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.every_row import for_all
from tests.naughty import NAUGHTY
from tests.unit.script.support import request
from tests.unit.test_parse import raw
from tests.unit.video.lessons import ASKING, VISUALS, narrate
from tests.unit.video.slides.test_draw_slide import HEIGHT, WIDTH, check
from tests.unit.video.text_files import check_text_files
from transforms.errors import InvalidRequest, PermanentError
from transforms.model import Narration, Scene, Script, Video, Visual, decode, encode
from transforms.narration.normalization.speech_text import to_speech
from transforms.parse import parse
from transforms.process import child
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.stage.direct_calls import DirectCalls
from transforms.video.draw.typeset import Typesetter
from transforms.video.engines.slides.slide_renderer import SlideRenderer
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.pages import Page
from transforms.video.slides.draw_slide import draw_slide
from transforms.video.slides.thumbnail import alt_text, best_page

KINDS: tuple[Any, ...] = ("title", "takeaways", "quiz", "answer", "end", "intro")
MOST_MEMORY = 500_000
"""Memory limit of a process that renders a lesson, in kilobytes."""


def lesson(words: Mapping[str, str]) -> Script:
    """Return a lesson with a scene for each text."""
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


NAMES = list(NAUGHTY)
PAIRS = list(zip(NAMES[::2], [*NAMES[1::2], NAMES[0]], strict=False))


@for_all(PAIRS)
def test_slide_keeps_hostile_text_in_bounds(name: str, other: str) -> None:
    """Draw two texts on a scene, one of them as the visual, and on one of the other slides."""
    first, second = (Typesetter("en-US").prepare(NAUGHTY[each]) for each in (name, other))
    lines, items = ((text,) * 4 if text else () for text in (first, second))
    at = PAIRS.index((name, other))
    visual: Visual = replace(VISUALS[at % len(VISUALS)], text=second, items=items)
    scene = Page("scene", first, "en-US", first, second, lines, visual, 1, first)
    for page in (scene, replace(scene, kind=KINDS[at % len(KINDS)], lines=items, heading=first)):
        check(draw_slide(page, WIDTH, HEIGHT), page)


@for_all(list(NAUGHTY))
def test_text_files_stay_well_formed(name: str) -> None:
    board = check_text_files(lesson({name: NAUGHTY[name]}))
    shown = alt_text(best_page([shot.page for shot in board.shots]), board.title)
    assert "\n" not in shown


@for_all(list(NAUGHTY))
def test_speech_text_has_no_markup(name: str) -> None:
    spoken = to_speech(NAUGHTY[name][:600])
    assert not set(spoken) & set("<>{}\\|*_`#@\x00\x1b\u202e")


@for_all([(name, field) for name in NAUGHTY for field in ("student_query", "interest")])
def test_hostile_message_is_parsed_or_refused(name: str, field: str) -> None:
    try:
        found = parse(raw(**{field: NAUGHTY[name]}))
    except InvalidRequest as refused:
        blamed = refused.field
    else:
        blamed = field
        assert json.loads(json.dumps(getattr(found, field))) == getattr(found, field)
    assert blamed == field


@for_all(list(NAUGHTY))
def test_script_never_repeats_hostile_text(name: str) -> None:
    engine = OfflineScriptEngine()
    text = NAUGHTY[name]
    if any("\ud800" <= char <= "\udfff" for char in text):
        return  # no message can hold one
    plain = engine.write(request(student_query="Explain gravity"), calls=DirectCalls(10.0)).script
    asked = request(student_query="Explain gravity", interest=text[:100])
    assert engine.write(asked, calls=DirectCalls(10.0)).script == plain
    try:
        script = engine.write(request(student_query=text[:2000]), calls=DirectCalls(10.0)).script
    except PermanentError:
        return
    assert text not in decode(Script, encode(script)).title


def _render(script: Script, narration: Narration, folder: Path) -> tuple[Video, int]:
    """Render, and return the video and the peak memory in kilobytes; runs in a child process."""
    settings = VideoSettings(320, 180, burn_captions=True, intro=script.title)
    video = SlideRenderer(settings).render(script, narration, folder / "narration.m4a", folder)
    return video, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_hostile_lesson_renders_in_bounded_memory(tmp_path: Path) -> None:
    drawable = dict(list(NAUGHTY.items())[::4])  # a sample of every group
    script = lesson(drawable)
    narration = narrate(script, tmp_path / "narration.m4a")
    done = child.call_in_child(_render, script, narration, tmp_path, timeout=300)
    video, memory = done.value
    assert video.frames > 0
    assert memory < MOST_MEMORY
    assert len((tmp_path / "video.mp4").read_bytes()) > 10_000


def test_endless_text_is_cut_first() -> None:
    for endless in ("word " * 400_000, "\u0301" * 2_000_000, "👩" + "\u200d👩" * 500_000):
        assert len(Typesetter("en-US").prepare(endless)) <= 20_000
