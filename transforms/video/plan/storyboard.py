"""From a script and its narration to shots: which slide is seen when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import floor

from transforms.model import LETTERS, Narration, Script, Section, Sentence, Visual
from transforms.text.labels import labels_for
from transforms.video.draw.drawable_text import clean
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import PLAIN, Look, Page, parts
from transforms.video.plan.timeline import FADE, FPS, LEAD, reveal_frames, spoken_at

INTRO_LEAST = 1.5
"""Seconds of silence before the first word that an opening card needs."""
END_CARD_DELAY = 0.3
"""Seconds between the last word and the end card."""
END_CARD_LEAST = 1.0
"""Seconds of silence an end card needs; without them the takeaways stay."""
MOST_SOURCES = 3
TYPE_CREDIT = "Set in Inter and Noto Sans (SIL Open Font License)"


@dataclass(frozen=True)
class Shot:
    """A slide and its place on the timeline, in frames.

    Attributes:
        section: index of the section it belongs to.
        start: first frame.
        length: number of frames, at least 1.
        reveals: for each of `parts(page)`, when it begins to appear, counted from `start`.
        progress: frames, counted from `start`, with the share of the section that is done by then.
        still: 1 where nothing may change in the last frame, else 0. Equal slides with equal timing
            take a frame more or less by where they fall on the grid; all but this frame is equal.
        captions: frames, counted from `start`, with what is written below the content from then
            on; only where captions are part of the picture.
        clears: whether the slide clears at its end; not before one that begins as it ends.
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


