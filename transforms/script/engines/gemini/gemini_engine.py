"""The script engine for Gemini, on Vertex AI or with a Gemini API key."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from typing import Literal

from google import genai
from google.genai import types

from transforms.engine_plugin import setting_values
from transforms.errors import (
    ConfigurationFault,
    PermanentError,
    StageTimeout,
    TransientError,
)
from transforms.model import ContentRequest, Usage
from transforms.prices import price, typical
from transforms.script.engines.gemini.gemini_answer import Answer, UnusableAnswer, read_answer
from transforms.script.engines.gemini.gemini_prompt import (
    TEMPLATE,
    repair_request,
    student_data,
    system_instruction,
)
from transforms.script.engines.gemini.gemini_transport import event_hooks, mapped_errors
from transforms.script.engines.gemini.plugin import GeminiSettings, Thinking
from transforms.script.engines.script_engine import Written
from transforms.stage import paid_call
from transforms.stage.paid_call import PaidCall, PaidCalls

_BUDGETS: Mapping[Thinking, int] = {"minimal": 512, "low": 1024, "medium": 4096, "high": 8192}
"""Thinking tokens for models before Gemini 3, which know no levels; 512 is the least that all of
them accept (https://ai.google.dev/gemini-api/docs/thinking)."""

_CHECK_TIMEOUT = 15.0  # seconds

_PROMPT = hashlib.sha256(
    (TEMPLATE + json.dumps(Answer.model_json_schema(), sort_keys=True)).encode()
).hexdigest()[:16]
"""Digest of the rules and the schema, for the engine's identity."""

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


class GeminiScriptEngine:
    """Writes scripts with Gemini (the `ScriptEngine` port).

    It asks once, and once more if the answer is unusable; `PaidCalls` does all other retries. The
    client is created when first needed and shared by all threads; a pickled engine drops it.

    Args:
        settings: service, model and limits.

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
        """Return everything that shapes the answer; project and location do not."""
        return {
            "model": self._settings.model,
            "temperature": self._settings.temperature,
            "max_output_tokens": self._settings.max_output_tokens,
            "thinking": self._settings.thinking,
            "prompt": _PROMPT,
        }

    def check(self) -> str:
        """Verify that the model can be called; counting the tokens of a word costs nothing."""
        with mapped_errors(self._settings.model, _CHECK_TIMEOUT):
            self._connected().models.count_tokens(
                model=self._settings.model,
                contents="photosynthesis",
                config=types.CountTokensConfig(
                    http_options=types.HttpOptions(timeout=int(_CHECK_TIMEOUT * 1000))
                ),
            )
        return f"{self._settings.model} answers"

    def write(self, request: ContentRequest, *, calls: PaidCalls) -> Written:
        """Write the script for a request.

        Args:
            request: a validated request.
            calls: the deadline of both attempts together, and their calls.

        Raises:
            PermanentError: refused, declined, or two unusable answers.
            CallRejected: the service does not accept the call.
            ConfigurationFault: the model, the project or the credentials are wrong.
            TransientError: the service failed, throttled or did not answer in time.
        """
        contents = [_turn("user", student_data(request))]
        repaired = False
        while True:
            response = self._ask(contents, request, calls, "repair" if repaired else "script")
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
                return Written(script)

    def _ask(
        self,
        contents: list[types.Content],
        request: ContentRequest,
        calls: PaidCalls,
        purpose: Literal["script", "repair"],
    ) -> types.GenerateContentResponse:
        def send(timeout: float) -> paid_call.Answer:
            if timeout <= 0:
                raise StageTimeout(f"{self._settings.model} has no time left for its {purpose}")
            with mapped_errors(self._settings.model, timeout):
                response = self._connected().models.generate_content(
                    model=self._settings.model,
                    contents=list(contents),
                    config=self._config(request, timeout),
                )
            return paid_call.Answer(
                response.model_dump_json(exclude_none=True).encode(),
                tuple(map(Usage, self._skus, _tokens(response.usage_metadata))),
                response.model_version or "",
            )

        inputs = {
            **self.identity,
            "grade": request.grade_level,
            "turns": [content.model_dump(mode="json", exclude_none=True) for content in contents],
        }
        expected = typical("script", self.name, setting_values(self._settings))
        answer = calls.run(PaidCall(purpose, inputs, expected), send)
        return types.GenerateContentResponse.model_validate_json(answer.data)

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
        raise ConfigurationFault(
            settings.model,
            "it needs a Google Cloud project or an API key: set GOOGLE_CLOUD_PROJECT or "
            f"GEMINI_API_KEY ({error})",
        ) from error


def _thinking(model: str, thinking: Thinking) -> types.ThinkingConfig:
    generation = re.match(r"gemini-(\d+)", model)
    if generation and int(generation[1]) < 3:
        return types.ThinkingConfig(thinking_budget=_BUDGETS[thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(thinking.upper()))


def _turn(role: Literal["user", "model"], text: str) -> types.Content:
    return types.Content(role=role, parts=[types.Part(text=text)])


def _tokens(
    metadata: types.GenerateContentResponseUsageMetadata | None,
) -> tuple[float, float]:
    """Return input and output tokens; thoughts are billed as output."""
    if metadata is None:
        return 0.0, 0.0
    output = (metadata.candidates_token_count or 0) + (metadata.thoughts_token_count or 0)
    return float(metadata.prompt_token_count or 0), float(output)


def _finish(response: types.GenerateContentResponse) -> types.FinishReason | None:
    return response.candidates[0].finish_reason if response.candidates else None


def _text(response: types.GenerateContentResponse, model: str) -> str:
    """Return the answer's text, which may be truncated.

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
