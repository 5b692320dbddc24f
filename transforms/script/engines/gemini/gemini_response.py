"""Parser of Gemini's response: finish reason, text, model and billed tokens."""

from __future__ import annotations

import re

from google.genai import types

from transforms.model import Usage
from transforms.script.engines.script_engine import Refused, UnusableAnswer
from transforms.stage.paid_call import Answer

_Finish = types.FinishReason

_REFUSALS = frozenset((_Finish.SAFETY, _Finish.PROHIBITED_CONTENT, _Finish.BLOCKLIST, _Finish.SPII))
"""Reasons that lie in the content of request or answer."""

_REFUSED_PROMPTS = frozenset(
    ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "JAILBREAK", "MODEL_ARMOR")
)

_ADVICE = {
    "RECITATION": "it repeated a published text; write in your own words",
    "LANGUAGE": "it was in a language that is not supported; use the requested one",
    "MALFORMED_FUNCTION_CALL": "it was a function call; there are no functions, write the JSON",
    "UNEXPECTED_TOOL_CALL": "it was a tool call; there are no tools, write the JSON",
}

_NOT_STORED = {"parsed", "sdk_http_response", "automatic_function_calling_history"}


def to_answer(response: types.GenerateContentResponse, asked: str) -> Answer:
    """Convert a response to the answer of a paid call.

    Args:
        response: the response.
        asked: the model that was asked; the one that answered may differ.
    """
    return Answer(
        data=response.model_dump_json(exclude=_NOT_STORED, exclude_none=True).encode(),
        usage=_usage(response, asked),
        model=response.model_version or asked,
    )


def text_of(answer: Answer) -> tuple[str, bool]:
    """Return the text of an answer, and whether it was cut off at the limit of its tokens.

    Args:
        answer: made by `to_answer`.

    Raises:
        Refused: the prompt was blocked, or the answer was stopped for its content.
        UnusableAnswer: the answer has no text, or stopped for another reason.
    """
    response = types.GenerateContentResponse.model_validate_json(answer.data)
    writer = answer.model
    blocked = response.prompt_feedback.block_reason if response.prompt_feedback else None
    if blocked and blocked.value in _REFUSED_PROMPTS:
        raise Refused(f"{writer} refused the request: {blocked.value}")
    candidate = response.candidates[0] if response.candidates else None
    if candidate is None:
        why = f"blocked for the reason {blocked.value}" if blocked else "missing, without a reason"
        raise UnusableAnswer(writer, [f"answer: {why}"])
    reason = candidate.finish_reason
    if reason in _REFUSALS or (reason and reason.value == "MODEL_ARMOR"):
        blamed = [
            r.category.value for r in candidate.safety_ratings or () if r.blocked and r.category
        ]
        raise Refused(
            f"{writer} stopped its answer: {reason.value}"
            + (f" ({', '.join(blamed)})" if blamed else "")
        )
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if reason == _Finish.MAX_TOKENS:
        return text, True
    if reason not in (None, _Finish.STOP):
        advice = _ADVICE.get(reason.value, "write it again")
        raise UnusableAnswer(writer, [f"answer: stopped for the reason {reason.value}: {advice}"])
    if not text.strip():
        raise UnusableAnswer(writer, ["answer: empty"])
    return text, False


def _usage(response: types.GenerateContentResponse, asked: str) -> tuple[Usage, ...]:
    """Return the billed tokens: thoughts are output, cached input has a price of its own.

    The number of prompt tokens includes the cached ones.
    """
    metadata = response.usage_metadata
    if metadata is None:
        return ()
    cached = metadata.cached_content_token_count or 0
    counts = {
        "input-tokens": (metadata.prompt_token_count or 0) - cached,
        "cached-input-tokens": cached,
        "output-tokens": (metadata.candidates_token_count or 0)
        + (metadata.thoughts_token_count or 0),
    }
    model = _priced_name(response.model_version or asked, asked)
    return tuple(
        Usage(f"{model}/{kind}", float(count), "" if model == asked else f"{asked}/{kind}")
        for kind, count in counts.items()
        if count or kind != "cached-input-tokens"
    )


def _priced_name(answering: str, asked: str) -> str:
    """Return the name under which the answering model is priced.

    Answers may add a version number to the name, such as ``-001``, which has no price of its own.
    """
    return answering if answering == asked else re.sub(r"-\d{3}$", "", answering)
