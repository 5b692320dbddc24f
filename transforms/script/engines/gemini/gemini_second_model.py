"""SecondModel: calls Gemini to judge a script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from transforms.prices import typical
from transforms.script.engines.gemini.gemini_client import Ask, GeminiClient
from transforms.script.engines.gemini.gemini_response import text_of
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.script.engines.script_engine import UnusableAnswer
from transforms.stage.paid_call import PaidCall, PaidCalls

Verdicts = TypeVar("Verdicts", bound=BaseModel)


class SecondModel:
    """Calls Gemini for verdicts on scripts, by one system instruction and schema.

    Args:
        settings: service, model and limits.
        purpose: purpose of the paid calls.
        rules: the system instruction.
        schema: the schema of the answer.
    """

    def __init__(
        self, settings: GeminiSettings, purpose: str, rules: str, schema: type[BaseModel]
    ) -> None:
        self._settings = settings
        self._purpose = purpose
        self._rules = rules
        content = rules + json.dumps(schema.model_json_schema(), sort_keys=True)
        self._prompt = hashlib.sha256(content.encode()).hexdigest()[:16]
        self._expected = typical("script", "gemini", {"model": settings.model})
        self._client = GeminiClient(settings)

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the settings that the verdicts depend on, for the fingerprint."""
        return {
            "model": self._settings.model,
            "thinking": self._settings.thinking,
            "prompt": self._prompt,
        }

    def check(self) -> str:
        """Verify that the model can be called, at no cost."""
        return self._client.check()

    def ask(self, data: Sequence[str], schema: type[Verdicts], calls: PaidCalls) -> Verdicts:
        """Ask for verdicts on data with one call to Gemini.

        Raises:
            Refused: the model refused to read the data.
            UnusableAnswer: the answer does not follow the schema.
            ContentError: as `GeminiClient.send`.
            EnvironmentFault: as `GeminiClient.send`.
        """
        settings = self._settings
        ask = Ask(
            model=settings.model,
            system=self._rules,
            turns=(("user", "\n".join(data)),),
            temperature=settings.temperature,
            max_output_tokens=settings.max_output_tokens,
            thinking=settings.thinking,
            safety=settings.safety,
            schema=self._prompt,
        )
        call = PaidCall(self._purpose, asdict(ask), self._expected)
        answer = calls.run(call, lambda seconds: self._client.send(ask, schema, seconds))
        text, _ = text_of(answer)
        try:
            return schema.model_validate_json(text)
        except ValidationError as error:
            raise UnusableAnswer(answer.model, ["verdicts: are not JSON of the schema"]) from error
