"""Replacement of formulas between delimiters, such as ``$…$``, in a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from transforms.maths.parser import parse
from transforms.maths.plain import plain
from transforms.maths.symbols import COMMANDS, fold
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node
from transforms.text.formula_marks import MARKED

_LAYOUT: Final = re.compile(r"\\(?:begin|end)\s*\{\w+\*?\}|&|\\[,;:! ]")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)")
_BRACE: Final = re.compile(r"(?<![\^_])\{|\}(?![\^_])")


def replace_marked(text: str, write: Callable[[Node], str]) -> str:
    """Replace each delimited formula in a text with the output of `write`.

    A formula that is not of the notation loses its delimiters, braces and unknown commands.
    """
    if "$" not in text and "\\" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        inside = str(found[found.lastgroup or 0]).strip()
        try:
            return write(parse(found[0] if found.lastgroup == "ce" else inside))
        except FormulaError:
            return without_commands(inside)

    return MARKED.sub(replace, text)


def shown_text(text: str) -> str:
    """Return a text as a reader sees it: its formulas are plain Unicode, letters unstyled."""
    return fold(replace_marked(text, plain))


def shown_formula(text: str) -> str:
    """Return a formula without delimiters as plain Unicode; strip LaTeX that cannot be parsed."""
    try:
        return plain(parse(text))
    except FormulaError:
        return without_commands(text)


def without_commands(text: str) -> str:
    """Strip the markup of LaTeX that cannot be parsed; keep names and symbols."""
    text = _LAYOUT.sub(" ", text.replace("\\\\", "; "))
    text = _COMMAND.sub(lambda m: f" {COMMANDS.get(m[1], m[1])} ", text)
    words = " ".join(_BRACE.sub(" ", text.replace("\\", " ")).split())
    return words.replace(" ;", ";")
