"""Glyphs and size of a formula before it is drawn: no picture of any size, no substitutes."""

from __future__ import annotations

import logging
from functools import lru_cache

WIDTH, HEIGHT = 100.0, 30.0
"""Largest size of a formula in ems; a slide shows about 40 by 20 of them."""

_EM = 20.0
_SUBSTITUTE = 0xA4
"""Character that mathtext draws, with a warning, for one that its fonts lack."""


@lru_cache(maxsize=1024)
def is_drawable(text: str) -> bool:
    """Return whether a formula is mathtext with a glyph for each sign, within the largest size.

    Args:
        text: mathtext without surrounding ``$``.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    logging.getLogger("matplotlib.mathtext").setLevel(logging.ERROR)  # it would quote the text
    font = FontProperties(size=_EM, math_fontfamily="stix")
    try:
        box = MathTextParser("path").parse(f"${text}$", dpi=72, prop=font)
        if any(charcode == _SUBSTITUTE for _, _, charcode, *_ in box.glyphs):
            return False
        # A negative space puts glyphs outside the box.
        places = [glyph[-2:] for glyph in box.glyphs] + [rect[:2] for rect in box.rects]
        sizes = [(box.width, box.height + box.depth), *(rect[2:] for rect in box.rects)]
        return all(abs(x) <= WIDTH * _EM and abs(y) <= HEIGHT * _EM for x, y in (*places, *sizes))
    except Exception:  # noqa: BLE001  (mathtext raises many kinds, even for text that it accepts)
        return False
