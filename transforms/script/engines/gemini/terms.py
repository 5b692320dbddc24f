"""Detects which of Google's two Gemini services is called: their terms on minors differ.

https://ai.google.dev/gemini-api/terms, https://cloud.google.com/terms/service-terms
"""

from __future__ import annotations

import os

from transforms.script.engines.gemini.plugin import GeminiSettings

KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
"""Environment variables with a key of the Gemini Developer API."""


def calls_developer_api(settings: GeminiSettings) -> bool:
    """Return whether the Gemini Developer API is called, and not Vertex AI."""
    return not settings.project and bool(settings.api_key or any(map(os.environ.get, KEYS)))
