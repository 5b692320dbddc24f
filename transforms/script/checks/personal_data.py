"""Check of personal data: the student's own, id and card numbers, and requests for data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from transforms.model import ContentRequest
from transforms.script.checks.script_check import Answered
from transforms.script.checks.script_texts import all_texts
from transforms.script.engines.script_engine import Problem
from transforms.text.personal_data import find_personal_data, mask_personal_data
from transforms.text.sentences import split_sentences

_NUMBERS = {"[id number]", "[card number]"}
"""Kinds that are personal data in any text; the check of safety finds addresses of all sorts."""

_LONG_NUMBER = re.compile(r"\d[\d -]{7,}\d")

_DATA = (
    r"(?:(?:full|real|first|last|home|e-?mail|phone|mobile|telephone)\s+)*"
    r"(?:name|address|number|e-?mail|password|birthday|date of birth|school)\b"
)
_ASKS = re.compile(
    rf"\b(?:tell|send|give|text|e-?mail|message)\s+(?:me|us)\b[^.?!]{{0,25}}\byour\s+{_DATA}"
    rf"|\b(?:enter|type|post|leave|put|share)\b[^.?!]{{0,20}}\byour\s+{_DATA}[^.?!]{{0,20}}"
    r"\b(?:below|here|in the (?:chat|comments)|with (?:me|us))\b"
    r"|\bwhat(?:['’]s| is) your (?:full name|last name|(?:home )?address|phone number|password)\b"
    r"|\b(?:dime|dinos|env[ií]a(?:me|nos)|comparte)\b[^.?!]{0,20}\btu (?:nombre completo|dirección"
    r"|número de teléfono|contraseña|correo)"
    r"|\b(?:sag|schick|schreib|gib|nenn)\w*\s+(?:mir|uns)\b[^.?!]{0,20}\bdeinen?\s+(?:vollen Namen"
    r"|ganzen Namen|Adresse|Telefonnummer|Passwort|E-Mail)"
    r"|\b(?:dis|donne|envoie|écris)[- ](?:moi|nous)\b[^.?!]{0,20}\b(?:ton|ta) (?:nom complet"
    r"|adresse|numéro de téléphone|mot de passe|e-?mail)",
    re.I,
)
_NEVER = re.compile(
    r"\b(?:never|not|nobody|nunca|no|nie|niemals|nicht|jamais|pas)\b|n['’]t\b", re.I
)


def check_personal_data(answered: Answered) -> Sequence[Problem]:
    """Return a problem for each text with personal data; it names the kind only."""
    own = list(_of_student(answered.request))
    found = []
    for path, text in all_texts(answered.script):
        found += [f"{path}: {problem}" for problem in _of_text(text)]
        found += [
            f"{path}: holds personal data {kind}; leave it out"
            for kind, pattern in own
            if pattern.search(text)
        ]
    return [Problem(text, "repair") for text in found]


@lru_cache(maxsize=8192)  # lessons of cards share their texts
def _of_text(text: str) -> tuple[str, ...]:
    """Return the personal data and the requests for it in a text, apart from the student's."""
    kinds = find_personal_data(text) if _LONG_NUMBER.search(text) else []
    found = [f"holds personal data {kind}; leave it out" for kind, _ in kinds if kind in _NUMBERS]
    if _ASKS.search(text) and any(
        _ASKS.search(each) and not _NEVER.search(each) for each in split_sentences(text)
    ):
        found.append("asks for personal data; leave that out")
    return tuple(found)


def _of_student(request: ContentRequest) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield kind and pattern of the personal data in a request, without words of its topic."""
    typed = f"{request.student_query}\n{request.interest or ''}"
    question = mask_personal_data(typed).casefold()
    for kind, piece in find_personal_data(typed):
        names = [piece, piece.split()[0]] if kind == "[name]" else [piece]
        for name in names:
            if len(name) < 3 or name.casefold() in question:
                continue
            if kind == "[name]":  # "Will" is a name, "will" is not
                yield kind, re.compile(rf"(?<!\w){re.escape(name.title())}(?!\w)")
            else:
                yield kind, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I)
