"""Loader of concept cards, the reviewed material that the offline engine composes from.

A card is a TOML file ``<subject>/<id>.toml`` in this package. The numbers of a worked example are
computed while the card is loaded and inserted into its text, so they cannot disagree.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from transforms.script.cards.card import Band, BandName, Card, Subject
from transforms.script.cards.rules import find_problems

__all__ = [
    "Band",
    "BandName",
    "Card",
    "CardError",
    "Library",
    "Problem",
    "Subject",
    "load_cards",
    "parse_card",
    "read_library",
]


class Problem(NamedTuple):
    """A breach of the card format: file, key, and what is wrong with its remedy."""

    file: str
    key: str
    problem: str

    def __str__(self) -> str:
        return ": ".join(filter(None, self))


class CardError(ValueError):
    """A card does not follow the format; `args` are the problems."""

    args: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True)
class Library:
    """Cards by id, and the SHA-256 digest (hex) of the files they were read from."""

    cards: Mapping[str, Card]
    digest: str


_ADAPTER = TypeAdapter(Card)

_REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "is no key of the format; remove it or mend its spelling",
    "unexpected_keyword_argument": "is no key of the format; remove it or mend its spelling",
}
"""Remedy by type of pydantic error, where the error's message names none."""


def parse_card(text: str, source: str, *, checked: bool = False) -> Card:
    """Parse a TOML document into a card and compute its numbers.

    Args:
        text: the document.
        source: ``<subject>/<id>.toml``; the card must agree with it, and messages name it.
        checked: the rules of `find_problems` are known to hold, since they take a second for all
            cards.

    Raises:
        CardError: the document does not follow the format.
    """
    try:
        card = _ADAPTER.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CardError(Problem(source, "", f"{error}; mend the TOML")) from error
    except ValidationError as error:
        problems = (_problem(source, each) for each in error.errors(include_url=False))
        raise CardError(*problems) from error
    if not checked and (found := list(find_problems(card, source))):
        raise CardError(*(Problem(source, key, problem) for key, problem in found))
    return replace(card, middle=_with_numbers(card.middle), high=_with_numbers(card.high))


@cache
def load_cards() -> Library:
    """Return the cards of this package; they are read once per process.

    The tests check them, so a process does not.

    Raises:
        CardError: a card breaks the format, or two cards have the same id.
    """
    return read_library(resources.files("transforms.script.cards"), checked=True)


def read_library(root: Traversable, *, checked: bool = False) -> Library:
    """Read the cards of a folder, which has one subfolder per subject and one file per topic.

    Args:
        root: the folder.
        checked: as for `parse_card`.

    Raises:
        CardError: a card breaks the format, two share an id, or `distinct_from` names no card.
    """
    cards: dict[str, Card] = {}
    digest = hashlib.sha256()
    for source, data in card_files(root):
        card = parse_card(data.decode(), source, checked=checked)
        if card.id in cards:
            problem = f"{card.id!r} is also the id of another card; rename one"
            raise CardError(Problem(source, "id", problem))
        cards[card.id] = card
        digest.update(f"{source}\0{len(data)}\0".encode() + data)
    for card in cards.values():
        for other in card.distinct_from:
            if other not in cards or other == card.id:
                source = f"{card.subject}/{card.id}.toml"
                problem = f"{other!r} is not another card; add that card or leave the id out"
                raise CardError(Problem(source, "distinct_from", problem))
    return Library(cards, digest.hexdigest())


def card_files(root: Traversable) -> Iterator[tuple[str, bytes]]:
    """Yield ``<subject>/<id>.toml`` and the bytes of each card in a folder, sorted."""
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".toml"):
                    yield f"{folder.name}/{file.name}", file.read_bytes()


def _with_numbers(band: Band | None) -> Band | None:
    if band is None or band.worked is None:
        return band
    return replace(band, worked=band.worked.with_numbers())


def _problem(source: str, error: Any) -> Problem:
    key = ".".join(str(part) for part in error["loc"])
    return Problem(source, key, _REMEDIES.get(error["type"], error["msg"]))
