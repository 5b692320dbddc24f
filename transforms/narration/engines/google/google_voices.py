"""Names of Google Text-to-Speech voices: parsing, choice by language, price tiers."""

from __future__ import annotations

import re
from typing import Final

from transforms.text.language import primary_subtag, region_subtag

# "Chirp 3: HD voices", supported languages (cloud.google.com/text-to-speech/docs/chirp3-hd). Of
# several places, the first stands for the language as a whole.
LOCALES: Final = (
    "en-US", "en-GB", "en-AU", "en-IN", "ar-XA", "bg-BG", "bn-IN", "cmn-CN", "cs-CZ", "da-DK",
    "de-DE", "el-GR", "es-US", "es-ES", "et-EE", "fi-FI", "fr-FR", "fr-CA", "gu-IN", "he-IL",
    "hi-IN", "hr-HR", "hu-HU", "id-ID", "it-IT", "ja-JP", "kn-IN", "ko-KR", "lt-LT", "lv-LV",
    "ml-IN", "mr-IN", "nb-NO", "nl-NL", "nl-BE", "pl-PL", "pt-BR", "ro-RO", "ru-RU", "sk-SK",
    "sl-SI", "sr-RS", "sv-SE", "sw-KE", "ta-IN", "te-IN", "th-TH", "tr-TR", "uk-UA", "ur-IN",
    "vi-VN",
)  # fmt: skip

# BCP-47 tags in common use for languages that Google lists under another code.
_ALIASES: Final = {"zh": "cmn", "no": "nb", "nn": "nb", "iw": "he", "in": "id"}

# By the word in the voice's name; the tiers are those of the price list.
_TIERS: Final = {
    "Chirp3": "chirp3-hd",
    "Studio": "studio",
    "Neural2": "neural2",
    "Wavenet": "wavenet",
    "Standard": "standard",
}
_NAME = re.compile(r"([a-z]{2,3}-[A-Z]{2})-(Chirp3-HD|Studio|Neural2|Wavenet|Standard)-(\w+)")
_DEFAULT_SPEAKER: Final = "Kore"


def parse_name(voice: str) -> tuple[str, str, str]:
    """Split a voice's name into locale, family and speaker: ``("en-US", "Chirp3-HD", "Kore")``.

    Raises:
        ValueError: not the name of a supported voice.
    """
    found = _NAME.fullmatch(voice)
    if found is None:
        raise ValueError(
            f"{voice!r} is not the name of a Google voice that is supported: it must look like "
            f"en-US-Chirp3-HD-Kore and be of the family {', '.join(_TIERS)}"
        )
    return found[1], found[2], found[3]


def tier(voice: str) -> str:
    """Return the price tier of a voice, such as ``"chirp3-hd"``."""
    return _TIERS[parse_name(voice)[1].partition("-")[0]]


def locale_for(language: str) -> str | None:
    """Return the locale of Chirp 3 HD nearest to a BCP-47 tag, or None."""
    primary = _primary(language)
    spoken = [locale for locale in LOCALES if _primary(locale) == primary]
    exact = [locale for locale in spoken if region_subtag(locale) == region_subtag(language)]
    return next(iter([*exact, *spoken]), None)


def voice_for(language: str, configured: str) -> str | None:
    """Choose the voice for a language, or None.

    A Chirp 3 HD speaker exists in every locale and keeps the speaker. A voice of another family
    speaks its own language in every region; other languages go to Chirp 3 HD.

    Args:
        language: BCP-47 tag.
        configured: name of the voice that the operator chose.
    """
    home, family, speaker = parse_name(configured)
    chirp = family == "Chirp3-HD"
    same = _primary(home) == _primary(language)
    if same and (not chirp or region_subtag(language) in ("", region_subtag(home))):
        return configured
    locale = locale_for(language)
    if locale is None:
        return configured if same else None
    return f"{locale}-Chirp3-HD-{speaker if chirp else _DEFAULT_SPEAKER}"


def _primary(language: str) -> str:
    primary = primary_subtag(language)
    return _ALIASES.get(primary, primary)
