"""Compose a script from a concept card, for the grade and interest of a request."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from typing import Literal

from transforms.model import ContentRequest, QuizQuestion, Scene, Script, Visual
from transforms.script.cards.concept_card import Card, Level
from transforms.script.matching.interests import GENERAL, Interest
from transforms.script.spoken_quiz import spoken_question

Band = Literal["middle", "high", "senior"]
"""Group of grades: ``middle`` up to 8, ``high`` for 9 and 10, ``senior`` from 11."""

MOST_WORDS = 450
"""Maximum number of spoken words of a lesson."""

_FACTS = ("Here is what matters most.", "It helps to know a few things.", "A few facts go with it.")
_PICTURES = ("Here is a way to picture it.", "Here is a picture that helps.")
_NUMBERS = ("Let us put numbers to it.", "Let us work through an example.", "Now for some numbers.")
_MISTAKES = (
    "Here is a common mix-up.",
    "Watch out for one mistake.",
    "One mistake is very common.",
)
_TERMS = ("Three words are worth using exactly.", "Use these three words exactly.")
_RECAP = "So what should you remember?"
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def compose(card: Card, request: ContentRequest, interest: Interest | None) -> Script:
    """Write the script of a card for one request.

    All text comes from the card; of the request, only grade and language are used.

    Args:
        card: the card of the topic.
        request: the request; gives grade and language.
        interest: interest of the student; None if unknown.

    Returns:
        A script of 150 to 450 spoken words for every card that passes the card tests.
    """
    if interest is not None and interest.name not in card.analogies:
        interest = None
    band = band_of_grade(card, request.grade_level)
    scenes = [_definition(card, band), _facts(card, band), _process(card)]
    scenes.append(_analogy(card, interest))
    if card.worked is not None:
        scenes.append(_worked(card))
    scenes.append(_misconception(card))
    if band == "senior":
        scenes.append(_terms(card))
    scenes[-1] = replace(scenes[-1], narration=f"{scenes[-1].narration} {_RECAP}")
    script = Script(
        title=card.title if interest is None else f"{card.title} for {interest.fans}",
        hook=card.hook if interest is None else f"{card.hook} {interest.opening}",
        scenes=tuple(scenes),
        key_takeaways=card.takeaways,
        quiz=_quiz(card, band),
        topic=card.title,
        subject=card.subject,
        grade_level=request.grade_level,
        language=request.language,
        sources=card.sources,
    )
    return spoken_question(script, MOST_WORDS, lambda script: script.spoken_words)


def band_of_grade(card: Card, grade: int) -> Band:
    """Return the band of a grade, limited to the grades that the card is for."""
    lowest, highest = card.grades
    grade = min(max(grade, lowest), highest)
    return "middle" if grade <= 8 else "high" if grade <= 10 else "senior"


def _definition(card: Card, band: Band) -> Scene:
    definition = card.definition
    text = definition.simple if band == "middle" else definition.standard
    meaning = _SENTENCE_END.split(text)[0]
    visual = Visual("definition", meaning, (card.title,))
    return Scene("In a nutshell", text, definition.bullets, visual)


def _facts(card: Card, band: Band) -> Scene:
    """Build the scene of facts: core ones, one advanced for grades 9 and 10, all from grade 11."""
    core = [fact for fact in card.facts if fact.level == "core"]
    advanced = [fact for fact in card.facts if fact.level == "advanced"]
    told = core + advanced[: {"middle": 0, "high": 1, "senior": None}[band]]
    return Scene(
        "What to know",
        " ".join((_bridge(card, _FACTS), *(fact.text for fact in told))),
        tuple(fact.bullet for fact in told),
    )


def _process(card: Card) -> Scene:
    process = card.process
    return Scene(
        process.heading,
        " ".join((process.intro, *process.steps)),
        process.labels[1:] if process.kind == "comparison" else process.labels,
        Visual(process.kind, items=process.labels),
    )


def _analogy(card: Card, interest: Interest | None) -> Scene:
    text = card.analogies[GENERAL if interest is None else interest.name]
    lead = _bridge(card, _PICTURES) if interest is None else f"Take {interest.spoken}."
    *setting, point = _SENTENCE_END.split(text)
    return Scene("A way to picture it", f"{lead} {text}", tuple(setting), Visual("quote", point))


def _worked(card: Card) -> Scene:
    worked = card.worked
    assert worked is not None
    visual = Visual()
    if worked.formula:
        visual = Visual("worked", worked.formula, worked.bullets)
    elif worked.plot:
        visual = Visual("plot", worked.plot_caption, worked.plot)
    return Scene(
        worked.heading,
        " ".join((_bridge(card, _NUMBERS), *worked.text)),
        worked.bullets,
        visual,
    )


def _misconception(card: Card) -> Scene:
    wrong = card.misconception
    myth, fact = wrong.bullets
    cells = (myth.removeprefix("Myth: "), fact.removeprefix("Fact: "))
    row = " | ".join(cell[:1].upper() + cell[1:] for cell in cells)
    return Scene(
        "A common mistake",
        f"{_bridge(card, _MISTAKES)} {wrong.claim} {wrong.truth}",
        (row,),
        Visual("comparison", items=("Myth | Fact", row)),
    )


def _terms(card: Card) -> Scene:
    terms = card.terms[:3]
    spoken = (f"{term.term[0].upper()}{term.term[1:]}: {term.meaning}" for term in terms)
    rows = tuple(f"{term.term} | {term.meaning.removesuffix('.')}" for term in terms)
    return Scene(
        "The exact words",
        " ".join((_bridge(card, _TERMS), *spoken)),
        rows,
        Visual("comparison", items=("Word | Meaning", *rows)),
    )


def _quiz(card: Card, band: Band) -> tuple[QuizQuestion, ...]:
    """Return two questions: both core ones up to grade 8, a core and an advanced one from 9."""
    wanted: tuple[Level, ...] = ("core", "core") if band == "middle" else ("core", "advanced")
    rest = list(card.quiz)
    if band == "senior":
        rest.reverse()
    chosen = []
    for level in wanted:
        question = next(question for question in rest if question.level == level)
        rest.remove(question)
        chosen.append(
            QuizQuestion(question.question, question.choices, question.answer, question.explanation)
        )
    return tuple(chosen)


def _bridge(card: Card, sentences: tuple[str, ...]) -> str:
    """Choose a sentence that introduces a scene, always the same one for a card."""
    return sentences[zlib.crc32(f"{card.id} {sentences[0]}".encode()) % len(sentences)]
