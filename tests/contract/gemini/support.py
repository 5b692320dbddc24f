"""Gemini engines of a fake server, with either kind of credentials."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from google.oauth2.credentials import Credentials

from tests.contract.fakes.lessons import answer, lesson
from tests.contract.fakes.vertex import VertexServer
from transforms.script.engines.gemini.gemini_engine import GeminiScriptEngine
from transforms.script.engines.gemini.plugin import GeminiSettings

MODEL = "gemini-3.5-flash-lite"
GOOD = json.dumps(answer(lesson()))
LONG = 60.0
"""A timeout, in seconds, that no test reaches."""


def on_vertex(server: VertexServer, **changes: Any) -> GeminiScriptEngine:
    settings = GeminiSettings(
        model=MODEL,
        project="my-project",
        location="europe-west4",
        base_url=server.url,
        credentials=Credentials(token="token-1"),
    )
    return GeminiScriptEngine(replace(settings, **changes))


def with_key(server: VertexServer, **changes: Any) -> GeminiScriptEngine:
    settings = GeminiSettings(model=MODEL, api_key="key-1", base_url=server.url)
    return GeminiScriptEngine(replace(settings, **changes))


def camel(value: Any) -> Any:
    """Return JSON with keys in camel case; Google's client sends camel and snake case."""
    if isinstance(value, dict):
        return {re.sub(r"_(.)", lambda m: m[1].upper(), k): camel(v) for k, v in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value
