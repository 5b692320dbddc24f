"""Formulas and texts of a lesson as HTML: formulas are MathML, which needs no fonts or scripts."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from transforms.maths.alt_text import alt_text
from transforms.maths.mathml import mathml
from transforms.maths.parser import parse
from transforms.maths.symbols import fold
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node
from transforms.text.formula_marks import MARKED
from transforms.text.hidden import visible


@lru_cache(maxsize=1024)
def formula(text: str, language: str) -> Markup:
    """Render a formula on a line of its own; text that is no formula stays as written."""
    try:
        return _mathml(parse(text), language, display=True)
    except FormulaError:
        return Markup("<code>{}</code>").format(visible(text))


def prose(text: str, language: str) -> Markup:
    """Render a text; formulas that are marked in it become MathML."""
    parts, at = [], 0
    for found in MARKED.finditer(text):
        inside = str(found[found.lastgroup or 0]).strip()
        try:
            node = parse(found[0] if found.lastgroup == "ce" else inside)
        except FormulaError:
            drawn = Markup("<code>{}</code>").format(visible(inside))
        else:
            drawn = _mathml(node, language, display=False)
        parts += [_shown(text[at : found.start()]), drawn]
        at = found.end()
    return Markup("").join([*parts, _shown(text[at:])])


def _shown(text: str) -> Markup:
    return Markup("{}").format(visible(fold(text)))


def _mathml(node: Node, language: str, *, display: bool) -> Markup:
    element = mathml(node, alt=alt_text(node, language), display=display)
    return Markup(visible(element))  # noqa: S704  (its texts are escaped)
