"""Declaration of the Gemini script engine, with its settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from transforms.engine_plugin import EnginePlugin, option

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

Thinking = Literal["minimal", "low", "medium", "high"]
Safety = Literal["low", "medium", "high"]

THINKING_LEVELS: tuple[Thinking, ...] = get_args(Thinking)
"""From the least to the most."""

_SAFETY_LEVELS: tuple[Safety, ...] = get_args(Safety)

MOST_TOKENS = 65_536
"""Tokens of the longest answer that the models give."""


def token_limit(text: str) -> int:
    """Parse the setting of the token limit, a whole number in the models' range.

    Raises:
        ValueError: it is not a whole number in the range that the models accept.
    """
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= MOST_TOKENS):
        raise ValueError(f"must be a whole number from 1024 to {MOST_TOKENS}")
    return int(text)


def web_address(text: str) -> str:
    """Parse the setting of a server address; check that it is an HTTP URL.

    Raises:
        ValueError: it is no address of a server that speaks HTTP.
    """
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("must be an address such as https://gemini.example.com")
    return text


@dataclass(frozen=True)
class GeminiSettings:
    """Model, generation and connection settings of Gemini.

    With a key and no `project`, the Gemini Developer API is called; otherwise Vertex AI, with the
    worker's own Google credentials.

    Attributes:
        model: a model that `prices.toml` or the file of `--prices` lists.
        project: the Google Cloud project; None takes it from the environment or the credentials.
        location: the Vertex AI location; ``"global"`` has every model.
        api_key: the key; None takes ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY`` of the environment.
        base_url: address of the server; None is the one of the location.
        temperature: 0-2; None is the model's default. Gemini 3.5 and later ignore it.
        max_output_tokens: limit for answer and thoughts together.
        thinking: amount of reasoning before the answer.
        safety: least probability of harm at which the service blocks a request or an answer.
        credentials: used in place of the Application Default Credentials.
    """

    model: str = option(
        "gemini-model", "Gemini model, on Vertex AI; an API key without a project calls the Gemini "
        "Developer API, whose terms exclude services likely to be used by people under 18",
        default="gemini-3.5-flash-lite",
    )  # fmt: skip
    project: str | None = None
    location: str = option(
        "gemini-location", "Vertex AI location that serves the model, such as eu or us-central1",
        default="global",
        aliases=("GOOGLE_CLOUD_LOCATION",),
    )  # fmt: skip
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = option(
        "gemini-endpoint", "address of the server that serves Gemini, such as a private endpoint; "
        "that of --gemini-location when not given", default=None, type=web_address,
    )  # fmt: skip
    temperature: float | None = None
    max_output_tokens: int = option(
        "gemini-max-tokens", "limit of Gemini's answer and thoughts together", default=8192,
        type=token_limit, unit="tokens",
    )  # fmt: skip
    thinking: Thinking = option(
        "gemini-thinking", "how much Gemini reasons before it answers", default="low",
        choices=THINKING_LEVELS,
    )  # fmt: skip
    safety: Safety = option(
        "gemini-safety", "least probability of harm at which Gemini blocks: low blocks most",
        default="medium", choices=_SAFETY_LEVELS,
    )  # fmt: skip
    credentials: Credentials | None = field(default=None, repr=False, compare=False)


PLUGIN = EnginePlugin(
    package=__package__,
    engine=".gemini_engine:GeminiScriptEngine",
    settings=GeminiSettings,
    remedy="enable the Vertex AI API, set GOOGLE_CLOUD_PROJECT and give the account the role "
    "Vertex AI User",
    paid=True,
    google=True,
    claim_checker=".gemini_claims:GeminiClaimChecker",
    quiz_taker=".gemini_quiz:GeminiQuizTaker",
)
