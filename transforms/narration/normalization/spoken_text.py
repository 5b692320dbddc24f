"""Normaliser of text for voices that speak several languages."""

from __future__ import annotations

from transforms.maths.markup import shown_text
from transforms.narration.normalization.speech_text import to_speech
from transforms.text.language import primary_subtag


def spoken_text(text: str, language: str) -> str:
    """Normalise a sentence for a voice that reads its language's numbers and scripts itself.

    English becomes words, as for the offline voice. In other languages formulas that are marked
    become plain Unicode, and all else is left to the voice.

    Args:
        text: a sentence as written.
        language: BCP-47 tag.
    """
    if primary_subtag(language) != "en":
        return shown_text(text)
    return to_speech(text, letter_a="A", any_script=True) or shown_text(text)
