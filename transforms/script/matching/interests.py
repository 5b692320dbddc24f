"""Recognition of a student's interest, such as basketball, in free text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from transforms.script.matching.words import root, root_set, words

GENERAL = "general"
"""Key of a card's analogy for students without a known interest."""


@dataclass(frozen=True)
class Interest:
    """An interest of students, such as basketball, with its names and phrases for a lesson.

    Attributes:
        name: the key of the analogy in a card.
        fans: completes "<topic> for …" in a title.
        spoken: completes "Take …." before the analogy.
        opening: sentence after the hook; it fits every analogy of this interest.
        names: words and phrases that name the interest in any context.
        names_alone: words that name it only as the whole text: "art", but not "martial art".
    """

    name: str
    fans: str
    spoken: str
    opening: str
    names: tuple[str, ...]
    names_alone: tuple[str, ...] = ()


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


_NAMES = _by_roots((name, i.name) for i in INTERESTS.values() for name in i.names)
_ALL_NAMES = (
    _by_roots((name, i.name) for i in INTERESTS.values() for name in i.names_alone) | _NAMES
)
_LONGEST = max(map(len, _ALL_NAMES))
_UNSPECIFIC = root_set("liking")


def find_interest(text: str) -> Interest | None:
    """Return the interest that a text names, or None.

    Case, a typo in a long word and surrounding words are tolerated: "playing basketball",
    "Basketbal", "the NBA". "football" names two different games, so the result is None.
    """
    tokens = [base for base in map(root, words(text)) if base not in _UNSPECIFIC]
    if tuple(tokens) in _ALL_NAMES:
        return INTERESTS[_ALL_NAMES[tuple(tokens)]]
    for size in range(min(_LONGEST, len(tokens)), 0, -1):
        for start in range(len(tokens) - size + 1):
            name = _NAMES.get(tuple(tokens[start : start + size]))
            if name is not None:
                return INTERESTS[name]
    return _find_misspelt(tokens)


def is_interest(tokens: Sequence[str]) -> bool:
    """Return True if the words name an interest and contain nothing else."""
    return tuple(base for base in map(root, tokens) if base not in _UNSPECIFIC) in _ALL_NAMES


def _find_misspelt(tokens: list[str]) -> Interest | None:
    if len(tokens) != 1 or len(tokens[0]) < 5:
        return None
    allowed = 1 if len(tokens[0]) < 8 else 2
    for (name, *rest), interest in _NAMES.items():
        close = not rest and len(name) >= 5 and OSA.distance(tokens[0], name) <= allowed
        if close and tokens[0][0] == name[0]:
            return INTERESTS[interest]
    return None
