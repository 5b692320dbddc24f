"""Writer of the alternative text of formulas, for screen readers that do not read MathML."""

from __future__ import annotations

import re

from transforms.maths.number_words import LETTER_A
from transforms.maths.plain import plain
from transforms.maths.speech import speech
from transforms.maths.tree import Node
from transforms.text.language import primary_subtag

_LETTER_A = re.compile(rf"\b{LETTER_A}\b")


def alt_text(node: Node, language: str) -> str:
    """Return a formula in words, if its language is English, else as plain Unicode."""
    if primary_subtag(language) != "en":
        return plain(node)
    return _LETTER_A.sub("A", speech(node))
