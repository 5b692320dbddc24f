"""Composer of a script from a concept card, for the grade and interest of a request."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

from transforms.model import ContentRequest, QuizQuestion, Scene, Script, Visual
from transforms.pictures.picture import build_picture, write_picture
from transforms.script.cards.card import Band, BandName, Card, Level, Term, WorkedExample
from transforms.script.cards.marks import remove_marks
from transforms.script.engines.offline.scene_pictures import show_pictures
from transforms.script.matching.interests import GENERAL, INTERESTS, Interest
from transforms.script.spoken_quiz import spoken_question
from transforms.text.capitals import capitalize_first

MOST_WORDS = 450
"""Maximum number of spoken words of a lesson."""

_PICTURES = ("Here is a way to picture it.", "Here is a picture that helps.")
_NUMBERS = ("Let us put numbers to it.", "Let us work through an example.", "Now for some numbers.")
_MISTAKES = (
    "Here is a common mix-up.",
    "Watch out for one mistake.",
    "One mistake is very common.",
)
_RECAP = "So what should you remember?"
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def compose(card: Card, request: ContentRequest, interest: Interest | None) -> Script:
    """Compose the script of a card for one request.

    All text comes from the card; of the request, only grade and language are used.

    Args:
        card: the card of the topic.
        request: the request; gives grade and language.
        interest: interest of the student; None if unknown. The general analogy is told, and the
            interest not named, if the card has none that fits.

    Returns:
        A script of 150 to 450 spoken words for every card that passes the card tests.
    """
    key = _analogy_key(card, interest)
    interest = None if key == GENERAL else interest
    name = card.band_of_grade(request.grade_level)
    band = card.bands[name]
    explain = _Explainer(band.terms)
    scenes = [_definition(card, band, explain), _facts(band, explain), _process(band, explain)]
    worked = () if band.worked is None else (_worked(card, band, band.worked, explain),)
    scenes += (_analogy(card, band, interest, key), *worked, _misconception(card, band))
    scenes[-1] = replace(scenes[-1], narration=f"{scenes[-1].narration} {_RECAP}")
    scenes = list(show_pictures(scenes, card.pictures, band.numbers()))
    script = Script(
        title=card.title if interest is None else f"{card.title} for {interest.fans}",
        hook=card.hook if interest is None else f"{card.hook} {interest.opening}",
        scenes=tuple(scenes),
        key_takeaways=card.takeaways,
        quiz=_quiz(card, name),
        topic=card.title,
        subject=card.subject,
        grade_level=request.grade_level,
        language=request.language,
        sources=tuple(map(str, card.sources)),
        explanations=tuple(explain.told),
    )
    return spoken_question(script, MOST_WORDS, lambda script: script.spoken_words)


class _Explainer:
    """Inserts the meaning of each term after the sentence that first uses the term.

    Attributes:
        told: the last sentence of each meaning that was inserted.
    """

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self._open = list(terms)
        self.told: list[str] = []

    def __call__(self, *texts: str) -> str:
        text = []
        for sentence in _SENTENCE_END.split(" ".join(texts)):
            text.append(sentence)
            plain = remove_marks(sentence)
            for term in [term for term in self._open if term.pattern.search(plain)]:
                self._open.remove(term)
                text.append(term.meaning)
                self.told.append(_SENTENCE_END.split(term.meaning)[-1])
        return " ".join(text)


def _definition(card: Card, band: Band, explain: _Explainer) -> Scene:
    definition = band.definition
    meaning = _SENTENCE_END.split(remove_marks(definition.text))[0]
    visual = Visual("definition", meaning, (card.title,))
    return Scene(band.headings.definition, explain(definition.text), definition.bullets, visual)


def _facts(band: Band, explain: _Explainer) -> Scene:
    return Scene(band.headings.facts, explain(*band.facts.text), band.facts.bullets)


def _process(band: Band, explain: _Explainer) -> Scene:
    process = band.process
    return Scene(
        band.headings.process,
        explain(process.intro, *process.steps),
        process.labels[1:] if process.kind == "comparison" else process.labels,
        Visual(process.kind, items=process.labels),
    )


def _analogy_key(card: Card, interest: Interest | None) -> str:
    """Return the key of an interest's analogy: its own, a borrowed or the general one."""
    wanted = () if interest is None else (interest.name, *interest.borrows)
    return next((key for key in wanted if key in card.analogies), GENERAL)


def _analogy(card: Card, band: Band, interest: Interest | None, key: str) -> Scene:
    text = card.analogies[key]
    if interest is None:
        lead = _bridge(card, _PICTURES)
    elif key == interest.name:
        lead = f"Take {interest.spoken}."
    else:
        lead = f"Take {interest.borrowing}, {INTERESTS[key].spoken}."
    *setting, point = _SENTENCE_END.split(remove_marks(text))
    return Scene(band.headings.analogy, f"{lead} {text}", tuple(setting), Visual("quote", point))


def _worked(card: Card, band: Band, worked: WorkedExample, explain: _Explainer) -> Scene:
    visual = Visual()
    if worked.formula:
        visual = Visual("worked", worked.formula, worked.bullets)
    elif worked.plot:
        visual = _bars(worked)
    return Scene(
        band.headings.worked or "",
        f"{_bridge(card, _NUMBERS)} {explain(*worked.text)}",
        worked.bullets,
        visual,
    )


def _bars(worked: WorkedExample) -> Visual:
    """Build a bar chart of the computed numbers of a worked example."""
    rows = [row.rpartition(": ") for row in worked.plot]
    bars = [
        {"id": f"bar-{at}", "label": label, "size": (float(number), "")}
        for at, (label, _, number) in enumerate(rows)
    ]
    data = {"template": "bars", "bars": bars, "caption": worked.plot_caption}
    return Visual("picture", write_picture(build_picture(data)))


def _misconception(card: Card, band: Band) -> Scene:
    wrong = card.misconception
    myth, fact = wrong.bullets
    cells = (myth.removeprefix("Myth: "), fact.removeprefix("Fact: "))
    row = " | ".join(map(capitalize_first, cells))
    narration = f"{_bridge(card, _MISTAKES)} {wrong.claim} {wrong.truth}"
    return Scene(
        band.headings.misconception,
        narration,
        (row,),
        Visual("comparison", items=("Myth | Fact", row)),
    )


def _quiz(card: Card, band: BandName) -> tuple[QuizQuestion, ...]:
    """Choose two quiz questions: both core up to grade 8, one core and one advanced from 9."""
    wanted: tuple[Level, ...] = ("core", "core") if band == "middle" else ("core", "advanced")
    rest = list(card.quiz)
    if band == "high":
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
    """Choose a sentence that introduces a scene, by a hash of the card's id."""
    return sentences[zlib.crc32(f"{card.id} {sentences[0]}".encode()) % len(sentences)]
