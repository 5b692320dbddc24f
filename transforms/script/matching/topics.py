"""Matcher that finds the one card that covers a student's question.

A card matches if the question contains every word of one of its names and every other word is
harmless: a word of asking, a word of the card's own text, or part of an aside such as "for
basketball fans". A question with any other word is refused; the matcher does not guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz import fuzz

from transforms.errors import PermanentError
from transforms.script.cards.concept_card import Card, load_cards
from transforms.script.matching.spelling import Speller, typo_distance
from transforms.script.matching.student_question import parse_student_question
from transforms.script.matching.words import root, root_set, roots, words

_FUNCTION = root_set("function")
_FILLER = _FUNCTION | root_set("asking")
_COUNTED = root_set("counted")


@dataclass(frozen=True, eq=False)
class _Entry:
    card: Card
    names: tuple[frozenset[str], ...]
    context: frozenset[str]


@dataclass(frozen=True)
class _Match:
    card: Card
    name: frozenset[str]


class TopicIndex:
    """Index that resolves questions to cards.

    Args:
        cards: the cards to choose from.
        english: correctly spelt words, which are never corrected to a word of a card's name.

    Raises:
        ValueError: two cards share a name, or a name consists of function words only.
    """

    def __init__(self, cards: Iterable[Card], english: Set[str] = frozenset()) -> None:
        self._entries = tuple(_entry(card) for card in cards)
        written_together: dict[str, list[str]] = {}
        owners: dict[frozenset[str], str] = {}
        for entry in self._entries:
            for phrase, name in zip(entry.card.names, entry.names, strict=True):
                if not name:
                    raise ValueError(f"{entry.card.id}: {phrase!r} names no topic")
                if owners.setdefault(name, entry.card.id) != entry.card.id:
                    raise ValueError(f"{phrase!r} names both {owners[name]} and {entry.card.id}")
                for joined in _joined(phrase):
                    written_together[joined] = _name_roots(phrase)
        names = frozenset().union(*owners)
        known = names.union(_FILLER, *(entry.context for entry in self._entries))
        self._speller = Speller(names, _FILLER, known.union(map(root, english)), written_together)

    def resolve(self, query: str, interest: str = "") -> Card:
        """Return the card that covers a question.

        Args:
            query: the question as the student typed it.
            interest: the student's declared interest; the query may contain its words too.

        Raises:
            PermanentError: no card or more than one covers it; the message names the nearest.
        """
        question = parse_student_question(query)
        asked, aside = map(self._speller.read, (question.topic, question.aside))
        harmless = frozenset(roots(words(interest)))
        matches = self._matches(asked, harmless)
        if not matches:
            asked = [*asked, *aside]
            matches = self._matches(asked, harmless.union(*aside))
        best = max((len(match.name) for match in matches), default=0)
        found = {match.card.id: match for match in matches if len(match.name) == best}
        if len(found) == 1:
            [match] = found.values()
            rivals = self._rivals(match, [*asked, *aside])
            if not rivals:
                return match.card
            raise _ambiguous([match.card, *rivals])
        several = [match.card for match in found.values()] or self._jointly_named(asked, harmless)
        if several:
            raise _ambiguous(several)
        raise PermanentError(
            "no lesson covers this question yet; the nearest topics are "
            + _titles(self._nearest(asked))
        )

    def _matches(self, asked: Sequence[frozenset[str]], harmless: frozenset[str]) -> list[_Match]:
        present = frozenset().union(*asked)
        return [
            _Match(entry.card, name)
            for entry in self._entries
            for name in entry.names
            if name <= present and _is_explained(asked, name, entry.context, harmless)
        ]

    def _jointly_named(
        self, asked: Sequence[frozenset[str]], harmless: frozenset[str]
    ) -> list[Card]:
        """Return the cards that together explain a question, if no single card does."""
        present = frozenset().union(*asked)
        named = {entry: name for entry in self._entries for name in entry.names if name <= present}
        names = frozenset().union(*named.values())
        context = frozenset().union(*(entry.context for entry in named))
        if len(named) < 2 or not _is_explained(asked, names, context, harmless):
            return []
        return [entry.card for entry in named]

    def _rivals(self, match: _Match, asked: Sequence[frozenset[str]]) -> list[Card]:
        """Return the other cards that a question names and that `distinct_from` lists."""
        present = frozenset().union(*asked)
        return [
            entry.card
            for entry in self._entries
            if entry.card.id in match.card.distinct_from
            or match.card.id in entry.card.distinct_from
            if any(name <= present and not name <= match.name for name in entry.names)
        ]

    def _nearest(self, asked: Sequence[frozenset[str]]) -> list[Card]:
        content = [sorted(readings)[0] for readings in asked if not _is_filler(readings)]
        line = " ".join(content)

        def closeness(entry: _Entry) -> tuple[float, float]:
            named = frozenset().union(*entry.names)
            hits = sum(
                max(fuzz.ratio(word, name, score_cutoff=75) for name in named)
                or 40 * (word in entry.context)
                for word in content
            )
            return hits, max(fuzz.WRatio(line, phrase.lower()) for phrase in entry.card.names)

        ranked = sorted(self._entries, key=lambda e: (*(-c for c in closeness(e)), e.card.title))
        return [entry.card for entry in ranked[:3]]


def _entry(card: Card) -> _Entry:
    names = tuple(frozenset(_name_roots(name)) for name in card.names)
    return _Entry(card, names, frozenset(_context(card)))


def _name_roots(phrase: str) -> list[str]:
    return [word for word in roots(words(phrase)) if word not in _FUNCTION]


def _joined(phrase: str) -> set[str]:
    """Return the ways to write a name of several words as one word."""
    tokens = words(phrase)
    content = [word for word in tokens if root(word) not in _FUNCTION]
    together = {"".join(tokens), "".join(content), "".join(map(root, content))}
    return {joined for joined in together if len(tokens) > 1 and len(joined) >= 7}


def _context(card: Card) -> set[str]:
    """Return the roots that a question may contain besides the name: those of the card's text.

    Analogies are left out: a recipe may explain a reaction, but "reaction recipes" is not a topic.
    """
    return {
        word for text in card.texts() for word in roots(words(text)) if not word.startswith("#")
    }


def _is_explained(
    asked: Sequence[frozenset[str]],
    name: frozenset[str],
    context: frozenset[str],
    harmless: frozenset[str],
) -> bool:
    """Return True if every word of a question is part of the name or harmless."""
    return all(
        readings & name
        or _is_filler(readings)
        or readings & harmless
        or _in_context(readings, context)
        or _is_count(readings, asked[index + 1 : index + 2], name)
        for index, readings in enumerate(asked)
    )


def _is_filler(readings: frozenset[str]) -> bool:
    return bool(readings & _FILLER)


def _in_context(readings: frozenset[str], context: frozenset[str]) -> bool:
    return any(
        reading in context
        or (len(reading) >= 6 and any(typo_distance(reading, word, 1) <= 1 for word in context))
        or any(reading[:i] in context and reading[i:] in context for i in range(3, len(reading)))
        for reading in readings
        if reading[0] not in "#=" or reading in context
    )


def _is_count(
    readings: frozenset[str], following: Sequence[frozenset[str]], name: frozenset[str]
) -> bool:
    """Return True for "three" in "three states of matter", False in "world war three"."""
    counted = name | _COUNTED
    return all(reading.startswith("=") for reading in readings) and any(
        readings & counted for readings in following
    )


def _ambiguous(cards: Sequence[Card]) -> PermanentError:
    return PermanentError(
        f"the question names more than one topic; ask about one of {_titles(cards[:3])}"
    )


def _titles(cards: Sequence[Card]) -> str:
    quoted = [f"“{card.title}”" for card in cards]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]


@cache
def load_topic_index() -> TopicIndex:
    """Return the index of the cards of this package; it is built once per process."""
    text = (resources.files(__package__) / "english.txt").read_text("utf-8")
    english = (line for line in text.splitlines() if not line.startswith("#"))
    return TopicIndex(load_cards().cards.values(), frozenset(english))
