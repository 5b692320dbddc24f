"""Matcher of a student's question with the card that covers it, or the two it compares.

A card matches if the question contains every word of one of its names and no word beside the name
changes its meaning (`modifiers`). A question with any other word is refused; the matcher does not
guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import combinations, pairwise

from rapidfuzz import fuzz, process

from transforms.errors import PermanentError
from transforms.script.cards.concept_card import Card, load_cards
from transforms.script.matching.card_words import (
    CardWords,
    Name,
    card_words,
    parse_name,
    written_together,
)
from transforms.script.matching.modifiers import Token, is_about
from transforms.script.matching.spelling import Speller
from transforms.script.matching.student_question import Beside, Spoken, parse_student_question
from transforms.script.matching.word_lists import FILLER
from transforms.script.matching.words import VOCABULARY, english_roots

_COMPARING = frozenset(VOCABULARY["comparing"].split())


@dataclass(frozen=True, eq=False)
class _Entry:
    card: Card
    names: tuple[Name, ...]
    phrases: tuple[str, ...]
    roots: frozenset[str]
    words: CardWords


class TopicIndex:
    """Index of the cards' names, which resolves a question to its cards.

    Args:
        cards: the cards to choose from.
        english: roots of correctly spelt words, which are never corrected to those of a name.

    Raises:
        ValueError: two cards share a name, or a name consists of function words only.
    """

    def __init__(self, cards: Iterable[Card], english: Set[str] = frozenset()) -> None:
        cards = tuple(cards)
        words = card_words(cards)
        self._entries = tuple(_entry(card, words[card.id]) for card in cards)
        joined: dict[str, list[str]] = {}
        owners: dict[frozenset[str], str] = {}
        for entry in self._entries:
            for phrase, name in zip(entry.card.names, entry.names, strict=True):
                if not name.roots:
                    raise ValueError(f"{entry.card.id}: {phrase!r} names no topic")
                owner = owners.setdefault(name.roots, entry.card.id)
                if owner != entry.card.id:
                    raise ValueError(f"{phrase!r} names both {owner} and {entry.card.id}")
                joined |= written_together(phrase)
        names = frozenset().union(*owners)
        self._named_by = {
            name: [entry for entry in self._entries if name in entry.roots] for name in names
        }
        known = names.union(FILLER, *(entry.words.all for entry in self._entries))
        asking = frozenset(f"{VOCABULARY['neutral']} {VOCABULARY['telling']}".split())
        self._speller = Speller(names, asking, known.union(english), joined)

    def resolve(self, query: str, interest: str = "") -> Card:
        """Return the one card that covers a question.

        Raises:
            PermanentError: as for `find`, and if the question compares two cards.
        """
        found = self.find(query, interest)
        if len(found) > 1:
            raise _ambiguous(found)
        return found[0]

    def find(self, query: str, interest: str = "") -> tuple[Card, ...]:
        """Return the card that covers a question, or the two that it compares.

        Args:
            query: the question as the student typed it.
            interest: the student's declared interest; the query may contain it too.

        Raises:
            PermanentError: no card covers the question, or several do that it does not compare;
                the message names the nearest.
        """
        tokens = self._read(query, interest)
        asked = [token for token in tokens if token.beside is Beside.TOPIC]
        found = self._covering_cards(tokens, asked)
        if not found and len(asked) < len(tokens):
            tokens = self._without_doubtful_asides(tokens)
            found = self._covering_cards(tokens, tokens)
        if _COMPARING & {token.word for token in tokens}:
            most = max((_coverage([entry], asked) for entry in found), default=0)
            pairs = self._covering_pairs(tokens, asked, more_than=most)
            if len(pairs) == 1 and _may_be_compared(*pairs[0]):
                return tuple(entry.card for entry in sorted(pairs[0], key=_place_in(asked)))
            if pairs:
                raise _ambiguous([e.card for e in dict.fromkeys(e for pair in pairs for e in pair)])
        if len(found) == 1:
            [(entry, name)] = found.items()
            rivals = self._rivals(entry, name, tokens)
            if not rivals:
                return (entry.card,)
            raise _ambiguous([entry.card, *rivals])
        several = [entry.card for entry in found] or self._cards_named_together(tokens, asked)
        if several:
            raise _ambiguous(several)
        raise PermanentError(
            "no lesson covers this question yet; the nearest topics are "
            + _titles(self._nearest(asked))
        )

    def _read(self, query: str, interest: str) -> list[Token]:
        """Parse a question into words with roles, and correct their spelling."""
        tokens: list[Token] = []
        spoken = parse_student_question(query, interest).spoken
        starts = [
            index for index, each in enumerate(spoken) if each.starts or _differ(spoken, index)
        ]
        for start, end in pairwise((*starts, len(spoken))):
            part = spoken[start:end]
            for index, (word, readings) in enumerate(
                self._speller.read([each.word for each in part])
            ):
                known = self._speller.knows(word)
                first = index == 0 and part[0].starts
                tokens.append(Token(word, readings, known, part[0].beside, first))
        return tokens

    def _without_doubtful_asides(self, tokens: Sequence[Token]) -> list[Token]:
        """Reclassify uncertain asides, and statements that name a topic, as topic words."""
        result: list[Token] = []
        starts = [index for index, token in enumerate(tokens) if token.starts or index == 0]
        for start, end in pairwise((*starts, len(tokens))):
            clause = tokens[start:end]
            named = bool(self._matching_names(clause))
            for token in clause:
                doubtful = token.beside is Beside.LOOSE or (
                    named and token.beside is Beside.STATEMENT
                )
                result.append(replace(token, beside=Beside.TOPIC) if doubtful else token)
        return result

    def _covering_cards(
        self, tokens: Sequence[Token], asked: Sequence[Token]
    ) -> dict[_Entry, Name]:
        """Return the cards whose longest matching name covers the question, by that name."""
        longest = {
            entry: max(names, key=lambda name: len(name.roots))
            for entry, names in self._matching_names(asked).items()
            if is_about(tokens, [names], entry.words)
        }
        most = max((len(name.roots) for name in longest.values()), default=0)
        return {entry: name for entry, name in longest.items() if len(name.roots) == most}

    def _covering_pairs(
        self, tokens: Sequence[Token], asked: Sequence[Token], *, more_than: int
    ) -> list[tuple[_Entry, _Entry]]:
        """Return the pairs of cards that together cover a question and match most of its words."""
        named = self._matching_names(asked)
        covered = {
            (one, two): _coverage((one, two), asked)
            for one, two in combinations(named, 2)
            if _coverage((one, two), asked) > max(_coverage([one], asked), _coverage([two], asked))
        }
        most = max(covered.values(), default=0)
        return [
            pair
            for pair, count in covered.items()
            if count == most > more_than
            and is_about(tokens, [named[pair[0]], named[pair[1]]], _merged_words(pair))
        ]

    def _matching_names(self, asked: Sequence[Token]) -> dict[_Entry, list[Name]]:
        """Return the cards that a question names, each with the names that match."""
        present = _present(asked)
        named = {
            entry: [name for name in entry.names if name.roots <= present]
            for entry in self._entries
        }
        return {entry: names for entry, names in named.items() if names}

    def _cards_named_together(self, tokens: Sequence[Token], asked: Sequence[Token]) -> list[Card]:
        """Return the several cards that a question names, if together they cover it; else none."""
        named = self._matching_names(asked)
        if len(named) < 2 or not is_about(tokens, list(named.values()), _merged_words(named)):
            return []
        return [entry.card for entry in named]

    def _rivals(self, found: _Entry, by: Name, tokens: Sequence[Token]) -> list[Card]:
        """Return the named cards that `distinct_from` says must not be confused with the found."""
        return [
            entry.card
            for entry, names in self._matching_names(tokens).items()
            if entry is not found and _are_distinct(entry.card, found.card)
            if any(not name.roots <= by.roots for name in names)
        ]

    def _nearest(self, asked: Sequence[Token]) -> list[Card]:
        content = [min(token.readings) for token in asked if not token.readings & FILLER]
        line = " ".join(content)
        close = [self._close_roots(word) for word in content]
        hits = dict.fromkeys(self._entries, 0.0)
        for word, found in zip(content, close, strict=True):
            likest = dict.fromkeys(self._entries, 0.0)
            for root_, score in found.items():
                for entry in self._named_by[root_]:
                    likest[entry] = max(likest[entry], score)
            for entry, score in likest.items():
                hits[entry] += score or 40 * (word in entry.words.all)
        least = sorted(hits.values())[-3:][0]
        likeness = {
            entry: process.extractOne(line, entry.phrases, scorer=fuzz.WRatio)[1]
            for entry in self._entries
            if hits[entry] >= least
        }
        ranked = sorted(likeness, key=lambda e: (-hits[e], -likeness[e], e.card.title))
        return [entry.card for entry in ranked[:3]]

    def _close_roots(self, word: str) -> dict[str, float]:
        """Return the roots of names with a spelling like a word's, and their similarity (0-100)."""
        found = process.extract(
            word, tuple(self._named_by), scorer=fuzz.ratio, score_cutoff=75, limit=None
        )
        return {root: score for root, score, _ in found}


