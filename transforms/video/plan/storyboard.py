"""Storyboard: assign the sections of a script to shots on the timeline of its narration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import floor

from transforms.model import LETTERS, Narration, Script, Sentence
from transforms.text.labels import labels_for, unchecked_label
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import PLAIN, Look, Page, element_texts
from transforms.video.plan.picture_beats import picture_beats
from transforms.video.plan.section_pages import prepare_all, section_pages
from transforms.video.plan.timeline import FADE, FPS, LEAD, reveal_frames, spoken_times

MIN_INTRO_SECONDS = 1.5
"""Silence before the first word that an opening card needs."""
END_CARD_DELAY = 0.3
"""Seconds between the last word and the end card."""
MIN_END_CARD_SECONDS = 1.0
"""Silence at the end that an end card needs; otherwise the takeaways stay."""
MAX_SOURCES = 3
FONT_CREDIT = "Set in Inter and Noto Sans (SIL Open Font License)"


@dataclass(frozen=True)
class Shot:
    """A slide and its place on the timeline, in frames.

    Attributes:
        page: content of the slide.
        section: index of the section it belongs to.
        start: first frame.
        length: number of frames, at least 1.
        reveals: for each of `element_texts(page)`, the frame, relative to `start`, at which it
            begins to appear.
        progress: pairs of a frame, relative to `start`, and the share of the section completed
            by then.
        still: 1 if the last frame must not change, else 0. Rounding to the frame grid makes equal
            slides one frame longer or shorter; all frames but this one are equal.
        clears: the slide fades to its background at the end. False where the next slide begins
            with the same picture.
        captions: pairs of a frame, relative to `start`, and the caption from then on; only where
            captions are burned into the picture.
        beats: for each beat of the page's picture, its first frame, relative to `start`, and the
            number of frames that it takes.
    """

    page: Page
    section: int
    start: int
    length: int
    reveals: tuple[int, ...]
    progress: tuple[tuple[int, float], ...]
    still: int = 0
    clears: bool = True
    captions: tuple[tuple[int, str], ...] = ()
    beats: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A part of the lesson that a viewer can jump to.

    Attributes:
        title: text that players show.
        start: first frame.
        end: frame after the last one.
    """

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Storyboard:
    """The shots of a lesson, in order and without gaps.

    Attributes:
        title: title of the lesson.
        shots: cover all frames.
        chapters: cover all frames.
        sections: number of sections of the script, including those without narration.
        frames: length of the lesson.
    """

    title: str
    shots: tuple[Shot, ...]
    chapters: tuple[Chapter, ...]
    sections: int
    frames: int


def plan(
    script: Script,
    narration: Narration,
    seconds: float,
    look: Look = PLAIN,
    intro: str | None = None,
) -> Storyboard:
    """Assign the sections of a script to shots, chapters, an opening card and an end card.

    Args:
        script: the words and visuals.
        narration: times of each section and sentence.
        seconds: length of the audio.
        look: appearance that all slides share.
        intro: text of an opening card, shown in the silence before the first word.
    """
    total = max(1, _to_frame(seconds))
    typesetter = Typesetter(script.language)
    sections = script.sections()
    pages = section_pages(script, typesetter, look)
    begins = [0.0, *(start for start, _ in narration.sections[1:]), seconds]
    bounds = [*(min(total, _to_frame(begin)) for begin in begins[:-1]), total]
    shots: list[Shot] = []
    chapters: list[Chapter] = []
    for index, section in enumerate(sections):
        start, length = bounds[index], bounds[index + 1] - bounds[index]
        if length <= 0:
            continue
        spoken = [
            _relative_to(sentence, begins[index])
            for sentence in narration.sentences
            if sentence.section == index
        ]
        whole = floor(round((begins[index + 1] - begins[index]) * FPS, 4))
        still = 1 if 1 < length == whole + 1 else 0
        shots.append(_shot(pages[index], index, start, length, still, spoken))
        if section.kind == "answer" and len(shots) > 1:
            shots[-2] = replace(shots[-2], clears=False)
            chapters[-1] = replace(chapters[-1], end=start + length)
        else:
            title = typesetter.prepare(section.heading) or str(index + 1)
            chapters.append(Chapter(title, start, start + length))
    shots[-1:] = _add_end_card(shots[-1], script, narration, typesetter)
    shots[:1] = _add_intro(shots[0], narration, typesetter.prepare(intro or ""))
    shots[-1] = replace(shots[-1], clears=False)
    title = typesetter.prepare(script.title) or chapters[0].title
    return Storyboard(title, tuple(shots), tuple(chapters), len(sections), total)


