"""Decides whether a word beside a topic's name changes the meaning of the name.

"Explain inflation" is about inflation, "grade inflation" and "inflation of a tire" are not. A word
beside a name is harmless if it is a word of asking, part of an aside, or a word of the card's own
text that does not stand where a word changes a meaning: right before or after an everyday name, or
after a preposition behind it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from transforms.script.matching.card_words import CardWords, Name
from transforms.script.matching.spelling import typo_distance
from transforms.script.matching.student_question import Beside
from transforms.script.matching.word_lists import (
    COUNTED,
    FILLER,
    FUNCTION,
    JUDGING,
    NEUTRAL,
    STUDYING,
    TELLING,
    TIME,
)
from transforms.script.matching.words import VOCABULARY, root_set

_LIGHT = root_set("light")
_GENERAL = root_set("general")
_BEFORE_NAME = root_set("before_name")
_AFTER_NAME = root_set("after_name")
_KEYWORDS = _AFTER_NAME | root_set("written")
_AFTER_TERM = _KEYWORDS | TELLING
_REQUEST = frozenset(VOCABULARY["request"].split())
_POSSESSIVE = frozenset({"my", "your", "ur", "his", "her", "our"})
_LINKS = frozenset(
    {"of", "in", "on", "at", "from", "by", "with", "for", "to", "into", "onto", "about", "as", "v"}
    | {"and", "or", "between", "vs", "versus", "than", "but"}
)
_NEW_PHRASE = frozenset(
    {"how", "why", "what", "whats", "hows", "whys", "when", "which", "who", "is", "are", "was"}
    | {"were", "do", "does", "did", "can", "could", "so", "if", "i", "im", "ive", "we", "u", "you"}
    | {"it", "me", "because", "explain", "please", "pls", "plz", "isnt", "dont", "that", "has"}
)
_NEGATIONS = frozenset({"not", "no", "without", "except"})
_IDIOM_BEFORE = frozenset({"by", "under", "at", "it", "its", "their", "this", *_POSSESSIVE})
_COPULAS = frozenset({"is", "are", "was", "were", "isnt", "arent", "be"})
_AUXILIARIES = frozenset(
    {"do", "does", "did", "can", "could", "will", "would", "should", "make", "makes", "made"}
)
_OPENING = frozenset({"in", "on", "at", "out", "off", "over", "into", "up", "down"})
_ARTICLES = frozenset({"the", "a", "an", "my", "your", "our"})
_NEVER_IN_NAME = frozenset({"in", "for", "with", "on", "at", "by", "from", "into"})


@dataclass(frozen=True)
class Token:
    """A word of a question with its possible roots.

    Attributes:
        word: the word as typed.
        readings: the roots that it may stand for.
        known: it is a correctly spelt word.
        beside: whether it is part of an aside.
        starts: whether a clause begins with it, or an aside ends before it.
    """

    word: str
    readings: frozenset[str]
    known: bool
    beside: Beside
    starts: bool


def is_about(tokens: Sequence[Token], topics: Sequence[Sequence[Name]], card: CardWords) -> bool:
    """Return True if a question names the topics and no other word changes their meaning.

    Args:
        tokens: the words of the question.
        topics: for each topic, those of its names that the question contains.
        card: the words of the topics' cards.
    """
    return _Reading(tokens, topics, card).is_about()


class _Reading:
    """Interpretation of a question as one about given topics."""

    def __init__(
        self, tokens: Sequence[Token], topics: Sequence[Sequence[Name]], card: CardWords
    ) -> None:
        self._tokens = tokens
        self._card = card
        topics = [[name for name in topic if self._is_together(name)] for topic in topics]
        names = [name for topic in topics for name in topic]
        self._roots = frozenset().union(*(name.roots for name in names))
        self._links = frozenset().union(*(name.links for name in names))
        self._named = [bool(token.readings & self._roots) for token in tokens]
        self._is_named = all(topics)
        self._term = all(any(map(self._is_term, topic)) for topic in topics)
        self._asks_or_studies = any(
            token.readings & STUDYING or token.word in _REQUEST for token in tokens
        )

    def is_about(self) -> bool:
        return self._is_named and all(
            self._named[index] or self._is_harmless(index) for index in range(len(self._tokens))
        )

    def _is_together(self, name: Name) -> bool:
        """Return False if a word between those of a name separates them: "fall in Rome"."""
        places = [
            index
            for index, token in enumerate(self._tokens)
            if token.readings & name.roots and token.beside < Beside.ASIDE
        ]
        for first, second in pairwise(places):
            between = {token.word for token in self._tokens[first + 1 : second]}
            if len(between) == 1 and between <= _NEVER_IN_NAME - name.links:
                return False
            if _POSSESSIVE & between and not (name.technical or name.links & _POSSESSIVE):
                return False
            same = self._tokens[first].readings & self._tokens[second].readings
            if same and between and between <= _LINKS - name.links and not name.technical:
                return False  # heart to heart
        return True

    def _is_term(self, name: Name) -> bool:
        """Return True if a name is a term, whose meaning few other words change.

        It has a technical word, or consists of several words with only function words between.
        """
        if name.technical:
            return True
        places = [i for i, token in enumerate(self._tokens) if token.readings & name.roots]
        return len(name.roots) > 1 and all(
            self._named[index]
            or (
                self._tokens[index].word in FUNCTION and self._tokens[index].word not in _POSSESSIVE
            )
            for index in range(places[0], places[-1])
        )

    def _is_harmless(self, index: int) -> bool:
        token = self._tokens[index]
        if token.beside >= (Beside.LOOSE if self._term else Beside.ASIDE):
            return True
        if token.word in FUNCTION or token.word == "v":
            return self._keeps_sense(index)
        if self._is_number(token) and self._is_count(index):
            return True
        if token.readings & NEUTRAL and not self._makes_idiom(index):
            return True
        if self._card.subjects & token.readings and not self._is_linked(index, {"of"}):
            return True
        if token.readings & TIME and not self._stands_before(index):
            return self._term or self._asks_or_studies
        if token.readings & (TELLING | JUDGING | STUDYING) and self._is_harmless_comment(index):
            return True
        return self._is_harmless_card_word(index)

    def _keeps_sense(self, index: int) -> bool:
        """Return False if a function word before a name makes an idiom: "by heart"."""
        word = self._tokens[index].word
        if not self._stands_before(index):
            return True
        if word in _NEGATIONS - self._links:
            return False
        if self._term or word in self._links:
            return True
        needed = word == "for" and index > 0 and self._tokens[index - 1].word == "need"
        asked = self._follows(index, {"does", "do", "did"})  # why does it rain
        return (word not in _IDIOM_BEFORE or asked) and not needed and not self._opens_clause(index)

    def _opens_clause(self, index: int) -> bool:
        """Return True if the clause before a name is only a preposition: "in the", "out of the"."""
        first = index
        while not self._tokens[first].starts:
            first -= 1
        before = {token.word for token in self._tokens[first : index + 1]}
        return self._tokens[first].word in _OPENING and before <= FUNCTION | _OPENING

    def _makes_idiom(self, index: int) -> bool:
        """Return True if a light verb before an everyday name makes an idiom: "make waves"."""
        light = bool(self._tokens[index].readings & _LIGHT)
        return (
            light and not self._term and self._stands_before(index) and not self._is_inside(index)
        )

    def _is_inside(self, index: int) -> bool:
        """Return True if a word stands between two words of a name."""
        return any(self._named[:index]) and any(self._named[index:])

    def _is_harmless_comment(self, index: int) -> bool:
        """Return True if a word such as "definition" or "easy" does not modify the name."""
        readings = self._tokens[index].readings
        if self._stands_before(index) or self._modifies_other(index):
            keyword = self._term and bool(readings & _KEYWORDS) and self._tokens[index].starts
            return keyword or bool(readings & _BEFORE_NAME)
        if readings & JUDGING and self._follows(index, _COPULAS):
            return True
        if self._stands_after(index):
            return bool(readings & (_AFTER_TERM if self._term else _AFTER_NAME))
        if self._is_linked(index, _LINKS):
            return False
        return self._term or not self._has_complement(index) or bool(readings & TELLING)

    def _is_harmless_card_word(self, index: int) -> bool:
        """Return True if a word of the card's text stands where it does not modify the name."""
        token = self._tokens[index]
        if not self._is_of_card(token):
            return False
        core, common = (
            bool(token.readings & each) for each in (self._card.core, self._card.common)
        )
        previous = self._tokens[index - 1]
        told = bool(token.readings & (TELLING | JUDGING | STUDYING | _GENERAL))
        special = not told and (core or self._is_near(token))
        if self._term:
            if self._stands_after(index) and not self._is_verb(index):
                return special or self._is_number(token) or self._is_pair(previous, token)
            if special or self._is_number(token):
                return True
            if self._stands_before(index):
                own = not told and (not common or token.word.endswith("ing"))
                return own or self._is_pair(token, self._tokens[index + 1])
            joined = told and self._tokens[index - 1].word in _LINKS
            return not self._is_linked(index, _LINKS if joined else {"of"})
        if token.beside is Beside.LOOSE:
            return True
        if self._is_number(token):
            return not self._stands_after(index)
        if previous.word in _ARTICLES and self._stands_after(index - 1):
            return False  # weather the storm
        if self._stands_before(index):
            return self._is_pair(token, self._tokens[index + 1])
        if self._stands_after(index):
            return self._is_pair(self._tokens[index - 1], token) or self._follows(
                index, _AUXILIARIES
            )
        return (special and not common) or not self._is_linked(index, _LINKS)

    def _is_of_card(self, token: Token) -> bool:
        context = self._card.all
        return any(
            reading in context
            or (
                not token.known
                and len(reading) >= 6
                and any(typo_distance(reading, word, 1) <= 1 for word in context)
            )
            or (
                not token.known
                and any(
                    reading[:i] in context and reading[i:] in context
                    for i in range(4, len(reading) - 3)
                )
            )
            for reading in token.readings
        )

    def _is_pair(self, first: Token, second: Token) -> bool:
        return any((a, b) in self._card.pairs for a in first.readings for b in second.readings)

    def _is_near(self, token: Token) -> bool:
        """Return True if a sentence of the card has both the word and a word of the name."""
        return any(
            (reading, root) in self._card.near for reading in token.readings for root in self._roots
        )

    def _is_verb(self, index: int) -> bool:
        """Return True if a word is the verb of the clause: "change" in "why do seasons change"."""
        passive = self._tokens[index].word.endswith("ed") and self._follows(index, _COPULAS)
        return passive or self._follows(index, _AUXILIARIES)

    def _follows(self, index: int, verbs: Set[str]) -> bool:
        """Return True if one of the verbs stands before the word."""
        return any(token.word in verbs for token in self._tokens[:index])

    def _stands_before(self, index: int) -> bool:
        after = index + 1
        return after < len(self._tokens) and self._named[after] and not self._tokens[after].starts

    def _stands_after(self, index: int) -> bool:
        return index > 0 and self._named[index - 1] and not self._tokens[index].starts

    def _modifies_other(self, index: int) -> bool:
        """Return True if a word modifies another word than the name: "class" in "class energy"."""
        following = self._tokens[index + 1 : index + 2]
        return any(
            not token.starts and token.word not in FUNCTION and not token.readings & FILLER
            for token in following
        )

    def _has_complement(self, index: int) -> bool:
        return self._tokens[index + 1 : index + 2] != [] and self._tokens[index + 1].word == "of"

    def _is_linked(self, index: int, links: Set[str]) -> bool:
        """Return True if a preposition connects the word with a name before it."""
        linked = False
        while not self._tokens[index].starts:
            index -= 1
            token = self._tokens[index]
            word = token.word
            if self._named[index]:
                return linked
            doing = word.endswith("ing") and token.readings & (NEUTRAL | self._card.core)
            if word in _NEW_PHRASE or doing:
                return False
            linked = linked or word in links
        return False

    def _is_number(self, token: Token) -> bool:
        return token.word[0].isdecimal() or all(r.startswith("=") for r in token.readings)

    def _is_count(self, index: int) -> bool:
        """Return True if a number counts the next word: "three states", not "world war three"."""
        following = self._tokens[index + 1 : index + 2]
        return any(token.readings & (self._roots | COUNTED) for token in following)