@dataclass(frozen=True)
class Chapter:
    """A part of the lesson a viewer can jump to, in frames."""

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Storyboard:
    """The shots of a lesson, one after the other without a gap.

    Attributes:
        title: what the lesson is called.
        sections: number of sections of the script, spoken or not.
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
    """Lay a lesson out in time.

    Args:
        script: the words and visuals.
        narration: when each section and sentence is spoken.
        seconds: length of the audio.
        look: what all slides share.
        intro: words of an opening card, shown in the silence before the first word.
    """
    total = max(1, _frame(seconds))
    typesetter = Typesetter(script.language)
    sections = script.sections()
    begins = [0.0, *(start for start, _ in narration.sections[1:]), seconds]
    bounds = [*(min(total, _frame(begin)) for begin in begins[:-1]), total]
    shots: list[Shot] = []
    chapters: list[Chapter] = []
    for index, section in enumerate(sections):
        start, length = bounds[index], bounds[index + 1] - bounds[index]
        if length <= 0:
            continue
        spoken = [
            _since(sentence, begins[index])
            for sentence in narration.sentences
            if sentence.section == index
        ]
        page = _page(script, section, index, typesetter, look)
        whole = floor(round((begins[index + 1] - begins[index]) * FPS, 4))
        still = 1 if 1 < length == whole + 1 else 0
        shots.append(_shot(page, index, start, length, still, spoken))
        if section.kind == "answer" and len(shots) > 1:
            shots[-2] = replace(shots[-2], clears=False)
            chapters[-1] = replace(chapters[-1], end=start + length)
        else:
            title = typesetter.prepare(section.heading) or str(index + 1)
            chapters.append(Chapter(title, start, start + length))
    shots[-1:] = _ending(shots[-1], script, narration, typesetter)
    shots[:1] = _opening(shots[0], narration, typesetter.prepare(intro or ""))
    shots[-1] = replace(shots[-1], clears=False)
    title = typesetter.prepare(script.title) or chapters[0].title
    return Storyboard(title, tuple(shots), tuple(chapters), len(sections), total)


def _page(script: Script, section: Section, index: int, typesetter: Typesetter, look: Look) -> Page:
    question = section.question
    lines = (section.narration,) if section.kind == "title" else section.bullets
    shown = frozenset(section.visual.items)
    lines = tuple(line for line in lines if line not in shown)
    return Page(
        section.kind,
        script.subject,
        script.language,
        typesetter.prepare(_label(script, section, index)),
        typesetter.prepare(question.question if question else section.heading),
        # What cannot be drawn leaves an empty choice, so that the others keep their letters.
        tuple(map(typesetter.prepare, lines)) if question else _prepared(lines, typesetter),
        replace(
            section.visual,
            text=_formula_or_words(section.visual, typesetter),
            items=_prepared(section.visual.items, typesetter),
        ),
        question.answer if question else 0,
        typesetter.prepare(question.explanation) if question else "",
        look,
    )


def _label(script: Script, section: Section, index: int) -> str:
    """Where in the lesson a slide is; subjects and grades have English names only."""
    english = script.language.lower().startswith("en")
    subject = script.subject.replace("-", " ").replace("_", " ").strip().capitalize()
    of = "of" if english else "/"
    detail = {
        "title": f"Grade {script.grade_level}" if english else "",
        "scene": f"{index} {of} {len(script.scenes)}",
    }.get(section.kind, "")
    if section.question:
        detail = labels_for(script.language).quiz
    return " · ".join(part for part in (subject if english else "", detail) if part)


def _formula_or_words(visual: Visual, typesetter: Typesetter) -> str:
    """Mathtext keeps what only the fonts for formulas have."""
    formula = visual.kind in ("formula", "worked")
    return clean(visual.text) if formula else typesetter.prepare(visual.text)


def _prepared(texts: Sequence[str], typesetter: Typesetter) -> tuple[str, ...]:
    return tuple(text for text in map(typesetter.prepare, texts) if text)


def _frame(seconds: float) -> int:
    """The frame next to a time; halves always go up, whatever the error of a float."""
    return floor(round(seconds * FPS, 4) + 0.5)


def _since(sentence: Sentence, begin: float) -> Sentence:
    """A sentence on the clock of its section; rounded, so that it is the same in every lesson."""
    start, end = (round(time - begin, 6) for time in (sentence.start, sentence.end))
    return replace(sentence, start=start, end=end)


def _shot(
    page: Page, section: int, start: int, length: int, still: int, spoken: Sequence[Sentence]
) -> Shot:
    """Lay a section out.

    Args:
        spoken: what is said, on the clock of the section.
    """
    drawn = length - still
    reveals: list[int] = []
    for group in parts(page):
        if not spoken:
            times = [drawn * i / len(group) / FPS for i in range(len(group))]
        elif page.kind == "quiz" and not any(group):  # the bar that fills while one thinks
            times = [spoken[-1].end + LEAD + second for second in range(len(group))]
        elif page.kind == "quiz":
            times = _read_aloud(group, spoken)
        else:
            times = spoken_at(group, spoken)
        reveals += reveal_frames(times, drawn)
    if page.kind == "answer" and reveals:  # seen to light up, not there at once
        reveals[0] = max(reveals[0], min(FADE, drawn - 1))
    progress = [(0, 0.0)] + [
        (
            max(0, _frame(sentence.start)),
            min(1.0, _frame(sentence.end) / drawn),
        )
        for sentence in spoken[:-1]
    ]
    if spoken:
        progress.append((max(0, _frame(spoken[-1].start)), 1.0))
    return Shot(page, section, start, length, tuple(reveals), tuple(progress), still)


def _read_aloud(choices: Sequence[str], spoken: Sequence[Sentence]) -> list[float]:
    """When each choice is read: with its letter, at the start of a sentence."""
    starts = {s.text[:1]: s.start for s in reversed(spoken) if s.text[1:2] == ":"}
    times = spoken_at(choices, spoken) if choices else []
    found = [starts.get(letter, time) for letter, time in zip(LETTERS, times, strict=False)]
    return list(accumulate(found, max))


def _opening(first: Shot, narration: Narration, words: str) -> tuple[Shot, ...]:
    """In the silence before the first word the opening card, and the first shot."""
    if not words or not narration.sentences:
        return (first,)
    cut = _frame(narration.sentences[0].start - LEAD) - 2 * FADE
    if cut < INTRO_LEAST * FPS or first.length - cut < 4 * FADE:
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


def _ending(
    last: Shot, script: Script, narration: Narration, typesetter: Typesetter
) -> tuple[Shot, ...]:
    """The last shot, and in the silence after it the end card."""
    if not narration.sentences:
        return (last,)
    said = _since(narration.sentences[-1], narration.sections[last.section][0]).end
    cut = last.start + _frame(said + END_CARD_DELAY)
    end = last.start + last.length
    if end - cut < END_CARD_LEAST * FPS or cut - last.start < 4 * FADE:
        return (last,)
    names = labels_for(script.language)
    sources = "; ".join(script.sources[:MOST_SOURCES])
    lines = [f"{names.sources}: {sources}"] if sources else []
    lines += [f"{names.voice}: {narration.voice}"] if narration.voice else []
    page = Page(
        "end",
        script.subject,
        script.language,
        "",
        typesetter.prepare(script.title),
        _prepared([*lines, TYPE_CREDIT], typesetter),
        look=last.page.look,
    )
    reveals = tuple(min(reveal, cut - last.start - 2 * FADE) for reveal in last.reveals)
    return (
        replace(last, length=cut - last.start, reveals=reveals, still=0),
        Shot(page, last.section, cut, end - cut, (), ((0, 1.0),), last.still),
    )
