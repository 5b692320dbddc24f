"""Parser of BCP-47 language tags (RFC 5646): primary language, script and region."""

from __future__ import annotations

import re

_SCRIPT = re.compile(r"[A-Za-z]{4}")
_REGION = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_RTL_LANGUAGES = {"ar", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"}
_RTL_SCRIPTS = {"Adlm", "Arab", "Hebr", "Nkoo", "Syrc", "Thaa"}
_UNSPACED = {"zh", "cmn", "yue", "ja", "th", "lo", "km", "my", "bo"}

_ISO_639_2 = {
    "ar": "ara", "bn": "ben", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fa": "fas",
    "fr": "fra", "he": "heb", "hi": "hin", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor",
    "nl": "nld", "pl": "pol", "pt": "por", "ru": "rus", "sv": "swe", "ta": "tam", "te": "tel",
    "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "zho",
}  # fmt: skip
"""Three-letter language codes, as MP4 requires (ISO/IEC 14496-12, 8.4.2)."""


def primary_subtag(tag: str) -> str:
    """Return the language subtag in lower case: ``"pt"`` for ``"pt-BR"``."""
    return _subtags(tag)[0].lower()


def iso_639_2(tag: str) -> str:
    """Return the three-letter code of the language, as MP4 requires; ``"und"`` if unknown."""
    return _ISO_639_2.get(primary_subtag(tag), "und")


def is_unspaced(tag: str) -> bool:
    """Return whether the language is written without spaces between words."""
    return primary_subtag(tag) in _UNSPACED


def is_rtl_language(tag: str) -> bool:
    """Return whether the language is written from right to left."""
    script = script_subtag(tag)
    return script in _RTL_SCRIPTS if script else primary_subtag(tag) in _RTL_LANGUAGES


def script_subtag(tag: str) -> str:
    """Return the script subtag in title case: ``"Hant"`` for ``"zh-hant-TW"``; empty if absent."""
    return _first(_SCRIPT, tag).title()


def region_subtag(tag: str) -> str:
    """Return the region subtag in upper case: ``"BR"`` for ``"pt-br"``; empty if absent."""
    return _first(_REGION, tag).upper()


def _first(pattern: re.Pattern[str], tag: str) -> str:
    return next((subtag for subtag in _subtags(tag)[1:] if pattern.fullmatch(subtag)), "")


def _subtags(tag: str) -> list[str]:
    """Return the subtags before the first extension or private use, which a single letter opens."""
    first, *rest = tag.replace("_", "-").split("-")
    singleton = next((at for at, subtag in enumerate(rest) if len(subtag) == 1), len(rest))
    return [first, *rest[:singleton]]
