"""Review of a card's lessons: length, reading level, difference of bands, and unsaid aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources.abc import Traversable

from transforms.model import Script
from transforms.script.cards.card import BandName, Card
from transforms.script.cards.concept_card import CardError, Problem, card_files, parse_card
from transforms.script.cards.rules import Found
from transforms.script.cards.wording import UNWRITTEN, find_wording
from transforms.script.checks.pictures import FindLayoutProblems
from transforms.script.checks.reading_level import LEAST_GRADE, grade_of
from transforms.script.checks.script_texts import whole_text
from transforms.script.drawn_scenes import lesson, lessons_of, lowest_grade, shared_pictures
from transforms.script.engines.offline.compose import MOST_WORDS
from transforms.script.matching.word_lists import FILLER
from transforms.script.matching.words import root, roots, words
from transforms.text.sentences import split_sentences

LEAST_WORDS = 150

MOST_ABOVE = 1.0
"""Grades that a lesson may read above the student's."""

MOST_SAME = 0.5
"""Share of a lesson's sentences that may be the same in both bands."""

_UNSAID = FILLER | {root("relate"), root("look")}
"""Words of an alias that a lesson need not say, since they name nothing."""


def check_cards(
    root: Traversable, layouts: FindLayoutProblems = lambda script: ()
) -> tuple[Mapping[str, Card | None], Sequence[Problem]]:
    """Check all cards of a folder, which has one subfolder for each subject.

    Args:
        root: the folder.
        layouts: finds pictures whose layout is not legible.

    Returns:
        The cards by file, None for one that cannot be read, and the problems of format, wording,
        pictures and lessons, by file.
    """
    cards: dict[str, Card | None] = {}
    problems: list[Problem] = []
    for file, data in card_files(root):
        cards[file] = None
        try:
            card = parse_card(data.decode(), file)
        except UnicodeDecodeError:
            problems.append(Problem(file, "", "is not UTF-8; save it as UTF-8"))
        except CardError as error:
            problems += error.args
        else:
            found = list(find_wording(card))
            if not any(problem == UNWRITTEN for _, problem in found):
                found += [*review(card), *_layout_problems(card, layouts)]
                cards[file] = card
            problems += [Problem(file, key, problem) for key, problem in found]
    written = {file: card for file, card in cards.items() if card is not None}
    problems += [Problem(file, *found) for file, found in shared_pictures(written)]
    return cards, problems


def _layout_problems(card: Card, layouts: FindLayoutProblems) -> Found:
    found: dict[tuple[str, str], None] = {}
    for band in card.bands:
        for script in lessons_of(card, band):
            for at, problem in layouts(script):
                found[band, f"{script.scenes[at].heading!r}: {problem}"] = None
    yield from found


def review(card: Card) -> Found:
    """Yield key and remedy of each fault: length, reading level, unsaid alias, equal bands."""
    for band in card.bands:
        yield from _length_problems(card, band)
        yield from _level_problems(card, band)
        yield from _unsaid_aliases(card, band)
    if len(card.bands) == 2:
        yield from _sameness_problems(card)


def reading_grade(script: Script) -> float:
    """Return the Flesch-Kincaid grade of the spoken text of a lesson."""
    return grade_of(whole_text(script)) or 0.0


def sameness(one: Script, other: Script) -> float:
    """Return the share of the shorter lesson's sentences that the other lesson has too."""
    first, second = set(_sentences(one)), set(_sentences(other))
    return len(first & second) / max(1, min(len(first), len(second)))


def _length_problems(card: Card, band: BandName) -> Found:
    for script in lessons_of(card, band):
        if not LEAST_WORDS <= script.spoken_words <= MOST_WORDS:
            yield (
                band,
                f"a lesson has {script.spoken_words} words; write {LEAST_WORDS} to {MOST_WORDS}",
            )
            return


def _level_problems(card: Card, band: BandName) -> Found:
    grade = lowest_grade(card, band)
    if grade < LEAST_GRADE:
        return
    hardest = max(map(reading_grade, lessons_of(card, band)))
    if hardest > grade + MOST_ABOVE:
        yield (
            band,
            f"reads like grade {hardest:.1f} at grade {grade}; "
            "use shorter words and sentences, or explain terms",
        )


def _unsaid_aliases(card: Card, band: BandName) -> Found:
    script = lesson(card, lowest_grade(card, band))
    said = set(roots(words(" ".join(_sentences(script)))))
    shown = {_normalised(line) for line in _shown(script)}
    for number, alias in enumerate(card.aliases):
        if "=" in alias:
            unsaid = [] if any(_normalised(alias) in line for line in shown) else [alias]
        else:
            unsaid = [word for word in roots(words(alias)) if word not in said | _UNSAID]
        if unsaid:
            yield (
                f"aliases.{number}",
                f"the {band} lesson never says {', '.join(map(repr, unsaid))} of {alias!r}; "
                "say it, or leave the alias out",
            )


def _normalised(formula: str) -> str:
    """Normalise a formula to its letters, digits and equals signs: ``F = m × a`` is ``f=ma``."""
    return re.sub(r"[^\w=]", "", formula.casefold())


def _sameness_problems(card: Card) -> Found:
    low, high = (lesson(card, lowest_grade(card, band)) for band in card.bands)
    if (share := sameness(low, high)) > MOST_SAME:
        yield (
            "high",
            f"{share:.0%} of its sentences stand in the middle band too; "
            f"write at least {1 - MOST_SAME:.0%} anew",
        )


def _sentences(script: Script) -> list[str]:
    return [
        sentence for section in script.sections() for sentence in split_sentences(section.narration)
    ]


def _shown(script: Script) -> Iterator[str]:
    for section in script.sections():
        yield from (section.heading, *section.bullets, *section.visual.items)
