"""What students like: from their own words to an interest that cards have analogies for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from transforms.script.matching.words import root, root_set, words

GENERAL = "general"
"""The interest of everybody whose own one is unknown."""


@dataclass(frozen=True)
class Interest:
    """An interest that cards may have an analogy for.

    Attributes:
        name: the key of the analogy in a card.
        fans: completes "<topic> for …" in a title.
        spoken: completes "Take …." before the analogy.
        opening: said after the hook; true of every analogy of this interest.
        plain: words and phrases that name it whatever stands beside them.
        bare: words that name it only when nothing else is said: "art", but not "martial art".
    """

    name: str
    fans: str
    spoken: str
    opening: str
    plain: tuple[str, ...]
    bare: tuple[str, ...] = ()


INTERESTS: Mapping[str, Interest] = {
    interest.name: interest
    for interest in (
        Interest(
            "basketball",
            "basketball fans",
            "basketball",
            "If you follow basketball, the court will give us a good picture of it.",
            ("basketball", "hoops", "nba", "wnba", "slam dunk"),
        ),
        Interest(
            "soccer",
            "soccer fans",
            "soccer",
            "If you follow soccer, the game itself will give us a good picture of it.",
            ("soccer", "fifa", "premier league", "champions league", "association football"),
        ),
        Interest(
            "music",
            "music lovers",
            "music",
            "If you love music, it will lend us an example on the way.",
            (
                *("music", "musician", "guitar", "piano", "violin", "drums", "singing", "singer"),
                *("hip hop", "kpop", "k pop", "jazz", "song"),
            ),
            ("band", "rap", "rapper", "rock", "pop", "choir", "musical"),
        ),
        Interest(
            "cooking",
            "cooking fans",
            "cooking",
            "If you like to cook, we will drop by the kitchen on the way.",
            ("cooking", "baking", "cuisine", "chef", "recipe", "kitchen"),
            ("food", "baker"),
        ),
        Interest(
            "gaming",
            "gamers",
            "video games",
            "If you play video games, they will lend us an example on the way.",
            (
                *("gaming", "gamer", "video game", "videogame", "esports", "minecraft"),
                *("fortnite", "roblox", "xbox", "playstation", "nintendo"),
            ),
        ),
        Interest(
            "art",
            "artists",
            "art",
            "If you like to make art, we will borrow an example from it.",
            ("painting", "drawing", "sketching", "fine art", "visual art"),
            ("art", "artist", "painter"),
        ),
        Interest(
            "dance",
            "dancers",
            "dance",
            "If you dance, we will borrow an example from the dance floor.",
            ("dance", "dancing", "dancer", "ballet", "choreography"),
        ),
        Interest(
            "cars",
            "car fans",
            "cars",
            "If you are into cars, we will borrow an example from the road.",
            ("car", "car racing", "race car", "motorsport", "formula one", "formula 1"),
            ("racing", "driving", "automobile"),
        ),
        Interest(
            "animals",
            "animal lovers",
            "animals",
            "If you love animals, they will help us along the way.",
            ("animal", "horse riding", "wildlife"),
            ("dog", "cat", "horse", "pet"),
        ),
        Interest(
            "space",
            "space fans",
            "space",
            "If space fascinates you, we will look up there on the way.",
            ("outer space", "astronomy", "space travel", "space exploration", "astronaut"),
            ("space", "rocket", "planet", "star"),
        ),
        Interest(
            "fashion",
            "fashion fans",
            "fashion",
            "If you are into fashion, we will take a look in the wardrobe too.",
            ("fashion", "clothes", "clothing", "sneaker"),
            ("style", "shoe"),
        ),
        Interest(
            "movies",
            "movie fans",
            "movies",
            "If you love movies, they will lend us an example too.",
            ("movies", "cinema", "filmmaking"),
            ("movie", "film"),
        ),
        Interest(
            "running",
            "runners",
            "running",
            "If you run, your own legs will give us an example.",
            ("jogging", "marathon", "cross country", "track and field", "sprinting"),
            ("running", "runner", "athletics"),
        ),
        Interest(
            "swimming",
            "swimmers",
            "swimming",
            "If you swim, the water will give us an example.",
            ("swimming", "swimmer", "diving"),
            ("swim",),
        ),
    )
}


def _by_roots(names: Iterable[tuple[str, str]]) -> dict[tuple[str, ...], str]:
    return {tuple(map(root, words(name))): interest for name, interest in names}


_PLAIN = _by_roots((name, i.name) for i in INTERESTS.values() for name in i.plain)
_ANY = _by_roots((name, i.name) for i in INTERESTS.values() for name in i.bare) | _PLAIN
_LONGEST = max(map(len, _ANY))
_UNSPECIFIC = root_set("liking")


def find_interest(text: str) -> Interest | None:
    """The interest that a student's words name, or None.

    Tolerates case, a typo in a long word and words around it: "playing basketball", "Basketbal",
    "the NBA". ``football`` is two different games, so it names none.
    """
    said = [base for base in map(root, words(text)) if base not in _UNSPECIFIC]
    if tuple(said) in _ANY:
        return INTERESTS[_ANY[tuple(said)]]
    for size in range(min(_LONGEST, len(said)), 0, -1):
        for start in range(len(said) - size + 1):
            name = _PLAIN.get(tuple(said[start : start + size]))
            if name is not None:
                return INTERESTS[name]
    return _misspelt(said)


def is_interest(said: Sequence[str]) -> bool:
    """Whether words do nothing but name an interest."""
    return tuple(base for base in map(root, said) if base not in _UNSPECIFIC) in _ANY


def _misspelt(said: list[str]) -> Interest | None:
    if len(said) != 1 or len(said[0]) < 5:
        return None
    allowed = 1 if len(said[0]) < 8 else 2
    for (name, *rest), interest in _PLAIN.items():
        close = not rest and len(name) >= 5 and OSA.distance(said[0], name) <= allowed
        if close and said[0][0] == name[0]:
            return INTERESTS[interest]
    return None
