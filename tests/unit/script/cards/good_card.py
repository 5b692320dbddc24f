"""A valid card without pictures, and copies of it with one replacement."""

from __future__ import annotations

import re
from importlib import resources

SOURCE = "physics/newtons-second-law.toml"
SHIPPED = (resources.files("transforms.script") / "cards" / SOURCE).read_text("utf-8")
_PICTURES_OR_MARK = re.compile(
    r"^\[\[pictures\]\].*?(?=^\[\[quiz\]\])|(?<!\n)\[\[[a-z][a-z0-9_.-]*\]\]", re.M | re.S
)


def without_pictures(card: str) -> str:
    """Return the text of a card without pictures and marks."""
    return _PICTURES_OR_MARK.sub("", card)


GOOD = without_pictures(SHIPPED)


def changed(old: str, new: str) -> str:
    """Return the text of a valid card with one replacement."""
    assert old in GOOD, old
    return GOOD.replace(old, new, 1)
