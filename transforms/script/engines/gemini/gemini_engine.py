"""The script engine for Gemini, on Vertex AI or with a Gemini API key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Literal

from transforms.model import ContentRequest, Usage
from transforms.prices import typical
from transforms.script.engines.gemini.gemini_answer import Answer
from transforms.script.engines.gemini.gemini_client import Ask, GeminiClient
from transforms.script.engines.gemini.gemini_prompt import (
    TEMPLATE,
    repair_request,
    source_data,
    student_data,
    system_instruction,
)
from transforms.script.engines.gemini.gemini_reading import read_answer
from transforms.script.engines.gemini.gemini_response import text_of
from transforms.script.engines.gemini.plugin import MOST_TOKENS, THINKING_LEVELS, GeminiSettings
from transforms.script.engines.script_engine import Repair, UnusableAnswer, Written
from transforms.script.sources.passage import Passage
from transforms.stage.paid_call import PaidCall, PaidCalls

_PROMPT = hashlib.sha256(
    (TEMPLATE + json.dumps(Answer.model_json_schema(), sort_keys=True)).encode()
).hexdigest()[:16]
"""Digest of the rules and the schema, for the engine's identity."""

_CHARACTERS_PER_TOKEN = 4
"""Characters of English text for one token, about."""

_MORE_TOKENS = 2
"""Factor of the limit of tokens in a repair of an answer that was cut off."""


class GeminiScriptEngine:
    """Writes scripts with Gemini (the `ScriptEngine` port).

    A pickled engine drops its connection.

    Args:
        settings: service, model and limits.
    """

    name = "gemini"
    takes_passages: Literal[True] = True

    def __init__(self, settings: GeminiSettings) -> None:
        self._settings = settings
        self._expected = typical("script", self.name, {"model": settings.model})
        self._client = GeminiClient(settings)

    def __reduce__(self) -> tuple[type[GeminiScriptEngine], tuple[GeminiSettings]]:
        return type(self), (self._settings,)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the answer depends on; project, location and safety do not."""
        return {
            "model": self._settings.model,
            "temperature": self._settings.temperature,
            "max_output_tokens": self._settings.max_output_tokens,
            "thinking": self._settings.thinking,
            "prompt": _PROMPT,
        }

    def check(self) -> str:
        """Verify that the model can be called, at no cost."""
        return self._client.check()

    def write(
        self,
        request: ContentRequest,
        *,
        calls: PaidCalls,
        repair: Repair | None = None,
        passages: Sequence[Passage] = (),
    ) -> Written:
        """Write the script for a request with one call to Gemini.

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
            expected=self._expected + self._passage_usage(passages),
            reason="unusable answer" if repair else "",
            model=self._settings.model,
        )
        answer = calls.run(call, lambda seconds: self._client.send(ask, Answer, seconds))
        text, cut_off = text_of(answer)
        try:
            script, problems = read_answer(text, request, answer.model, passages)
        except UnusableAnswer as unusable:
            if not cut_off:
                raise
            problem = f"answer: cut off at {ask.max_output_tokens} tokens; be brief"
            raise UnusableAnswer(answer.model, [problem], cut_off=True) from unusable
        return Written(script, model=answer.model, answer=text, problems=problems)

    def _passage_usage(self, passages: Sequence[Passage]) -> tuple[Usage, ...]:
        """Estimate the input tokens of passages, which a typical lesson's usage leaves out."""
        count = sum(len(passage.text) for passage in passages) / _CHARACTERS_PER_TOKEN
        return (Usage(f"{self._settings.model}/input-tokens", count),) if passages else ()

    def _ask(
        self, request: ContentRequest, repair: Repair | None, passages: Sequence[Passage]
    ) -> Ask:
        settings = self._settings
        data = [student_data(request), *([source_data(passages)] if passages else [])]
        ask = Ask(
            model=settings.model,
            system=system_instruction(request.grade_level),
            turns=(("user", "\n".join(data)),),
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            thinking=settings.thinking,
            safety=settings.safety,
            schema=_PROMPT,
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
