"""Declarations of the engines."""

from dataclasses import dataclass

from transforms.engine_plugin import EnginePlugin, option


def even(text: str) -> int:
    """Parse an even number.

    Raises:
        ValueError: the number is odd or not a number.
    """
    if int(text) % 2:
        raise ValueError("must be an even number")
    return int(text)


@dataclass(frozen=True)
class EchoSettings:
    """Settings of the echo engine."""

    style: str = option(
        "echo-style", "how the question is echoed", default="plain", choices=("plain", "loud")
    )
    scenes: int = option("echo-scenes", "scenes of a lesson", default=2, type=even)
    quiz: bool = option("echo-quiz", "end with a question", default=True, type=bool)
    key: str = "none"


SCRIPT = EnginePlugin(
    package=__package__,
    engine=".echo_writer:EchoWriter",
    settings=EchoSettings,
    modules=("echo_client",),
    remedy="start the echo service",
    paid=True,
)
VOICE = EnginePlugin(
    package=__package__, engine=".tone_voice:ToneVoice", isolated=True, prices="cpu_prices.toml"
)
VIDEO = EnginePlugin(
    package=__package__, engine=".blank_renderer:BlankRenderer", prices="cpu_prices.toml"
)
