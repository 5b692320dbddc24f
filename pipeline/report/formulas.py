"""Formulas as SVG paths, which need neither fonts nor scripts in the page."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from transforms.text.formula_size import is_drawable

MAX_FORMULA_LENGTH = 120
"""Characters; a longer formula is shown as typed. Typesetting takes about 0.2 ms for each."""

_EM = 20  # pixels
_LETTERS = {1: "M", 2: "L", 3: "Q", 4: "C"}  # by Matplotlib's codes for the parts of a path


@lru_cache(maxsize=1024)
def formula(text: str) -> Markup | None:
    """Render a formula as SVG in the colour of the surrounding text.

    Args:
        text: mathtext without surrounding ``$``.

    Returns:
        None when `text` is not mathtext, draws nothing or is too large.
    """
    if not text.isprintable() or not 0 < len(text) <= MAX_FORMULA_LENGTH or "$" in text:
        return None
    if not is_drawable(text):
        return None
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    try:
        path = TextPath((0, 0), f"${text}$", size=_EM, prop=FontProperties(math_fontfamily="stix"))
    except Exception:  # noqa: BLE001  (it raises many kinds, even for text that it accepts)
        return None
    if not len(path.vertices):
        return None
    box = path.get_extents()
    drawn = "".join(
        _LETTERS[int(code)] + " ".join(f"{number:.1f}" for number in points)
        if int(code) in _LETTERS
        else "Z"
        for points, code in path.iter_segments(simplify=False)
    )
    return Markup(
        '<svg class="math" role="img" aria-label="{label}" viewBox="{x:.1f} {y:.1f} {width:.1f}'
        ' {height:.1f}" width="{width:.0f}" height="{height:.0f}">'
        '<path transform="scale(1 -1)" d="{drawn}"/></svg>'
    ).format(
        label=text, x=box.x0 - 1, y=-box.y1 - 1, width=box.width + 2, height=box.height + 2,
        drawn=drawn,
    )  # fmt: skip
