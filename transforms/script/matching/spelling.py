"""Spelling corrector: typos, words split in two and words run together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from rapidfuzz import process
from rapidfuzz.distance import OSA

from transforms.script.matching.words import SYNONYMS, root, root_set, roots

LEAST_FILLER = 6
"""Minimum letters of a misspelt question word: "steve" is no misspelt "step"."""

_LONG = 9
"""Minimum letters of a word that may have two typos anywhere."""

_NO_VERB = root_set("no_verb")


class Speller:
    """Corrects misspelt topic names; maps each typed word to the roots it may stand for.

    Args:
        names: roots that are part of a topic's name.
        others: words of asking; a long word with one typo may be corrected to them.
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
        self._others = {word: root(word) for word in others if len(word) >= LEAST_FILLER}
        self._spellings = {word: word for word in names}
        self._spellings |= {
            word: same for word, same in SYNONYMS.items() if same in self._spellings
        }
        self._choices = tuple(self._spellings)
        self._other_choices = tuple(self._others)

    def read(self, tokens: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
        """Return each word with the roots that it may stand for."""
        joined = self._rejoined(tokens)
        return [
            (word, self._readings(word, base))
            for word, base in zip(joined, roots(joined), strict=True)
        ]

    def knows(self, word: str) -> bool:
        """Return True if a word is known, so that it is never corrected."""
        return root(word) in self._known

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
        for typed in {word, base if len(base) > 4 else word}:
            for spelling, distance in _close(typed, self._choices, allowed):
                meant = self._spellings[spelling]
                distances[meant] = min(distance, distances.get(meant, distance))
        if not distances:
            return frozenset({self._others.get(self._filler(word), base)})
        least = min(distances.values())
        return frozenset(meant for meant, distance in distances.items() if distance == least)

    def _filler(self, word: str) -> str:
        """Return the question word that a long word misspells, or an empty string."""
        if len(word) < LEAST_FILLER:
            return ""
        found = (
            other
            for other, distance in _close(word, self._other_choices, 2)
            if distance == 1 or (word[:3] == other[:3] and len(word) > LEAST_FILLER)
        )
        return next(found, "")

    def _nouns(self, verb: str) -> Set[str]:
        """Return nouns in names that derive from a verb: "conserved" gives "conservation"."""
        if len(verb) < 5 or verb in self._names or verb in _NO_VERB:
            return frozenset()
        return {verb + "ion", verb + "ation"} & self._names


def _close(word: str, spellings: Iterable[str], allowed: int) -> Iterator[tuple[str, int]]:
    """Yield each known spelling within `allowed` typos of a word, with its distance."""
    near = process.extract(
        word,
        spellings,
        scorer=OSA.distance,  # type: ignore[arg-type]  # typed for scores, works for distances
        score_cutoff=allowed,
        limit=None,
    )
    for spelling, _, _ in near:
        if (distance := typo_distance(word, spelling, allowed)) <= allowed:
            yield spelling, distance


def typo_distance(word: str, name: str, allowed: int) -> int:
    """Return the edit distance (OSA) from `name` to `word`, in typos.

    The result is more than `allowed` if the words differ too much. A word of less than eight
    letters must start like the name: "cave" is not a misspelt "wave".
    """
    if name[0] in "#=" or min(len(word), len(name)) < 4:
        return allowed + 1
    if word[0] != name[0] and len(word) < 8:
        return allowed + 1
    distance = OSA.distance(word, name, score_cutoff=allowed)
    alike = word[:2] == name[:2] and len(name) > 6  # "therom"
    return distance if distance < 2 or alike or len(word) >= _LONG else allowed + 1


def _typos_allowed(word: str) -> int:
    if len(word) < 5:
        return 0
    return 1 if len(word) < 6 else 2