def _to_frame(seconds: float) -> int:
    """Return the frame nearest to a time; halves round up despite floating-point error."""
    return floor(round(seconds * FPS, 4) + 0.5)


def _relative_to(sentence: Sentence, begin: float) -> Sentence:
    """Shift a sentence to the clock of its section; rounding makes it equal in every lesson."""
    start, end = (round(time - begin, 6) for time in (sentence.start, sentence.end))
    return replace(sentence, start=start, end=end)


def _shot(
    page: Page, section: int, start: int, length: int, still: int, spoken: Sequence[Sentence]
) -> Shot:
    """Build the shot of a section.

    Args:
        spoken: sentences of the section, with times relative to its start.
    """
    drawn = length - still
    reveals: list[int] = []
    for group in element_texts(page):
        if not spoken:
            times = [drawn * i / len(group) / FPS for i in range(len(group))]
        elif page.kind == "quiz" and not any(group):  # the thinking bar
            times = [spoken[-1].end + LEAD + second for second in range(len(group))]
        elif page.kind == "quiz":
            times = _choice_times(group, spoken)
        else:
            times = spoken_times(group, spoken)
        reveals += reveal_frames(times, drawn)
    if page.kind == "answer" and reveals:  # let the viewer see the choice light up
        reveals[0] = max(reveals[0], min(FADE, drawn - 1))
    progress = [(0, 0.0)] + [
        (
            max(0, _to_frame(sentence.start)),
            min(1.0, _to_frame(sentence.end) / drawn),
        )
        for sentence in spoken[:-1]
    ]
    if spoken:
        progress.append((max(0, _to_frame(spoken[-1].start)), 1.0))
    beats = picture_beats(page.visual, spoken, drawn) if page.kind == "scene" else ()
    return Shot(page, section, start, length, tuple(reveals), tuple(progress), still, beats=beats)


def _choice_times(choices: Sequence[str], spoken: Sequence[Sentence]) -> list[float]:
    """Return the times at which the choices are read, by the letter their sentences start with."""
    starts = {s.text[:1]: s.start for s in reversed(spoken) if s.text[1:2] == ":"}
    times = spoken_times(choices, spoken) if choices else []
    found = [starts.get(letter, time) for letter, time in zip(LETTERS, times, strict=False)]
    return list(accumulate(found, max))


def _add_intro(first: Shot, narration: Narration, words: str) -> tuple[Shot, ...]:
    """Put an opening card before the first shot if the silence there is long enough."""
    if not words or not narration.sentences:
        return (first,)
    cut = _to_frame(narration.sentences[0].start - LEAD) - 2 * FADE
    if cut < MIN_INTRO_SECONDS * FPS or first.length - cut < 4 * FADE:
        return (first,)
    page = replace(first.page, kind="intro", label="", heading=words, lines=())
    return (
        Shot(page, first.section, 0, cut, (), ((0, 0.0),)),
        replace(
            first,
            start=cut,
            length=first.length - cut,
            reveals=tuple(max(0, reveal - cut) for reveal in first.reveals),
            progress=tuple((max(0, frame - cut), share) for frame, share in first.progress),
        ),
    )


def _add_end_card(
    last: Shot, script: Script, narration: Narration, typesetter: Typesetter
) -> tuple[Shot, ...]:
    """Put an end card after the last shot if the silence there is long enough."""
    if not narration.sentences:
        return (last,)
    said = _relative_to(narration.sentences[-1], narration.sections[last.section][0]).end
    cut = last.start + _to_frame(said + END_CARD_DELAY)
    end = last.start + last.length
    if end - cut < MIN_END_CARD_SECONDS * FPS or cut - last.start < 4 * FADE:
        return (last,)
    names = labels_for(script.language)
    sources = "; ".join(script.sources[:MAX_SOURCES])
    lines = [f"{names.sources}: {sources}" if sources else unchecked_label(script.language)]
    lines += [f"{names.voice}: {narration.voice}"] if narration.voice else []
    page = Page(
        "end",
        script.subject,
        script.language,
        "",
        typesetter.prepare(script.title),
        prepare_all([*lines, FONT_CREDIT], typesetter),
        look=last.page.look,
    )
    reveals = tuple(min(reveal, cut - last.start - 2 * FADE) for reveal in last.reveals)
    return (
        replace(last, length=cut - last.start, reveals=reveals, still=0),
        Shot(page, last.section, cut, end - cut, (), ((0, 1.0),), last.still),
    )
