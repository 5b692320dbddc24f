"""Correction of typed words: typos, words split in two and words run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from rapidfuzz.distance import OSA

from transforms.script.matching.words import SYNONYMS, root, root_set, roots

_NO_VERB = root_set("no_verb")


class Speller:
    """Maps typed words to the roots they may stand for, and corrects misspelt names.

    Args:
        names: roots that are part of a topic's name.
        others: further roots that a misspelt word may be corrected to.
        known: roots that are never corrected.
        written_together: names of several words written as one -> roots of the words.
    """

    def __init__(
        self,
        names: Set[str],
        others: Set[str],
        known: Set[str],
        written_together: Mapping[str, Iterable[str]],
    ) -> None:
        self._names = names
        self._known = known
        self._written_together = written_together
        self._spellings = {word: word for word in (*names, *others)}
        self._spellings |= {
            word: same for word, same in SYNONYMS.items() if same in self._spellings
        }

    def read(self, tokens: Sequence[str]) -> list[frozenset[str]]:
        """Return for each word the roots that it may stand for."""
        joined = self._rejoined(tokens)
        return [self._readings(*typed) for typed in zip(joined, roots(joined), strict=True)]

    def _rejoined(self, tokens: Sequence[str]) -> list[str]:
        """Join words split in two ("photo synthesis") and split words run together ("ohmslaw")."""
        result: list[str] = []
        index = 0
        while index < len(tokens):
            word, pair = tokens[index], tokens[index : index + 2]
            if word in self._written_together and root(word) not in self._known:
                result += self._written_together[word]
            elif self._is_split(pair):
                result.append("".join(pair))
                index += 1
            else:
                result.append(word)
            index += 1
        return result

    def _is_split(self, pair: Sequence[str]) -> bool:
        whole = "".join(pair)
        return (
            len(whole) >= 8
            and root(whole) in self._names
            and not {root(word) for word in pair} <= self._names
        )

    def _readings(self, word: str, base: str) -> frozenset[str]:
        if base in self._known or base[0] in "#=":
            return frozenset({base, *self._nouns(base)})
        allowed = _typos_allowed(word)
        distances: dict[str, int] = {}
        for spelling, meant in self._spellings.items():
            distance = min(
                typo_distance(word, spelling, allowed), typo_distance(base, spelling, allowed)
            )
            distances[meant] = min(distance, distances.get(meant, distance))
        least = min(distances.values(), default=allowed + 1)
        if least > allowed:
            return frozenset({base})
        return frozenset(meant for meant, distance in distances.items() if distance == least)

    def _nouns(self, verb: str) -> Set[str]:
        """Return nouns in names that derive from a verb: "conserved" gives "conservation"."""
        if len(verb) < 5 or verb in self._names or verb in _NO_VERB:
            return frozenset()
        return {verb + "ion", verb + "ation"} & self._names


def typo_distance(word: str, name: str, allowed: int) -> int:
    """Return the number of typos (OSA edits) that turn `name` into `word`.

    The result is more than `allowed` if the words differ too much. A word of less than eight
    letters must start like the name: "cave" is not a misspelt "wave".
    """
    if name[0] in "#=" or min(len(word), len(name)) < 4:
        return allowed + 1
    if word[0] != name[0] and len(word) < 8:
        return allowed + 1
    return OSA.distance(word, name, score_cutoff=allowed)


def _typos_allowed(word: str) -> int:
    if len(word) < 5:
        return 0
    return 1 if len(word) < 9 else 2
