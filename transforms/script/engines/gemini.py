"""The production script engine: Gemini, on Vertex AI or with a Gemini API key."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from google import genai
from google.auth.credentials import Credentials
from google.genai import types

from transforms.errors import PermanentError, StageTimeout, TransientError
from transforms.model import ContentRequest, Usage
from transforms.prices import price
from transforms.script.engines.gemini_answer import Answer, UnusableAnswer, read_answer
from transforms.script.engines.gemini_prompt import (
    TEMPLATE,
    repair_request,
    student_data,
    system_instruction,
)
from transforms.script.engines.gemini_transport import event_hooks, mapped_errors
from transforms.script.engines.script_engine import Written

Thinking = Literal["minimal", "low", "medium", "high"]

_BUDGETS: Mapping[Thinking, int] = {"minimal": 512, "low": 1024, "medium": 4096, "high": 8192}
"""Thinking tokens for models before Gemini 3, which know no levels; 512 is the least that all of
them accept (https://ai.google.dev/gemini-api/docs/thinking)."""

_CHECK_TIMEOUT = 15.0  # seconds

_PROMPT = hashlib.sha256(
    (TEMPLATE + json.dumps(Answer.model_json_schema(), sort_keys=True)).encode()
).hexdigest()[:16]
"""Names the wording of the rules and the schema in the engine's identity."""

_SAFETY = [
    types.SafetySetting(
        category=category, threshold=types.HarmBlockThreshold.BLOCK_MEDIUM_AND_ABOVE
    )
    for category in (
        types.HarmCategory.HARM_CATEGORY_HARASSMENT,
        types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
        types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
        types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
    )
]


@dataclass(frozen=True)
class GeminiSettings:
    """How to reach Gemini and what to ask of it.

    A key leads to the Gemini Developer API, unless `project` is set too; everything else leads to
    Vertex AI under the worker's own Google credentials.

    Attributes:
        model: a model that `transforms.prices` lists.
        project: the Google Cloud project; None is that of the environment or the credentials.
        location: the Vertex AI location; ``"global"`` has every model.
        api_key: the key; None is ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY`` of the environment.
        base_url: another server than Google's.
        temperature: 0-2; None is the model's own. Gemini 3.5 and later ignore it.
        max_output_tokens: for answer and thoughts together.
        thinking: how much the model thinks first.
        credentials: instead of the Application Default Credentials.
    """

    model: str = "gemini-3.5-flash-lite"
    project: str | None = None
    location: str = "global"
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int = 8192
    thinking: Thinking = "low"
    credentials: Credentials | None = field(default=None, repr=False, compare=False)


class GeminiScriptEngine:
    """Writes scripts with Gemini (the `ScriptEngine` port).

    It tries once, and once more if the answer cannot be used; other tries are the stage's affair.
    The client is made when first needed and shared by all threads; a pickled engine leaves it
    behind.

    Args:
        settings: how to reach Gemini.

    Raises:
        ValueError: the model has no price.
    """

    name = "gemini"

    def __init__(self, settings: GeminiSettings) -> None:
        self._settings = settings
        self._skus = (f"{settings.model}/input-tokens", f"{settings.model}/output-tokens")
        price(Usage(sku, 0) for sku in self._skus)
        self._client: genai.Client | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[GeminiScriptEngine], tuple[GeminiSettings]]:
        return type(self), (self._settings,)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Everything that shapes the answer; where it is asked for does not."""
        return {
            "model": self._settings.model,
            "temperature": self._settings.temperature,
            "max_output_tokens": self._settings.max_output_tokens,
            "thinking": self._settings.thinking,
            "prompt": _PROMPT,
        }

    def check(self) -> str:
        """As in `ScriptEngine`: counts the tokens of a word, which costs nothing."""
        with mapped_errors(self._settings.model, _CHECK_TIMEOUT):
            self._connected().models.count_tokens(
                model=self._settings.model,
                contents="photosynthesis",
                config=types.CountTokensConfig(
                    http_options=types.HttpOptions(timeout=int(_CHECK_TIMEOUT * 1000))
                ),
            )
        return f"{self._settings.model} answers"

    def write(self, request: ContentRequest, *, timeout: float) -> Written:
        """Write the script for a request.

        Args:
            request: a validated request.
            timeout: seconds for both attempts together.

        Raises:
            PermanentError: refused, declined, or twice an answer that cannot be used.
            TransientError: the service failed, throttled or did not answer in time.
        """
        deadline = time.monotonic() + timeout
        contents = [_turn("user", student_data(request))]
        tokens = (0, 0)
        repaired = False
        while True:
            response = self._ask(contents, request, deadline)
            tokens = _add(tokens, response.usage_metadata)
            answer = _text(response, self._settings.model)
            try:
                if _finish(response) == types.FinishReason.MAX_TOKENS:
                    raise UnusableAnswer(
                        f"- answer: cut off at {self._settings.max_output_tokens} tokens; be brief"
                    )
                script = read_answer(answer, request, self._settings.model)
            except UnusableAnswer as problem:
                if repaired:
                    raise PermanentError(
                        f"{self._settings.model} gave an answer that cannot be used, "
                        f"even after one repair:\n{problem}"
                    ) from None
                repaired = True
                contents += [_turn("model", answer)] if answer else []
                contents.append(_turn("user", repair_request(str(problem))))
            else:
                return Written(script, tuple(map(Usage, self._skus, map(float, tokens))))

    def _ask(
        self, contents: list[types.Content], request: ContentRequest, deadline: float
    ) -> types.GenerateContentResponse:
        left = deadline - time.monotonic()
        if left <= 0:
            raise StageTimeout(f"{self._settings.model} left no time for a repair")
        with mapped_errors(self._settings.model, left):
            return self._connected().models.generate_content(
                model=self._settings.model,
                contents=list(contents),
                config=self._config(request, left),
            )

    def _config(self, request: ContentRequest, timeout: float) -> types.GenerateContentConfig:
        return types.GenerateContentConfig(
            http_options=types.HttpOptions(timeout=max(1, int(timeout * 1000))),
            system_instruction=system_instruction(request.grade_level),
            response_mime_type="application/json",
            response_schema=Answer,
            temperature=self._settings.temperature,
            max_output_tokens=self._settings.max_output_tokens,
            thinking_config=_thinking(self._settings.model, self._settings.thinking),
            safety_settings=_SAFETY,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )

    def _connected(self) -> genai.Client:
        with self._lock:
            if self._client is None:
                self._client = _connect(self._settings)
            return self._client


def _connect(settings: GeminiSettings) -> genai.Client:
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
        return genai.Client(vertexai=False, api_key=key, http_options=options)
    try:
        return genai.Client(
            vertexai=True,
            project=settings.project or os.environ.get("GOOGLE_CLOUD_PROJECT"),
            location=settings.location,
            credentials=settings.credentials,
            http_options=options,
        )
    except ValueError as error:  # credentials that name no project
        raise PermanentError(
            "Gemini needs a Google Cloud project or an API key: set GOOGLE_CLOUD_PROJECT "
            f"or GEMINI_API_KEY ({error})"
        ) from error


def _thinking(model: str, thinking: Thinking) -> types.ThinkingConfig:
    generation = re.match(r"gemini-(\d+)", model)
    if generation and int(generation[1]) < 3:
        return types.ThinkingConfig(thinking_budget=_BUDGETS[thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(thinking.upper()))


def _turn(role: Literal["user", "model"], text: str) -> types.Content:
    return types.Content(role=role, parts=[types.Part(text=text)])


def _add(
    tokens: tuple[int, int], metadata: types.GenerateContentResponseUsageMetadata | None
) -> tuple[int, int]:
    """Input and output tokens so far; thoughts are billed as output."""
    if metadata is None:
        return tokens
    output = (metadata.candidates_token_count or 0) + (metadata.thoughts_token_count or 0)
    return tokens[0] + (metadata.prompt_token_count or 0), tokens[1] + output


def _finish(response: types.GenerateContentResponse) -> types.FinishReason | None:
    return response.candidates[0].finish_reason if response.candidates else None


def _text(response: types.GenerateContentResponse, model: str) -> str:
    """The answer's text, possibly cut off.

    Raises:
        PermanentError: the prompt was blocked, or the answer stopped for a reason of its content.
        TransientError: there is no answer and no reason why.
    """
    feedback = response.prompt_feedback
    if feedback and feedback.block_reason:
        raise PermanentError(f"{model} refused the request: {feedback.block_reason.value}")
    if not response.candidates:
        raise TransientError(f"{model} answered nothing")
    reason = _finish(response)
    if reason not in (None, types.FinishReason.STOP, types.FinishReason.MAX_TOKENS):
        ratings = response.candidates[0].safety_ratings or []
        blamed = [r.category.value for r in ratings if r.blocked and r.category]
        raise PermanentError(
            f"{model} stopped its answer: {reason.value}"
            + (f" ({', '.join(blamed)})" if blamed else "")
        )
    content = response.candidates[0].content
    parts = (content.parts if content else None) or []
    return "".join(part.text for part in parts if part.text and not part.thought)
