"""Check of the language: texts in another language than the lesson's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from transforms.model import Script
from transforms.script.checks.script_texts import PlacedText, spoken_texts, whole_text
from transforms.script.engines.script_engine import Problem
from transforms.text.language import primary_subtag

LEAST_LETTERS = 80
"""Minimum letters of a text whose language is identified; a quotation may be shorter."""

MOST_CHARACTERS = 400
"""Maximum characters of a text for the identifier; more are slower and hardly surer."""

_QUOTATION = re.compile(r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|\"[^\"]*\"|「[^」]*」")

COMMON = 0.22
"""Part of the words of an English text that are among the commonest; in English prose it is 0.4, in
other languages under 0.1."""

_ENGLISH = frozenset(
    """
    a about after all also an and any are as at be because been before between but by can could did
    do does each every first for from had has have he her here him his how i if in into is it its
    just know like many may me might more most much must my new no not now of on one only or other
    our out over people same say says she should so some such than that the their them then there
    these they think this through to two up us very was we were what when where which who why will
    with without would you your
    """.split()  # noqa: SIM905  (a list of a hundred strings is hard to read)
)

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
    """Return a problem for each spoken text in another language than the script's."""
    wanted = _identified(primary_subtag(script.language))
    texts = [each for each in spoken_texts(script) if _is_long_enough(each.text)]
    texts = texts or [PlacedText("the lesson", whole_text(script))]
    if wanted == "en":  # the identifier takes a second to load, and is rarely needed
        suspect = [each for each in texts if not _is_plainly_english(each.text)]
    else:
        suspect = texts
    if not suspect or wanted not in _identifier().labels:
        return []
    found = list(_foreign(suspect, wanted))
    if len(found) == len(texts):
        found = [("the lesson", found[0][1])]
    return [
        Problem(f"{path}: is in the language {other!r}; write it in {script.language}")
        for path, other in found
    ]


def _foreign(texts: Sequence[PlacedText], wanted: str) -> Iterator[tuple[str, str]]:
    for path, text in texts:
        own = _QUOTATION.sub(" ", text)
        if not _is_long_enough(own):
            continue
        language, certainty = _identifier().classify(own[:MOST_CHARACTERS])
        near = any({language, wanted} <= group for group in _NEIGHBOURS)
        if language != wanted and not near and certainty > 0.99:
            yield path, language


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def _is_long_enough(text: str) -> bool:
    """Return whether a text is long enough to identify its language; ideographs count more."""
    letters = [sign for sign in text if sign.isalpha()]
    return len(letters) + 3 * sum(sign >= "\u3040" for sign in letters) >= LEAST_LETTERS


@lru_cache(maxsize=8192)
def _is_plainly_english(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return sum(word in _ENGLISH for word in words) >= COMMON * len(words)


def _identified(language: str) -> str:
    return _ALIASES.get(language, language)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # takes a second to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
