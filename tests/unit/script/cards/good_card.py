"""A valid card, and copies of it with one replacement."""

from __future__ import annotations

from importlib import resources

SOURCE = "physics/newtons-second-law.toml"
GOOD = (resources.files("transforms.script") / "cards" / SOURCE).read_text("utf-8")


def changed(old: str, new: str) -> str:
    """Return the text of a valid card with one replacement."""
    assert old in GOOD, old
    return GOOD.replace(old, new, 1)
