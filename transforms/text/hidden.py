"""Hidden characters, which draw nothing but can hide instructions or reorder other text.

They are Unicode's default ignorable characters (tags, zero-width characters, bidirectional
controls, fillers and variation selectors) and the annotation controls. A joiner or a variation
selector stays where letters or an emoji need it.
"""

from __future__ import annotations

from functools import cache

import regex  # type: ignore[import-untyped]

_CLASS = r"[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]"

# Letters of a joining script (Arabic, Syriac, Mongolian …), with their marks; then those of Khmer;
# then the virama of the Indic scripts, on either side.
_JOINER = r"""
    (?: (?<=[\p{Joining_Type=Dual_Joining}\p{Joining_Type=Right_Joining}]\p{M}{0,4})
      | (?<=\p{Script_Extensions=Khmer})
      | (?<=\p{Canonical_Combining_Class=Virama})
      | (?=.\p{Canonical_Combining_Class=Virama})
    ) [\u200c\u200d]
"""
_EMOJI_JOINER = r"""
    (?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?) \u200d (?=\p{Extended_Pictographic})
"""
_SELECTOR = r"""
    (?<=\p{Emoji}) [\ufe0e\ufe0f]
    | (?<=\p{Ideographic}) [\U000e0100-\U000e01ef]
    | (?<=\p{Script=Mongolian}) [\u180b-\u180f]
"""
_HIDDEN = regex.compile(f"(?!{_JOINER} | {_EMOJI_JOINER} | {_SELECTOR}) {_CLASS}", regex.VERBOSE)
_UNPRINTED = regex.compile(
    rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff] | {_HIDDEN.pattern}", regex.VERBOSE
)


def without_hidden(text: str) -> str:
    """Remove the hidden characters from a text."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def visible(text: str) -> str:
    r"""Escape hidden and control characters of a text, as ``\u202e``.

    Tabs and line feeds stay.
    """
    return _UNPRINTED.sub(lambda found: ascii(found[0])[1:-1], text)


@cache
def hidden_ranges() -> str:
    """Return the ranges of hidden characters, for a regular expression's character class."""
    pattern = regex.compile(_CLASS)
    codes = [code for code in range(0x110000) if pattern.match(chr(code))]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
