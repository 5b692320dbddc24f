"""The script engine for Gemini, on Vertex AI or with a Gemini API key."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from google import genai
from google.genai import types

from transforms.errors import ConfigurationFault, StageTimeout
from transforms.google_credentials import SharedCredentials, default_credentials
from transforms.model import ContentRequest, Usage
from transforms.prices import typical
from transforms.script.engines.gemini.gemini_answer import Answer
from transforms.script.engines.gemini.gemini_prompt import (
    TEMPLATE,
    repair_request,
    source_data,
    student_data,
    system_instruction,
)
from transforms.script.engines.gemini.gemini_reading import read_answer
from transforms.script.engines.gemini.gemini_response import text_of, to_answer
from transforms.script.engines.gemini.gemini_transport import event_hooks, mapped_errors
from transforms.script.engines.gemini.plugin import (
    MOST_TOKENS,
    THINKING_LEVELS,
    GeminiSettings,
    Safety,
    Thinking,
)
from transforms.script.engines.script_engine import Repair, UnusableAnswer, Written
from transforms.script.sources.passage import Passage
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

_CHARACTERS_PER_TOKEN = 4
"""Characters of English text for one token, about."""

_MORE_TOKENS = 2
"""Factor of the limit of tokens in a repair of an answer that was cut off."""


@dataclass(frozen=True)
class _Ask:
    """Everything that shapes one answer."""

    model: str
    system: str
    turns: tuple[tuple[Literal["user", "model"], str], ...]
    temperature: float | None
    max_output_tokens: int
    thinking: Thinking
    safety: Safety
    schema: str = _PROMPT


class GeminiScriptEngine:
    """Writes scripts with Gemini (the `ScriptEngine` port).

    The client is created when first needed and shared by all threads; a pickled engine drops it.

    Args:
        settings: service, model and limits.
    """

    name = "gemini"
    takes_passages: Literal[True] = True

    def __init__(self, settings: GeminiSettings) -> None:
        self._settings = settings
        self._expected = typical("script", self.name, {"model": settings.model})
        self._client: genai.Client | None = None
        self._credentials: SharedCredentials | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[GeminiScriptEngine], tuple[GeminiSettings]]:
        return type(self), (self._settings,)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return everything that shapes the answer; project, location and safety do not."""
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
            client, left = self._connected(_CHECK_TIMEOUT)
            client.models.count_tokens(
                model=self._settings.model,
                contents="photosynthesis",
                config=types.CountTokensConfig(
                    http_options=types.HttpOptions(timeout=max(1, int(left * 1000)))
                ),
            )
        return f"{self._settings.model} answers"

    def write(
        self,
        request: ContentRequest,
        *,
        calls: PaidCalls,
        repair: Repair | None = None,
        passages: Sequence[Passage] = (),
    ) -> Written:
        """Write the script for a request, by one call.

        Args:
            request: a validated request.
            calls: sends the call.
            repair: what to write again.
            passages: what sources say on the topic.

        Raises:
            Refused: the model refused or declined the request.
            UnusableAnswer: the answer is no lesson.
            CallRejected: the service does not accept the call.
            ModelRetired: the service does not have the model.
            ConfigurationFault: the project, the credentials or the schema are wrong.
            TransientError: the service failed, throttled or did not answer in time.
        """
        ask = self._ask(request, repair, passages)
        call = PaidCall(
            purpose="repair" if repair else "script",
            inputs=asdict(ask),
            expected=self._expected + self._tokens(passages),
            reason="unusable answer" if repair else "",
            model=self._settings.model,
        )
        answer = calls.run(call, lambda seconds: self._send(ask, seconds))
        text, cut_off = text_of(answer)
        try:
            script, problems = read_answer(text, request, answer.model, passages)
        except UnusableAnswer as unusable:
            if not cut_off:
                raise
            problem = f"answer: cut off at {ask.max_output_tokens} tokens; be brief"
            raise UnusableAnswer(answer.model, [problem], cut_off=True) from unusable
        return Written(script, model=answer.model, answer=text, problems=problems)

    def _tokens(self, passages: Sequence[Passage]) -> tuple[Usage, ...]:
        """Return the usage to expect of passages, which that of a typical lesson leaves out."""
        count = sum(len(passage.text) for passage in passages) / _CHARACTERS_PER_TOKEN
        return (Usage(f"{self._settings.model}/input-tokens", count),) if passages else ()

    def _ask(
        self, request: ContentRequest, repair: Repair | None, passages: Sequence[Passage]
    ) -> _Ask:
        settings = self._settings
        data = [student_data(request), *([source_data(passages)] if passages else [])]
        ask = _Ask(
            model=settings.model,
            system=system_instruction(request.grade_level),
            turns=(("user", "\n".join(data)),),
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            thinking=settings.thinking,
            safety=settings.safety,
        )
        if repair is None:
            return ask
        if repair.cut_off:
            ask = replace(
                ask,
                max_output_tokens=min(_MORE_TOKENS * ask.max_output_tokens, MOST_TOKENS),
                thinking=THINKING_LEVELS[max(0, THINKING_LEVELS.index(ask.thinking) - 1)],
            )
        answered: tuple[tuple[Literal["model"], str], ...] = (
            (("model", repair.answer),) if repair.answer else ()
        )
        return replace(
            ask, turns=(*ask.turns, *answered, ("user", repair_request(repair.problems)))
        )

    def _send(self, ask: _Ask, seconds: float) -> paid_call.Answer:
        if seconds <= 0:
            raise StageTimeout(f"{ask.model} has no time left")
        with mapped_errors(ask.model, seconds):
            client, left = self._connected(seconds)
            response = client.models.generate_content(
                model=ask.model,
                contents=[_turn(role, text) for role, text in ask.turns],
                config=_config(ask, left),
            )
        return to_answer(response, ask.model)

    def _connected(self, timeout: float) -> tuple[genai.Client, float]:
        """Return the client, ready for a call, and the seconds left of the timeout."""
        with self._lock:
            if self._client is None:
                self._client, self._credentials = _connect(self._settings)
        return self._client, self._credentials.ready(timeout) if self._credentials else timeout


def _config(ask: _Ask, seconds: float) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        http_options=types.HttpOptions(timeout=max(1, int(seconds * 1000))),
        system_instruction=ask.system,
        response_mime_type="application/json",
        response_schema=Answer,
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
