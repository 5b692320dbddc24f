"""Validation of visuals: what `text` and `items` each kind needs."""

from __future__ import annotations

import re
from dataclasses import replace

from transforms.model import Script, Visual
from transforms.pictures.picture import PictureError, read_picture

MOST_ITEMS = 6

_NUMBER = r"[-−]?\d+(?:\.\d+)?"
_ITEMS = {
    "timeline": (re.compile(r"[^:]+: .+"), '"when: what"'),
    "comparison": (re.compile(r"[^|]+ \| [^|]+"), '"left | right"'),
    "plot": (re.compile(rf"[^:]+: {_NUMBER}"), '"label: number"'),
    "number-line": (re.compile(rf"[^:]+: {_NUMBER}"), '"label: number"'),
}


def visual_problem(visual: Visual) -> str:
    """Return the reason why a visual cannot be drawn; an empty string if it can be."""
    kind, count = visual.kind, len(visual.items)
    if kind == "bullets":
        return ""
    if kind in ("quote", "definition"):
        return "" if visual.text else "`text` must not be empty"
    if kind == "picture":
        return _picture_problem(visual.text)
    if kind in ("formula", "worked") and not _is_formula(visual.text):
        return "`text` must be LaTeX without dollar signs"
    if kind == "formula":
        return f"`items` must have at most {MOST_ITEMS} entries, has {count}" * (count > MOST_ITEMS)
    if not 2 <= count <= MOST_ITEMS:
        return f"`items` must have 2 to {MOST_ITEMS} entries, has {count}"
    if kind in _ITEMS:
        pattern, example = _ITEMS[kind]
        if not all(map(pattern.fullmatch, visual.items)):
            return f"each of `items` must look like {example}"
    return ""


def with_drawable_visuals(script: Script) -> Script:
    """Replace the visuals of a script that cannot be drawn with bullets."""
    if not any(visual_problem(scene.visual) for scene in script.scenes):
        return script
    scenes = (
        replace(scene, visual=Visual()) if visual_problem(scene.visual) else scene
        for scene in script.scenes
    )
    return replace(script, scenes=tuple(scenes))


def _picture_problem(text: str) -> str:
    try:
        read_picture(text)
    except PictureError as error:
        return f"`text` must be a picture: {error}"
    return ""


def _is_formula(text: str) -> bool:
    """Return whether braces are balanced and no dollar sign occurs; engines check commands."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return bool(text.strip()) and depth == 0 and "$" not in text
