"""Check of attributed statements: statistics, studies and quotations without a source.

A lesson's own examples may hold any number; a statement that names an authority may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from transforms.model import Script
from transforms.script.checks.script_check import Answered
from transforms.script.checks.script_texts import quiz_texts, shown_texts, spoken_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.sentences import split_sentences

QUOTED = 4
"""Minimum words of a quotation; shorter text between quotation marks is a term."""

SHARED = 0.6
"""Minimum share of a statement's words that a supporting passage has."""

_REPORT = r"(?:study|studies|survey|surveys|report|poll|experiment)"
_FINDS = r"(?:found|find|shows?|showed|have shown|says?|said|suggests?|reports?|proved?|reveal\w*)"
_EXPERTS = r"(?:scientists|researchers|experts|doctors|psychologists|economists|historians)"
_ATTRIBUTED = re.compile(
    r"\b(?:according to"
    r"|(?:a|an|one|the|recent|several|many|some|\d{4}) (?:\w+ ){0,2}"
    rf"{_REPORT}(?: \w+){{0,6}}? {_FINDS}"
    rf"|studies {_FINDS}|stud(?:y|ies) (?:by|at|of|from|in)"
    rf"|{_EXPERTS}(?: \w+){{0,4}}? (?:{_FINDS}|agree|estimate|(?:have )?(?:found|shown|discovered))"
    r"|según|un estudio|los (?:científicos|investigadores)|estudios (?:muestran|demuestran)"
    r"|laut|eine[rs]? (?:\w+ )?(?:Studie|Umfrage)|Studien (?:zeigen|belegen)|Forscher\w*"
    r"|d['’]après|selon|une étude|des (?:chercheurs|scientifiques|études))(?!\w)",
    re.I,
)
_PEOPLE = (
    r"(?:people|teen\w*|students|kids|children|adults|americans|women|men|girls|boys|households"
    r"|families|doctors|voters|scientists|personas|jóvenes|estudiantes|niños|menschen|schüler\w*"
    r"|jugendlichen?|kinder|personnes|élèves|jeunes|enfants)"
)
_SHARE = re.compile(
    r"(?:\d[\d.,]*\s?(?:%|percent|per cent|por ciento|prozent|pour cent)"
    r"|\b\d+ (?:out of|in|de cada|von|sur)(?: every)? \d+)"
    rf"\s+(?:(?:of|de|des|der|aller) )?(?:\w+ ){{0,2}}?{_PEOPLE}\b",
    re.I,
)
_EXAMPLE = re.compile(
    r"\b(?:suppose|imagine|say that|let['’]?s say|if|for example|for instance|pretend|example|class"
    r"|supón|imagina|si|por ejemplo|wenn|zum beispiel|angenommen|stell dir|par exemple)\b",
    re.I,
)
_QUOTATION = re.compile(r"[“„«\"]\s*([^“”„«»\"]{12,400}?)\s*[”“»\"]")
_SAYING = (
    r"(?:said|says|wrote|writes|declared|put it|dijo|escribió|sagte|schrieb|a dit|écrivit|disait)"
)
_AUTHOR = re.compile(
    rf"([A-ZÀ-Þ][\w’-]+)\s+(?:\w+ ){{0,2}}?{_SAYING}\b|\b{_SAYING}\s+([A-ZÀ-Þ][\w’-]+)"
    r"|\b(?:words of|palabras de|Worten von|mots de) ([A-ZÀ-Þ][\w’-]+)"
)
_COMMON = frozenset(
    """
    about according after also been does every find finds first found from have into many more most
    once only other over report said says should show showed shown shows some stud studies study
    survey than that their them then there these they this those under were what when where which
    while will with would wrote
    """.split()  # noqa: SIM905  (a list of fifty strings is hard to read)
)


class _Passage:
    """The words and numbers of one passage."""

    def __init__(self, text: str) -> None:
        self._text = f" {_plain(text)} "
        self._numbers = _numbers(text)
        self._words = _words(text)

    def supports(self, sentence: str) -> bool:
        """Return whether the passage has all numbers and most words of a sentence."""
        words = _words(sentence)
        enough = len(words & self._words) >= SHARED * len(words)
        return enough and _numbers(sentence) <= self._numbers

    def quotes(self, quotation: str, author: str) -> bool:
        """Return whether the passage contains the quotation and its author's name."""
        return all(f" {_plain(each)} " in self._text for each in (quotation, author))


def check_support(answered: Answered) -> Sequence[Problem]:
    """Return a problem for each attributed statement or quotation that no passage supports.

    Return nothing if the writer was given no passages.
    """
    if not answered.passages:
        return []
    passages = [_Passage(text) for text in answered.passages]
    script = answered.script
    found = [
        f"{path}: names a study, a statistic or an authority that no source has; leave it out"
        for path, text in chain(spoken_texts(script), shown_texts(script), quiz_texts(script))
        for sentence in split_sentences(text)
        if _is_attributed(sentence) and not any(each.supports(sentence) for each in passages)
    ]
    found += [
        f"{path}: holds a quotation that no source has; leave it out"
        for path, quotation, author in _quotations(script)
        if not any(each.quotes(quotation, author) for each in passages)
    ]
    return [Problem(text, "repair") for text in found]


def _is_attributed(sentence: str) -> bool:
    if _ATTRIBUTED.search(sentence):
        return True
    return bool(_SHARE.search(sentence)) and not _EXAMPLE.search(sentence)


def _quotations(script: Script) -> Iterator[tuple[str, str, str]]:
    """Yield path, text and author of each quotation in a script."""
    for path, text in spoken_texts(script):
        for quotation in _QUOTATION.finditer(text):
            around = f"{text[: quotation.start()]} {text[quotation.end() : quotation.end() + 60]}"
            authors = [name for names in _AUTHOR.findall(around[-160:]) for name in names if name]
            if authors and len(quotation[1].split()) >= QUOTED:
                yield path, quotation[1], authors[-1]
    for at, scene in enumerate(script.scenes):
        if scene.visual.kind == "quote" and scene.visual.items:
            author = re.findall(r"[^\W\d_][\w’-]+", scene.visual.items[0].partition(",")[0])
            yield f"scenes.{at}.visual", scene.visual.text, author[-1] if author else ""


def _words(text: str) -> frozenset[str]:
    """Return the content words of a text, each cut to six letters."""
    words = re.findall(r"[^\W\d_]{4,}", text.casefold())
    return frozenset(word[:6] for word in words if word not in _COMMON)


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text)))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
