"""Vocabulary of the cards, for matching: words of their texts and names of their topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from transforms.script.cards.concept_card import Card
from transforms.script.matching.word_lists import FUNCTION, SUBJECTS
from transforms.script.matching.words import root, root_set, roots, words
from transforms.text.sentences import split_sentences

_COMMON = 0.1
"""Share of the cards above which a word is common."""

_TECHNICAL = root_set("technical")


@dataclass(frozen=True)
class Name:
    """A name of a topic, reduced to the roots of its words.

    Attributes:
        roots: the roots of its words without function words.
        links: the function words in it.
        technical: it has a technical term, which has no everyday meaning.
    """

    roots: frozenset[str]
    links: frozenset[str] = frozenset()
    technical: bool = False


@dataclass(frozen=True)
class CardWords:
    """The vocabulary of a card's text.

    Attributes:
        subjects: words for the subject of the card.
        all: the roots of all words.
        core: the roots of the words in its names, terms and labels.
        common: those of `all` that many cards use.
        pairs: roots of words that stand next to one another.
        near: a root of `all` and one of a name that stand in one sentence.
    """

    subjects: Set[str]
    all: Set[str]
    core: Set[str]
    common: Set[str]
    pairs: Set[tuple[str, str]]
    near: Set[tuple[str, str]]


def card_words(cards: Sequence[Card]) -> Mapping[str, CardWords]:
    """Collect the vocabulary of each card, by card id."""
    of_cards = {card.id: frozenset(_context(card)) for card in cards}
    counts = Counter(word for context in of_cards.values() for word in context)
    common = {word for word in counts if counts[word] > _COMMON * max(len(cards), 10)}
    found = {}
    for card in cards:
        sentences = list(_sentences(card))
        found[card.id] = CardWords(
            subjects=SUBJECTS[card.subject] | SUBJECTS["any"],
            all=of_cards[card.id],
            core=frozenset(_core(card)),
            common=common & of_cards[card.id],
            pairs=frozenset(pair for words in sentences for pair in pairwise(words)),
            near=frozenset(_near(card, sentences)),
        )
    return found


def parse_name(phrase: str) -> Name:
    """Parse a phrase that names a topic into its roots and function words."""
    tokens = words(phrase)
    content = frozenset(
        base
        for word, base in zip(tokens, roots(tokens), strict=True)
        if word not in FUNCTION or base.startswith("#")
    )
    links = frozenset(tokens) & FUNCTION
    return Name(content, links, technical=bool(content & _TECHNICAL))


def written_together(phrase: str) -> dict[str, list[str]]:
    """Return the one-word spellings of a name ("ohmslaw"), each with the roots of its words."""
    tokens = words(phrase)
    content = [word for word in tokens if word not in FUNCTION]
    together = {"".join(tokens), "".join(content), "".join(map(root, content))}
    if len(tokens) < 2:
        return {}
    return {joined: [root(word) for word in content] for joined in together if len(joined) >= 7}


def _context(card: Card) -> Iterator[str]:
    for text in card.texts():
        yield from (word for word in roots(words(text)) if not word.startswith("#"))


def _core(card: Card) -> Iterator[str]:
    terms = (term.term for band in card.bands.values() for term in band.terms)
    labels = (label for band in card.bands.values() for label in band.process.labels)
    for text in (*card.names, *terms, *labels):
        yield from roots(words(text))


def _near(card: Card, sentences: Sequence[list[str]]) -> Iterator[tuple[str, str]]:
    named = frozenset().union(*(parse_name(phrase).roots for phrase in card.names))
    for sentence in sentences:
        for name in named.intersection(sentence):
            yield from ((word, name) for word in sentence)


def _sentences(card: Card) -> Iterator[list[str]]:
    for text in card.texts():
        yield from (roots(words(sentence)) for sentence in split_sentences(text))
