"""The client for Gemini, on Vertex AI or with a Gemini API key."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from google import genai
from google.genai import types
from pydantic import BaseModel

from transforms.errors import ConfigurationFault, StageTimeout
from transforms.google_credentials import SharedCredentials, default_credentials
from transforms.script.engines.gemini.gemini_response import to_answer
from transforms.script.engines.gemini.gemini_transport import event_hooks, mapped_errors
from transforms.script.engines.gemini.plugin import GeminiSettings, Safety, Thinking
from transforms.stage import paid_call

_BUDGETS: Mapping[Thinking, int] = {"minimal": 512, "low": 1024, "medium": 4096, "high": 8192}
"""Thinking tokens for models before Gemini 3, which know no levels; 512 is the least that all of
them accept (https://ai.google.dev/gemini-api/docs/thinking)."""

_CHECK_TIMEOUT = 15.0  # seconds

_CATEGORIES = (
    types.HarmCategory.HARM_CATEGORY_HARASSMENT,
    types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
    types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
    types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
)
_THRESHOLDS: Mapping[Safety, types.HarmBlockThreshold] = {
    "low": types.HarmBlockThreshold.BLOCK_LOW_AND_ABOVE,
    "medium": types.HarmBlockThreshold.BLOCK_MEDIUM_AND_ABOVE,
    "high": types.HarmBlockThreshold.BLOCK_ONLY_HIGH,
}


@dataclass(frozen=True)
class Ask:
    """All inputs of one call; `schema` is the digest of the answer's schema and the rules."""

    model: str
    system: str
    turns: tuple[tuple[Literal["user", "model"], str], ...]
    temperature: float | None
    max_output_tokens: int
    thinking: Thinking
    safety: Safety
    schema: str


class GeminiClient:
    """Sends requests to Gemini.

    The connection is made when first needed and shared by all threads.

    Args:
        settings: service, model and limits.
    """

    def __init__(self, settings: GeminiSettings) -> None:
        self._settings = settings
        self._client: genai.Client | None = None
        self._credentials: SharedCredentials | None = None
        self._lock = threading.Lock()

    def check(self) -> str:
        """Verify that the model can be called; counting the tokens of a word costs nothing."""
        with mapped_errors(self._settings.model, _CHECK_TIMEOUT):
            client, left = self._connected(_CHECK_TIMEOUT)
            client.models.count_tokens(
                model=self._settings.model,
                contents="photosynthesis",
                config=types.CountTokensConfig(
                    http_options=types.HttpOptions(timeout=max(1, int(left * 1000)))
                ),
            )
        return f"{self._settings.model} answers"

    def send(self, ask: Ask, schema: type[BaseModel], seconds: float) -> paid_call.Answer:
        """Send a request once, without retries, and return its answer.

        Args:
            ask: what to ask.
            schema: the schema of the answer.
            seconds: time limit.

        Raises:
            CallRejected: the service does not accept the call.
            ModelRetired: the service does not have the model.
            ConfigurationFault: the project, the credentials or the schema are wrong.
            TransientError: the service failed, throttled or did not answer in time.
        """
        if seconds <= 0:
            raise StageTimeout(f"{ask.model} has no time left")
        with mapped_errors(ask.model, seconds):
            client, left = self._connected(seconds)
            response = client.models.generate_content(
                model=ask.model,
                contents=[_turn(role, text) for role, text in ask.turns],
                config=_config(ask, schema, left),
            )
        return to_answer(response, ask.model)

    def _connected(self, timeout: float) -> tuple[genai.Client, float]:
        """Connect if necessary; return the client and the seconds left of the timeout."""
        with self._lock:
            if self._client is None:
                self._client, self._credentials = _connect(self._settings)
        return self._client, self._credentials.ready(timeout) if self._credentials else timeout


def _config(ask: Ask, schema: type[BaseModel], seconds: float) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        http_options=types.HttpOptions(timeout=max(1, int(seconds * 1000))),
        system_instruction=ask.system,
        response_mime_type="application/json",
        response_schema=schema,
        temperature=ask.temperature,
        max_output_tokens=ask.max_output_tokens,
        thinking_config=_thinking(ask.model, ask.thinking),
        safety_settings=[
            types.SafetySetting(category=category, threshold=_THRESHOLDS[ask.safety])
            for category in _CATEGORIES
        ],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _connect(settings: GeminiSettings) -> tuple[genai.Client, SharedCredentials | None]:
    key = settings.api_key or os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")
    vertex = bool(settings.project or not key)
    options = types.HttpOptions(
        base_url=settings.base_url,
        # The stable Developer API refuses fields of the request that its beta takes
        # (https://github.com/googleapis/js-genai/issues/1746); Vertex AI has them all in v1.
        api_version="v1" if vertex else "v1beta",
        client_args={"event_hooks": event_hooks()},
    )
    if not vertex:
        return genai.Client(vertexai=False, api_key=key, http_options=options), None
    project = settings.project or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if settings.credentials:
        credentials = SharedCredentials(settings.credentials)
    else:
        credentials, own_project = default_credentials()
        project = project or own_project
    try:
        client = genai.Client(
            vertexai=True,
            project=project,
            location=settings.location,
            credentials=credentials,
            http_options=options,
        )
    except ValueError as error:  # credentials that name no project
        raise ConfigurationFault(
            settings.model,
            "it needs a Google Cloud project or an API key: set GOOGLE_CLOUD_PROJECT or "
            f"GEMINI_API_KEY ({error})",
        ) from error
    return client, credentials


def _thinking(model: str, thinking: Thinking) -> types.ThinkingConfig:
    generation = re.match(r"gemini-(\d+)", model)
    if generation and int(generation[1]) < 3:
        return types.ThinkingConfig(thinking_budget=_BUDGETS[thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(thinking.upper()))


def _turn(role: Literal["user", "model"], text: str) -> types.Content:
    return types.Content(role=role, parts=[types.Part(text=text)])
