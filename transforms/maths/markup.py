r"""Formulas that are marked in a text: ``$…$``, ``\(…\)``, ``\[…\]`` and ``\ce{…}``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from transforms.maths.parser import parse
from transforms.maths.tokens import FormulaError
from transforms.maths.tree import Node

# Dollar signs of amounts are no delimiters: "$5 and $10" holds no formula.
_MARKED: Final = re.compile(
    r"\$\$(?P<block>[^$]+)\$\$"
    r"|(?<![\\\w$])\$(?P<line>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)"
    r"|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]"
    r"|\\ce\{(?P<ce>(?:[^{}]|\{[^{}]*\})*)\}",
    re.DOTALL,
)
_AMOUNT: Final = re.compile(r"\d[\d,.]*(?:\s|$|[a-z]{2})")


def replace_marked(text: str, write: Callable[[Node], str]) -> str:
    """Return a text whose marked formulas are written by a function.

    A formula that is not of the notation loses its delimiters and stays as it is.
    """
    if "$" not in text and "\\" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        inside = found["block"] or found["line"] or found["round"] or found["square"] or ""
        if found["line"] is not None and _is_amount(found["line"]):
            return found[0]
        try:
            return write(parse(found[0] if found["ce"] is not None else inside.strip()))
        except FormulaError:
            return found["ce"] if found["ce"] is not None else inside

    return _MARKED.sub(replace, text)


def _is_amount(inside: str) -> bool:
    return bool(_AMOUNT.match(inside)) and not re.search(r"[\\^_=+]", inside)