def _entry(card: Card, words: CardWords) -> _Entry:
    names = tuple(map(parse_name, card.names))
    phrases = tuple(phrase.lower() for phrase in card.names)
    return _Entry(card, names, phrases, _all_roots(names), words)


def _differ(spoken: Sequence[Spoken], index: int) -> bool:
    return index > 0 and spoken[index].beside is not spoken[index - 1].beside


def _present(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset().union(*(token.readings for token in tokens))


def _all_roots(names: Iterable[Name]) -> frozenset[str]:
    return frozenset().union(*(name.roots for name in names))


def _coverage(entries: Sequence[_Entry], asked: Sequence[Token]) -> int:
    """Count the words of a question that belong to names of the cards."""
    present = _present(asked)
    names = [name for each in entries for name in each.names if name.roots <= present]
    roots = _all_roots(names)
    return sum(bool(token.readings & roots) for token in asked)


def _place_in(asked: Sequence[Token]) -> Callable[[_Entry], int]:
    """Return a sort key: the index of the first word of a question that names a card."""
    present = _present(asked)

    def place(entry: _Entry) -> int:
        roots = _all_roots(name for name in entry.names if name.roots <= present)
        return next(index for index, token in enumerate(asked) if token.readings & roots)

    return place


def _merged_words(entries: Iterable[_Entry]) -> CardWords:
    """Merge the vocabularies of several cards."""
    cards = [entry.words for entry in entries]
    return CardWords(
        **{
            field.name: frozenset().union(*(getattr(words, field.name) for words in cards))
            for field in fields(CardWords)
        }
    )


def _may_be_compared(one: _Entry, two: _Entry) -> bool:
    return _are_distinct(one.card, two.card) or one.card.subject == two.card.subject


def _are_distinct(one: Card, two: Card) -> bool:
    return one.id in two.distinct_from or two.id in one.distinct_from


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
    return TopicIndex(load_cards().cards.values(), english_roots())
