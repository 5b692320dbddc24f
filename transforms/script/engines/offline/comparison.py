"""Composer of a lesson that compares two topics, from the lessons of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from transforms.model import ContentRequest, Scene, Script, Visual
from transforms.script.cards.card import Card
from transforms.script.engines.offline.compose import MOST_WORDS, compose
from transforms.script.engines.offline.scene_pictures import without_beats
from transforms.script.spoken_quiz import spoken_question

_HOOK = "Two topics, side by side. What is each of them, and what sets them apart?"
_RECAP = "So what should you remember?"
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_MIDDLE_GRADE = 8


def compose_comparison(one: Card, two: Card, request: ContentRequest) -> Script:
    """Compose the script of a lesson that compares two topics.

    It defines both, shows their points side by side, and tells the facts of both. Every sentence
    about a topic comes from its card and is told once.

    Args:
        one: card of the topic that the question names first.
        two: card of the other topic.
        request: the request; gives grade and language.

    Returns:
        A script of 150 to 450 spoken words; facts for the lower band are told if those for the
        grade are too long.
    """
    script = _compare(one, two, request)
    if script.spoken_words > MOST_WORDS:
        lower = replace(request, grade_level=min(request.grade_level, _MIDDLE_GRADE))
        script = replace(_compare(one, two, lower), grade_level=request.grade_level)
    return spoken_question(script, MOST_WORDS, lambda script: script.spoken_words)


def _compare(one: Card, two: Card, request: ContentRequest) -> Script:
    lessons = [compose(card, request, None) for card in (one, two)]
    (first, first_facts, *_), (second, second_facts, *_) = (lesson.scenes for lesson in lessons)
    title = f"{one.title} and {_mid_sentence(two.title, lessons[1])}"
    scenes = [first, second, _comparison_scene(one, two, lessons), first_facts, second_facts]
    takeaways = (
        lessons[0].key_takeaways[0], lessons[1].key_takeaways[0], lessons[0].key_takeaways[1]
    )  # fmt: skip
    scenes = list(_without_repeats(_distinct_headings(scenes, (one, two)), takeaways))
    scenes[-1] = replace(scenes[-1], narration=f"{scenes[-1].narration} {_RECAP}")
    return Script(
        title=title,
        hook=_HOOK,
        scenes=tuple(scenes),
        key_takeaways=takeaways,
        quiz=(lessons[0].quiz[0], lessons[1].quiz[0]),
        topic=title,
        subject=one.subject,
        grade_level=request.grade_level,
        language=request.language,
        sources=tuple(dict.fromkeys((*lessons[0].sources, *lessons[1].sources))),
        explanations=(*lessons[0].explanations, *lessons[1].explanations),
    )


def _comparison_scene(one: Card, two: Card, lessons: list[Script]) -> Scene:
    """Build the scene with the table of both topics, which speaks the other takeaways."""
    first, second = (lesson.scenes[0].bullets for lesson in lessons)
    rows = tuple(f"{left} | {right}" for left, right in zip_longest(first, second, fillvalue="–"))
    spoken = (lessons[1].key_takeaways[1], lessons[0].key_takeaways[2], lessons[1].key_takeaways[2])
    return Scene(
        "Side by side",
        " ".join(("Now put them next to each other.", *spoken)),
        rows,
        Visual("comparison", items=(f"{one.title} | {two.title}", *rows)),
    )


def _distinct_headings(scenes: list[Scene], cards: tuple[Card, Card]) -> Iterator[Scene]:
    """Prefix a heading that both cards have with the topic's title."""
    headings = [scene.heading for scene in scenes]
    first, second = cards
    for scene, card in zip(scenes, (first, second, None, first, second), strict=True):
        shared = card is not None and headings.count(scene.heading) > 1
        yield replace(scene, heading=f"{card.title}: {scene.heading}") if card and shared else scene


def _without_repeats(scenes: Iterator[Scene], takeaways: Sequence[str]) -> Iterator[Scene]:
    """Drop sentences that repeat an earlier scene or a takeaway."""
    told = set(takeaways)
    for scene in scenes:
        sentences = [each for each in _SENTENCE_END.split(scene.narration) if each not in told]
        told.update(sentences)
        # Beats count sentences, and some are dropped now.
        visual = without_beats(scene.visual)
        yield replace(scene, narration=" ".join(sentences), visual=visual)


def _mid_sentence(title: str, lesson: Script) -> str:
    """Return a title as spelled within a sentence: "meiosis", but "Newton's second law"."""
    lower = title[:1].lower() + title[1:]
    text = " ".join(section.narration for section in lesson.sections())
    return lower if re.search(rf"\b{re.escape(lower)}\b", text) else title
