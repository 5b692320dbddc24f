"""Detector of markup in text that has to be plain.

What only looks like markup is legitimate in lessons: comparisons, generic types, names of tags and
of special methods, powers, negative numbers, and dates and ordinals of other languages.
"""

from __future__ import annotations

import re

_TAG = r"[A-Za-z][\w-]*"
_TAGS = re.compile(
    rf"<({_TAG})\b[^<>]*>(?=\S)[^<>]*(?<=\S)</\1\s*>"  # <b>bold</b>, but not "from <p> to </p>"
    rf"|<{_TAG}(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/>"  # <break time='1s'/>
    rf"|<{_TAG}(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))+\s*>"
    r"|(?<!\w)<(?:b|i|u|em|strong|p|h[1-6]|li|ul|ol|div|span|speak|s|sub|sup)>(?=\w)"
    r"|</?(?:script|style|iframe|speak|prosody|emphasis)\b[^<>]*>|<!(?:--|\[|doctype)"
    r"|&(?:[a-z]{2,8}|#\w+);",
    re.I,
)
_ABOUT_TAGS = re.compile(r"\b(?:HTML|XML|[Tt]ags?|[Mm]arkup)\b")

_MONTHS = (
    "jan|feb|mär|maer|mar|apr|mai|maj|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|tammi|helmi|maalis|"
    "huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu|led|únor|břez|dub|květ|červ|srp|zář|říj|list|pros"
)
_ORDINALS = (
    "jahrhundert|weltkrieg|newton|gesetz|hauptsatz|industriell|republik|reich|kreuzzug|klasse|grad|"
    "ordnung|potenz|person|fall|advent|stock|schritt|kapitel|århundre|verdenskrig|världskrig|století"
)
_MARKDOWN = re.compile(
    r"`[^`]*`|```"
    r"|(?<![\w)*])\*\*(?=[^\s*])[^*]*(?<=[^\s*])\*\*(?![\w*])"  # **bold**, but not 2**3
    r"|(?<!\w)__(?=[^\s_])[^_]*\s[^_]*(?<=[^\s_])__(?!\w)"  # __two words__, but not __init__
    r"|(?<!\w)\[[^\]]+\]\([^)\s]*\)|^#{1,6}\s|^\s*•"
    r"|^\s*[-*+]\s+(?!\d|[−√(]|[^\W\d_](?:\s*[-+*/=^²³·×(]|\s*$))"  # "- item", but not "- 5 + 3"
    rf"|^\s*\d{{1,2}}[.)]\s+(?!\d|(?i:{_MONTHS}|{_ORDINALS}))"  # "1. item", but not "14. Juli"
)


def has_markup(text: str) -> bool:
    """Return whether a text holds HTML, SSML or Markdown; tags may stand in texts about tags."""
    if _MARKDOWN.search(text):
        return True
    return bool(_TAGS.search(text)) and not _ABOUT_TAGS.search(text)
