"""Typesetting of formulas with Matplotlib's mathtext."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from PIL import Image

from transforms.maths.mathtext import mathtext as to_mathtext
from transforms.maths.parser import parse
from transforms.maths.tokens import FormulaError
from transforms.video.pictures.formula_size import is_drawable

_FRACTION = re.compile(r"\\frac(?![a-zA-Z])")


@lru_cache(maxsize=64)
def formula_mask(text: str, size: float) -> Image.Image | None:
    """Return a formula as a coverage mask.

    Args:
        text: a formula of the notation, without surrounding ``$``.
        size: pixels per em.

    Returns:
        A mask cropped to the formula; None when `text` is no formula, has signs that the fonts
        lack, or is too large.
    """
    try:
        text = _use_display_fractions(to_mathtext(parse(text)))
    except FormulaError:
        return None
    # Imported late: loading Matplotlib takes longer than drawing most slides.
    from matplotlib import mathtext
    from matplotlib.font_manager import FontProperties

    if not is_drawable(text):
        return None
    font = FontProperties(size=size, math_fontfamily="stix")
    try:
        parsed = mathtext.MathTextParser("agg").parse(f"${text}$", dpi=72, prop=font)
    except Exception:  # noqa: BLE001  (it raises many kinds, even for text that it accepts)
        return None
    pixels = np.asarray(parsed.image, dtype=np.uint8)
    mask = Image.fromarray(pixels)
    inked = mask.getbbox()
    return mask.crop(inked) if inked else None


def _use_display_fractions(text: str) -> str:
    """Replace outermost fractions with display-size ones, as is usual for a formula of its own."""
    parts = []
    depth = 0
    for part in re.split(r"([{}])", text):
        depth += (part == "{") - (part == "}")
        parts.append(_FRACTION.sub(r"\\dfrac", part) if depth == 0 else part)
    return "".join(parts)
