"""Replacement of the formulas that are marked in a text."""

from __future__ import annotations

import re
from collections.abc import Callable

from transforms.maths.parser import parse
from transforms.maths.plain import plain
from transforms.maths.symbols import fold
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node
from transforms.text.formula_marks import MARKED


def replace_marked(text: str, write: Callable[[Node], str]) -> str:
    """Return a text whose marked formulas are written by a function.

    A formula that is not of the notation loses its delimiters and stays as it is.
    """
    if "$" not in text and "\\" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        inside = str(found[found.lastgroup or 0]).strip()
        try:
            return write(parse(found[0] if found.lastgroup == "ce" else inside))
        except FormulaError:
            return inside

    return MARKED.sub(replace, text)


def shown_text(text: str) -> str:
    """Return a text as a reader sees it: its formulas are plain Unicode, letters unstyled."""
    return fold(replace_marked(text, plain))


def shown_formula(text: str) -> str:
    """Return a formula without marks as plain Unicode; unchanged if it is none."""
    try:
        return plain(parse(text))
    except FormulaError:
        return text
