r"""Finder of delimited formulas in a text: ``$…$``, ``\(…\)``, ``\[…\]`` and ``\ce{…}``."""

from __future__ import annotations

import re
from typing import Final

MARKED: Final = re.compile(
    r"\$\$(?P<block>[^$]+)\$\$"
    # Dollar signs of amounts are no delimiters: "$5 and $10" holds no formula.
    r"|(?<![\\\w$])\$(?P<line>(?!\d[^\\^_=+{$\n]*\$)"
    r"[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)"
    r"|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]"
    r"|\\ce\{(?P<ce>(?:[^{}]|\{[^{}]*\})*)\}",
    re.DOTALL,
)
"""A marked formula; the group that matched is its content."""


def marked_spans(text: str) -> list[tuple[int, int]]:
    """Return begin and end of each formula between delimiters."""
    if "$" not in text and "\\" not in text:
        return []
    return [found.span() for found in MARKED.finditer(text)]
