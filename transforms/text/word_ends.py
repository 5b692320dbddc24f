"""Word segmentation of scripts without spaces: Chinese, Japanese and Thai.

BudouX finds them with a linear model of a few dozen kilobytes per language.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import regex  # type: ignore[import-untyped]

from transforms.text.language import primary_subtag, region_subtag, script_subtag

if TYPE_CHECKING:
    from budoux import Parser

_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_HAN = regex.compile(r"\p{Han}")
_THAI = regex.compile(r"\p{Thai}")
_TRADITIONAL_REGIONS = frozenset({"TW", "HK", "MO"})


@lru_cache(maxsize=512)
def word_ends(text: str, language: str) -> frozenset[int]:
    """Return the indices at which words end; empty if the text has none of these scripts.

    Args:
        text: one paragraph.
        language: BCP-47 tag; decides how ideographs are read.
    """
    name = _model(text, language)
    return frozenset(accumulate(map(len, _parser(name).parse(text)))) if name else frozenset()


def _model(text: str, language: str) -> str:
    """Choose the BudouX model for a text, by its script and then its language."""
    if _KANA.search(text):
        return "japanese"
    if _HAN.search(text):
        primary = primary_subtag(language)
        if primary == "ja":
            return "japanese"
        traditional = script_subtag(language) == "Hant" or (
            not script_subtag(language)
            and (primary == "yue" or region_subtag(language) in _TRADITIONAL_REGIONS)
        )
        return "traditional_chinese" if traditional else "simplified_chinese"
    return "thai" if _THAI.search(text) else ""


@cache
def _parser(name: str) -> Parser:
    import budoux

    parser: Parser = getattr(budoux, f"load_default_{name}_parser")()
    return parser
