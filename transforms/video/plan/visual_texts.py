"""Texts of the elements of a scene's visual; each appears when its text is spoken."""

from __future__ import annotations

from transforms.model import Visual

MAX_ITEMS = 6
"""Items of a visual; further ones are not shown."""
_LIST_KINDS = frozenset({"steps", "process", "cycle", "timeline"})
_CHART_KINDS = frozenset({"plot", "number-line"})


def is_drawn(visual: Visual) -> bool:
    """Return whether a visual stands on the slide; bullets alone are none."""
    return visual.kind == "picture" or bool(visual_texts(visual))


def visual_texts(visual: Visual) -> tuple[str, ...]:
    """Return the text of each element of a visual, in the same order.

    Formulas, plots and the header of a comparison have an empty text: no sentence spells them
    out, so they are visible from the beginning. A picture has its own beats.
    """
    if visual.kind == "comparison":
        return ("", *visual.items[1:MAX_ITEMS]) if visual.items else ()
    if visual.kind in _LIST_KINDS:
        return visual.items[:MAX_ITEMS]
    if visual.kind in ("quote", "definition"):
        return (visual.text,) if visual.text else ()
    if visual.kind == "formula":
        return ("",) if visual.text else ()
    if visual.kind == "worked":
        return ("", *visual.items[:MAX_ITEMS]) if visual.text else ()
    if visual.kind in _CHART_KINDS:
        return ("",) if visual.items else ()
    return ()
