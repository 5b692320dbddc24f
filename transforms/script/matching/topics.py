"""From a student's question to the one card that covers it, or to no card at all.

A card fits when every word of one of its names is in the question and every other word of the
question is harmless: a word of asking, a word of the card's own text, or an aside such as "for
basketball fans". Whatever leaves a word unexplained is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz import fuzz

from transforms.errors import PermanentError
from transforms.script.cards.concept_card import Card, load_cards
from transforms.script.matching.spelling import Speller, slips
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
    """Resolves questions to cards.

    Args:
        cards: the cards to choose from.
        english: words that are never taken for a misspelt word of a card's name.

    Raises:
        ValueError: two cards share a name, or a name has no word of its own.
    """

    def __init__(self, cards: Iterable[Card], english: Set[str] = frozenset()) -> None:
        self._entries = tuple(_entry(card) for card in cards)
        written_together: dict[str, list[str]] = {}
        owners: dict[frozenset[str], str] = {}
        for entry in self._entries:
            for phrase, name in zip(entry.card.phrases, entry.names, strict=True):
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
        """The card that covers a question.

        Args:
            query: the student's own words.
            interest: the student's declared interest; its words may stand in the query too.

        Raises:
            PermanentError: no card covers it, or more than one does; names the nearest topics.
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
            raise _several([match.card, *rivals])
        together = [match.card for match in found.values()] or self._together(asked, harmless)
        if together:
            raise _several(together)
        raise PermanentError(
            "no lesson covers this question yet; the nearest topics are "
            + _titles(self._nearest(asked))
        )

    def _matches(self, asked: Sequence[frozenset[str]], harmless: frozenset[str]) -> list[_Match]:
        said = frozenset().union(*asked)
        return [
            _Match(entry.card, name)
            for entry in self._entries
            for name in entry.names
            if name <= said and _explained(asked, name, entry.context, harmless)
        ]

    def _together(self, asked: Sequence[frozenset[str]], harmless: frozenset[str]) -> list[Card]:
        """Cards that only together explain the question: it asks about all of them."""
        said = frozenset().union(*asked)
        named = {entry: name for entry in self._entries for name in entry.names if name <= said}
        names = frozenset().union(*named.values())
        context = frozenset().union(*(entry.context for entry in named))
        if len(named) < 2 or not _explained(asked, names, context, harmless):
            return []
        return [entry.card for entry in named]

    def _rivals(self, match: _Match, asked: Sequence[frozenset[str]]) -> list[Card]:
        """Cards that must not be confused with the match and that are named beside it."""
        said = frozenset().union(*asked)
        return [
            entry.card
            for entry in self._entries
            if entry.card.id in match.card.distinct_from
            or match.card.id in entry.card.distinct_from
            if any(name <= said and not name <= match.name for name in entry.names)
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
            return hits, max(fuzz.WRatio(line, phrase.lower()) for phrase in entry.card.phrases)

        ranked = sorted(self._entries, key=lambda e: (*(-c for c in closeness(e)), e.card.title))
        return [entry.card for entry in ranked[:3]]


def _entry(card: Card) -> _Entry:
    names = tuple(frozenset(_name_roots(phrase)) for phrase in card.phrases)
    return _Entry(card, names, frozenset(_context(card)))


def _name_roots(phrase: str) -> list[str]:
    return [word for word in roots(words(phrase)) if word not in _FUNCTION]


def _joined(phrase: str) -> set[str]:
    """A name of several words, written as one."""
    said = words(phrase)
    content = [word for word in said if root(word) not in _FUNCTION]
    together = {"".join(said), "".join(content), "".join(map(root, content))}
    return {joined for joined in together if len(said) > 1 and len(joined) >= 7}


def _context(card: Card) -> set[str]:
    """The words a question may contain besides the name: those that the lesson is about.

    Analogies are left out: a recipe may explain a reaction, but "reaction recipes" are no topic.
    """
    spoken = [card.hook, card.definition.simple, card.definition.standard, *card.takeaways]
    spoken += [*card.phrases, *card.definition.bullets]
    spoken += [part for fact in card.facts for part in (fact.text, fact.bullet)]
    spoken += [card.process.heading, card.process.intro, *card.process.steps]
    spoken += card.process.labels
    spoken += [card.misconception.claim, card.misconception.truth]
    spoken += [part for term in card.terms for part in (term.term, term.meaning)]
    if card.worked is not None:
        spoken += card.worked.text
    return {word for text in spoken for word in roots(words(text)) if not word.startswith("#")}


def _explained(
    asked: Sequence[frozenset[str]],
    name: frozenset[str],
    context: frozenset[str],
    harmless: frozenset[str],
) -> bool:
    """Whether every word of a question is part of a name or changes nothing about the topic."""
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
        or (len(reading) >= 6 and any(slips(reading, word, 1) <= 1 for word in context))
        or any(reading[:i] in context and reading[i:] in context for i in range(3, len(reading)))
        for reading in readings
        if reading[0] not in "#=" or reading in context
    )


def _is_count(
    readings: frozenset[str], following: Sequence[frozenset[str]], name: frozenset[str]
) -> bool:
    """True for the "three" of "three states of matter", not for that of "world war three"."""
    counted = name | _COUNTED
    return all(reading.startswith("=") for reading in readings) and any(
        readings & counted for readings in following
    )


def _several(cards: Sequence[Card]) -> PermanentError:
    return PermanentError(
        f"the question names more than one topic; ask about one of {_titles(cards[:3])}"
    )


def _titles(cards: Sequence[Card]) -> str:
    quoted = [f"“{card.title}”" for card in cards]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]


@cache
def load_topic_index() -> TopicIndex:
    """The index over the cards that ship with this package, built once per process."""
    listed = (resources.files(__package__) / "english.txt").read_text("utf-8")
    english = (line for line in listed.splitlines() if not line.startswith("#"))
    return TopicIndex(load_cards().cards.values(), frozenset(english))
