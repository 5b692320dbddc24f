"""Good lessons, and the same lessons with planted defects."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from transforms.model import ContentRequest, Script, decode, encode
from transforms.script.cards.concept_card import load_cards
from transforms.script.checks import find_problems
from transforms.script.engines.gemini.gemini_prompt import TEMPLATE
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.script.engines.script_engine import Problem
from transforms.stage.direct_calls import DirectCalls

FOLDER = Path(__file__).parent
GRADES = (3, 6, 9, 12)
INTERESTS = ("", "basketball", "music")


@dataclass(frozen=True)
class Case:
    """A lesson and the request it answers.

    Attributes:
        name: the lesson, or the defect planted into it.
        check: the check that must find the defect; empty for a good lesson.
        passages: passages of sources that the writer was given.
    """

    name: str
    script: Script
    request: ContentRequest
    check: str = ""
    passages: tuple[str, ...] = ()

    def problems(self) -> list[Problem]:
        """Return what the checks find."""
        return find_problems(self.script, self.request, self.passages)


def request_for(query: str, grade: int, interest: str = "", language: str = "en-US") -> Any:
    """Return a valid text request."""
    return ContentRequest(
        request_id=str(uuid4()), student_id="s", student_query=query, grade_level=grade,
        correlation_id="c", requested_modalities=("text",), interest=interest, language=language,
    )  # fmt: skip


def good_lessons() -> Iterator[Case]:
    """Yield the lessons of all cards at several grades, and those written by hand."""
    engine = OfflineScriptEngine()
    for number, card in enumerate(load_cards().cards.values()):
        for grade in GRADES:
            interest = INTERESTS[(number + grade) % len(INTERESTS)]
            request = request_for(card.title, grade, interest)
            script = engine.write(request, calls=DirectCalls(60.0)).script
            yield Case(f"{card.title}, grade {grade}", script, request)
    for name, script in fixtures().items():
        request = request_for(script.title, script.grade_level, language=script.language)
        yield Case(name, script, request)


def defects() -> Iterator[Case]:
    """Yield lessons with one defect each."""
    return _planted("defects.toml", "defect")


def harmless() -> Iterator[Case]:
    """Yield lessons with texts that checks could take for defects."""
    return _planted("harmless.toml", "text")


def _planted(file: str, key: str) -> Iterator[Case]:
    table = tomllib.loads((FOLDER / file).read_text("utf-8"))
    for defect in table[key]:
        script, request = _lesson(table["lessons"][defect["lesson"]])
        if "path" in defect:
            fields = json.loads(encode(script))
            for path in _paths(fields, defect["path"]):
                _plant(fields, path, defect)
            script = decode(Script, json.dumps(fields).encode())
        request = replace(
            request,
            student_query=defect.get("query", request.student_query),
            interest=defect.get("interest", request.interest),
            language=script.language,
        )
        passages = tuple(defect.get("passages", ()))
        yield Case(defect["name"], script, request, defect.get("check", ""), passages)


@cache
def fixtures() -> dict[str, Script]:
    """Return the lessons written by hand, by name."""
    table = tomllib.loads((FOLDER / "fixtures.toml").read_text("utf-8"))
    return {name: decode(Script, json.dumps(lesson).encode()) for name, lesson in table.items()}


def _lesson(base: dict[str, Any]) -> tuple[Script, ContentRequest]:
    if "fixture" in base:
        script = fixtures()[base["fixture"]]
        return script, request_for(script.title, script.grade_level, language=script.language)
    request = request_for(base["query"], base["grade"])
    return OfflineScriptEngine().write(request, calls=DirectCalls(60.0)).script, request


def _paths(fields: dict[str, Any], path: str) -> Sequence[list[str]]:
    parts = path.split(".")
    if "*" not in parts:
        return [parts]
    at = parts.index("*")
    return [[*parts[:at], str(number), *parts[at + 1 :]] for number in range(len(fields[parts[0]]))]


def _plant(fields: dict[str, Any], path: list[str], defect: dict[str, Any]) -> None:
    holder = _at(fields, path[:-1])
    key: Any = int(path[-1]) if path[-1].isdecimal() else path[-1]
    if "values" in defect:
        given = defect["values"]
        holder[key] = given if isinstance(given, list) else holder[key] | given
        return
    text = _at(fields, defect["like"].split(".")) if "like" in defect else holder[key]
    text = defect.get("text", text) * defect.get("repeat", 1) + defect.get("append", "")
    holder[key] = text + f" {TEMPLATE[:300]}" if defect.get("prompt") else text


def _at(fields: Any, path: Sequence[str]) -> Any:
    for part in path:
        fields = fields[int(part) if part.isdecimal() else part]
    return fields
