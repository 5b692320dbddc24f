"""Find texts in another language than the lesson's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from transforms.model import Script
from transforms.script.checks.script_texts import PlacedText, spoken_texts, whole_text
from transforms.script.engines.script_engine import Problem
from transforms.text.language import primary_subtag

LEAST_LETTERS = 80
"""Letters from which the language of a text is found reliably; a quotation may be shorter."""

MOST_CHARACTERS = 400
"""Characters of a text that are looked at; more make it slower and hardly surer."""

_ALIASES = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id", "yue": "zh", "cmn": "zh"}
"""Language subtags that the identifier knows by another name."""

_NEIGHBOURS = (
    {"no", "nb", "nn", "da", "sv"},
    {"id", "ms"},
    {"hr", "bs", "sr"},
    {"cs", "sk"},
    {"es", "gl", "pt", "ca", "an", "ast"},
    {"ru", "uk", "be", "bg", "mk"},
    {"hi", "mr", "ne"},
    {"nl", "af"},
)
"""Languages that a text of a few sentences may be taken for each other."""


def check_language(script: Script) -> Sequence[Problem]:
    """Return the parts of a script that are in another language than its own."""
    wanted = _identified(primary_subtag(script.language))
    if wanted not in _identifier().labels:
        return []
    whole = PlacedText("the lesson", whole_text(script))
    found = list(_foreign([whole], wanted)) or list(_foreign(spoken_texts(script), wanted))
    return [
        Problem(f"{path}: is in the language {other!r}; write it in {script.language}")
        for path, other in found
    ]


def _foreign(texts: Iterator[PlacedText] | Sequence[PlacedText], wanted: str) -> Iterator[Any]:
    for path, text in texts:
        if sum(map(str.isalpha, text)) < LEAST_LETTERS:
            continue
        language, certainty = _identifier().classify(text[:MOST_CHARACTERS])
        near = any({language, wanted} <= group for group in _NEIGHBOURS)
        if language != wanted and not near and certainty > 0.99:
            yield path, language


def _identified(language: str) -> str:
    return _ALIASES.get(language, language)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # takes a second to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
