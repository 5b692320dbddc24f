"""What a typed word may stand for: slips of the keyboard, words split and words run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from rapidfuzz.distance import OSA

from transforms.script.matching.words import SAME, root, root_set, roots

_NO_VERB = root_set("no_verb")


class Speller:
    """Reads words as roots, and unknown ones as misspelt names.

    Args:
        names: roots that are part of a topic's name.
        others: further roots that a misspelt word may stand for.
        known: roots that are right as they are.
        written_together: names of several words written as one -> the roots they stand for.
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
        self._spellings |= {word: same for word, same in SAME.items() if same in self._spellings}

    def read(self, said: Sequence[str]) -> list[frozenset[str]]:
        """For each word, the roots it may stand for."""
        joined = self._joined_up(said)
        return [self._readings(*typed) for typed in zip(joined, roots(joined), strict=True)]

    def _joined_up(self, said: Sequence[str]) -> list[str]:
        """The words with "photo synthesis" written together and "ohmslaw" written apart."""
        result: list[str] = []
        index = 0
        while index < len(said):
            word, pair = said[index], said[index : index + 2]
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
        allowed = _slips_allowed(word)
        distances: dict[str, int] = {}
        for spelling, meant in self._spellings.items():
            distance = min(slips(word, spelling, allowed), slips(base, spelling, allowed))
            distances[meant] = min(distance, distances.get(meant, distance))
        least = min(distances.values(), default=allowed + 1)
        if least > allowed:
            return frozenset({base})
        return frozenset(meant for meant, distance in distances.items() if distance == least)

    def _nouns(self, verb: str) -> Set[str]:
        """The "conservation" of "how is energy conserved"."""
        if len(verb) < 5 or verb in self._names or verb in _NO_VERB:
            return frozenset()
        return {verb + "ion", verb + "ation"} & self._names


def slips(word: str, name: str, allowed: int) -> int:
    """Slips of the keyboard between two words; more than `allowed` when they are two words.

    A short word must begin as the name does: "cave" is no misspelt "wave".
    """
    if name[0] in "#=" or min(len(word), len(name)) < 4:
        return allowed + 1
    if word[0] != name[0] and len(word) < 8:
        return allowed + 1
    return OSA.distance(word, name, score_cutoff=allowed)


def _slips_allowed(word: str) -> int:
    if len(word) < 5:
        return 0
    return 1 if len(word) < 9 else 2
