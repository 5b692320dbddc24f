"""Formulas, typeset by matplotlib's mathtext."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from PIL import Image

from transforms.video.draw.fonts import Face, covers, package_folder

_FONT = "STIXGeneral.ttf"
"""Where it has no glyph mathtext draws a substitute; its other fonts have no letter more."""
_FRACTION = re.compile(r"\\frac(?![a-zA-Z])")
LONGEST = 400
"""Characters; a formula longer than this is not for a slide."""


@lru_cache(maxsize=64)
def formula_mask(text: str, size: float) -> Image.Image | None:
    """The letters of a formula as a coverage mask.

    Args:
        text: mathtext without surrounding ``$``.
        size: pixels per em.

    Returns:
        A mask that fits the formula tightly; None when `text` is not mathtext or draws nothing.
    """
    if not text or len(text) > LONGEST or "$" in text:
        return None
    # matplotlib takes longer to import than most slides take to draw
    from matplotlib import mathtext
    from matplotlib.font_manager import FontProperties

    face = Face(str(package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / _FONT))
    if not covers(face, text):
        return None
    try:
        parsed = mathtext.MathTextParser("agg").parse(
            f"${_displayed(text)}$",
            dpi=72,
            prop=FontProperties(size=size, math_fontfamily="stix"),
        )
    except (ValueError, RuntimeError, RecursionError):
        return None
    pixels = np.asarray(parsed.image, dtype=np.uint8)
    mask = Image.fromarray(pixels)
    inked = mask.getbbox()
    return mask.crop(inked) if inked else None


def _displayed(text: str) -> str:
    """A formula with its outermost fractions in display size, as a formula on its own has them."""
    parts = []
    depth = 0
    for part in re.split(r"([{}])", text):
        depth += (part == "{") - (part == "}")
        parts.append(_FRACTION.sub(r"\\dfrac", part) if depth == 0 else part)
    return "".join(parts)
