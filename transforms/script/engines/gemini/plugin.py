"""Declaration of the Gemini script engine, with its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from transforms.engine_plugin import EnginePlugin, option

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

Thinking = Literal["minimal", "low", "medium", "high"]


@dataclass(frozen=True)
class GeminiSettings:
    """Model, generation and connection settings of Gemini.

    With a key and no `project`, the Gemini Developer API is called; otherwise Vertex AI, with the
    worker's own Google credentials.

    Attributes:
        model: a model that `prices.toml` lists.
        project: the Google Cloud project; None takes it from the environment or the credentials.
        location: the Vertex AI location; ``"global"`` has every model.
        api_key: the key; None takes ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY`` of the environment.
        base_url: address of a server to call instead of Google's.
        temperature: 0-2; None is the model's default. Gemini 3.5 and later ignore it.
        max_output_tokens: limit for answer and thoughts together.
        thinking: amount of reasoning before the answer.
        credentials: used in place of the Application Default Credentials.
    """

    model: str = option("gemini-model", "Gemini model", default="gemini-3.5-flash-lite")
    project: str | None = None
    location: str = option(
        "gemini-location", "Vertex AI location that serves the model", default="global",
        aliases=("GOOGLE_CLOUD_LOCATION",),
    )  # fmt: skip
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int = 8192
    thinking: Thinking = "low"
    credentials: Credentials | None = field(default=None, repr=False, compare=False)


PLUGIN = EnginePlugin(
    package=__package__,
    engine=".gemini_engine:GeminiScriptEngine",
    settings=GeminiSettings,
    remedy="enable the Vertex AI API, set GOOGLE_CLOUD_PROJECT and give the account the role "
    "Vertex AI User",
    paid=True,
    google=True,
)
