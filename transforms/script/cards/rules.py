"""Validation rules of a card that span several fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

from transforms.maths.arithmetic import Number
from transforms.script.cards.card import HIGHEST_MIDDLE_GRADE, Band, Card, Process
from transforms.script.cards.marks import MOST_MARKS, has_brackets, remove_marks, split_marks
from transforms.script.cards.pictures import Picture, find_mark_problems

PLACEHOLDER = "[…]"
"""Stands in a new card for each text that its author has to write."""

Found = Iterator[tuple[str, str]]
"""Key of a field, and what is wrong with it and how to mend it."""

_ROW = re.compile(r".{1,40}: (?=[^:]*[1-9])\d+(?:\.\d+)?")
_EMPTY_HEADING = re.compile(
    r"^(?:in a nutshell|what (?:to know|it is|you should know)|key (?:facts?|points?|ideas?)"
    r"|facts?|definitions?|overview|introduction|summary|example|a way to picture it|the basics"
    r"|an? (?:common )?(?:mistake|misconception|mix-up|analogy|(?:worked )?example)"
    r"|how (?:it|this) works|step by step|the exact words|let us .*)[.!?]?$",
    re.I,
)


def find_problems(card: Card, source: str) -> Found:
    """Yield each breach of a rule that spans several fields of a card.

    Args:
        card: the card.
        source: ``<subject>/<id>.toml``, with which the card must agree.
    """
    if source != f"{card.subject}/{card.id}.toml":
        yield "id", f"the file of {card.id!r} is {card.subject}/{card.id}.toml; rename one of them"
    yield from _grade_problems(card)
    if "general" not in card.analogies:
        yield "analogies.general", "is missing; add an analogy for students without an interest"
    if sorted(question.level for question in card.quiz) != ["advanced", "core", "core"]:
        yield "quiz", "two questions must be core and one advanced"
    for number, question in enumerate(card.quiz):
        if len(set(question.choices)) != len(question.choices):
            yield f"quiz.{number}.choices", "two choices are the same; change one"
    for bullet, prefix in zip(card.misconception.bullets, ("Myth: ", "Fact: "), strict=True):
        if not bullet.startswith(prefix):
            yield "misconception.bullets", f"{bullet!r} must start with {prefix!r}"
    for name, band in card.bands.items():
        for key, problem in _band_problems(band):
            yield f"{name}.{key}", problem
    yield from _mark_problems(card)


def _grade_problems(card: Card) -> Found:
    lowest, highest = card.grades
    if not 1 <= lowest <= highest <= 16:
        yield "grades", "must be two grades between 1 and 16, the lower one first"
        return
    suits = {"middle": lowest <= HIGHEST_MIDDLE_GRADE, "high": highest > HIGHEST_MIDDLE_GRADE}
    for name, suited in suits.items():
        if suited and name not in card.bands:
            yield name, f"is missing; grades {lowest} to {highest} need it"
        if not suited and name in card.bands:
            yield name, f"is for other grades than {lowest} to {highest}; leave it out"


def _band_problems(band: Band) -> Found:
    if len(band.facts.text) != len(band.facts.bullets):
        yield "facts.bullets", "there must be one for each text"
    yield from _label_problems(band.process)
    yield from _heading_problems(band)
    narration = " ".join(remove_marks(text) for _, text in band.narrated())
    for at, term in enumerate(band.terms):
        if not term.pattern.search(narration):
            yield f"terms.{at}", f"the band never says {term.term!r}; use it or leave it out"
        if not term.pattern.search(remove_marks(term.meaning)):
            yield f"terms.{at}.meaning", f"must be a sentence that says {term.term!r}"
    worked = band.worked
    if worked is None:
        if len(band.facts.text) < 3:
            yield "facts.text", "without a worked example there must be at least three"
        return
    if worked.formula and worked.plot:
        yield "worked.plot", "a worked example may have a formula or a plot; leave one out"
    try:
        rows = worked.with_numbers().plot
    except ValueError as error:
        yield "worked", f"{error}; mend values, compute or the placeholder"
        return
    if any(not _ROW.fullmatch(row) for row in rows):
        yield "worked.plot", "each row is 'label: {number:g}', with a number above 0"


def _heading_problems(band: Band) -> Found:
    if (band.headings.worked is None) != (band.worked is None):
        yield "headings.worked", "must stand exactly where the band has a worked example"
    headings = {key: heading for key, heading in vars(band.headings).items() if heading}
    for key, heading in headings.items():
        if _EMPTY_HEADING.match(heading):
            yield (
                f"headings.{key}",
                f"{heading!r} fits any topic; state the scene's point, "
                "as in 'Double the force, double the acceleration'",
            )
    for heading, times in Counter(headings.values()).items():
        if times > 1 and heading != PLACEHOLDER:  # reported once, as unwritten
            yield "headings", f"{heading!r} stands over {times} scenes; give each its own"


def _label_problems(process: Process) -> Found:
    extra = len(process.labels) - len(process.steps)
    if process.kind == "comparison":
        if extra not in (0, 1):
            yield "process.labels", "a comparison has as many rows as steps, or one more"
        if any(label.count(" | ") != 1 for label in process.labels):
            yield "process.labels", "every row of a comparison holds one ' | '"
    else:
        if extra:
            yield "process.labels", "there must be one for each step"
        if process.kind == "timeline" and any(": " not in label for label in process.labels):
            yield "process.labels", "every label of a timeline is 'when: what'"


def _mark_problems(card: Card) -> Found:
    for number, picture in enumerate(card.pictures):
        for key, problem in picture.problems(list(_numbers(card, picture))):
            yield f"pictures.{number}.{key}", problem
    for picture_id, times in Counter(picture.id for picture in card.pictures).items():
        if times > 1:
            yield "pictures", f"{picture_id!r} is the id of {times} pictures; give each its own"
    used = {}
    for key, text in card.scene_texts():
        if has_brackets(text):
            yield key, "a mark is written [[name]], with small letters, digits and hyphens"
        sentences = list(split_marks(text))
        if any(len(sentence.marks) > MOST_MARKS for sentence in sentences):
            yield key, f"a sentence has more than {MOST_MARKS} marks; split it or leave one out"
        used[key] = [mark.name for sentence in sentences for mark in sentence.marks]
    yield from find_mark_problems(card.pictures, used)
    for key, text in _unmarked(card):
        if "[[" in text:
            yield key, "marks stand only in what scenes narrate; remove it here"


def _numbers(card: Card, picture: Picture) -> Iterator[Mapping[str, Number]]:
    """Yield the worked example's numbers of each band that shows a picture.

    Misconception and analogies belong to all bands.
    """
    names = {*picture.elements(), *picture.states}
    marking = {
        key.split(".")[0]
        for key, text in card.scene_texts()
        for sentence in split_marks(text)
        for mark in sentence.marks
        if mark.name.rpartition(".")[2] in names
    }
    for name, band in card.bands.items():
        if name in marking or not marking <= set(card.bands):
            with suppress(ValueError):  # a finding of the worked example
                yield band.numbers()


def _unmarked(card: Card) -> Found:
    yield "hook", card.hook
    for number, takeaway in enumerate(card.takeaways):
        yield f"takeaways.{number}", takeaway
    for name, band in card.bands.items():
        for key, heading in vars(band.headings).items():
            yield f"{name}.headings.{key}", heading or ""
        shown = (*band.definition.bullets, *band.facts.bullets, *band.process.labels)
        for line in (*shown, *(band.worked.bullets if band.worked else ())):
            yield f"{name}: {line!r}", line
    for number, question in enumerate(card.quiz):
        for line in (question.question, *question.choices, question.explanation):
            yield f"quiz.{number}", line
