"""Every setting there is, in one table: the command line, the environment, Beam's options and the
reference in the documentation are all made from it.

Nothing here imports Beam, so that `vividly --help` answers at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.nearest import hint

ENVIRONMENT_PREFIX = "VIVIDLY_"


def positive_int(text: str) -> int:
    """Raises: ValueError: not a whole number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError("must be a whole number from 1")
    return number


def whole_number(text: str) -> int:
    """Raises: ValueError: not a whole number from 0."""
    number = int(text)
    if number < 0:
        raise ValueError("must be a whole number from 0")
    return number


def seconds(text: str) -> float:
    """Raises: ValueError: not a finite number of seconds from 0."""
    number = float(text)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError("must be a number of seconds from 0")
    return number


def usd(text: str) -> float:
    """Raises: ValueError: not an amount of US dollars above 0."""
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not (math.isfinite(amount) and amount > 0):
        raise ValueError("must be a number of US dollars above 0")
    return amount


def video_engine(text: str) -> str:
    """Raises: ValueError: an engine that needs what is not installed."""
    if text == "moviepy":
        from transforms.video.moviepy_engine import check  # loads what renders

        check()
    return text


def frame_size(text: str) -> tuple[int, int]:
    """Raises: ValueError: not one of the two sizes lessons are designed for."""
    if text not in FRAME_SIZES:
        raise ValueError(f"must be one of {', '.join(FRAME_SIZES)}{hint(text, FRAME_SIZES)}")
    return FRAME_SIZES[text]


def existing(text: str) -> str:
    """Raises: ValueError: no file or folder."""
    if not Path(text).exists():
        raise ValueError("must be the path of something that exists")
    return text


def topic_name(text: str) -> str:
    """Raises: ValueError: not the full resource name of a topic."""
    if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", text):
        raise ValueError("must be projects/PROJECT/topics/TOPIC")
    return text


FRAME_SIZES = {"1280x720": (1280, 720), "1920x1080": (1920, 1080)}


def resource(collection: str) -> Callable[[str, str], str]:
    """A function that completes a short Pub/Sub name to its full resource name."""

    def full(name: str, project: str) -> str:
        return name if "/" in name else f"projects/{project}/{collection}/{name}"

    return full


subscription_path = resource("subscriptions")
topic_path = resource("topics")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: as on the command line, without the leading dashes.
        help: one line; the unit, if there is one, is in `unit`.
        group: the heading it stands under.
        type: makes the value from text; `bool` is a switch.
        default: the value when nobody says anything; text is put through `type`.
        unit: shown beside the default.
        choices: the only values accepted.
        aliases: further environment variables, looked up after `VIVIDLY_…`.
        graph: true if it shapes the graph, and so is one of Beam's pipeline options too.
        secret: never echoed.
    """

    name: str
    help: str
    group: str
    type: Callable[[str], Any] = str
    default: Any = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    graph: bool = False
    secret: bool = False

    @property
    def dest(self) -> str:
        """Its name as an attribute."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """Its spelling on the command line."""
        return f"--{self.name}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it, the first one found wins."""
        return (ENVIRONMENT_PREFIX + self.dest.upper(), *self.aliases)

    def read(self, text: str) -> Any:
        """The value for `text`.

        Raises:
            ValueError: says what would be right.
        """
        if self.type is bool:
            if text.lower() in ("1", "true", "yes", "on"):
                return True
            if text.lower() in ("0", "false", "no", "off", ""):
                return False
            raise ValueError("must be true or false")
        if self.choices and text not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}{hint(text, self.choices)}")
        return self.type(text)

    def reason(self, error: ValueError) -> str:
        """What would be right, in place of what Python says of a value it cannot read."""
        text = str(error)
        numbers: dict[Callable[[str], Any], str] = {
            positive_int: "whole number from 1",
            whole_number: "whole number from 0",
        }
        if text.startswith("must be") or self.type not in (*numbers, seconds):
            return text
        return f"must be a {numbers.get(self.type, 'number of seconds from 0')}"

    def resolve(self, environment: Mapping[str, str]) -> Any:
        """The value that holds when the command line says nothing.

        Raises:
            ValueError: names the environment variable and what would be right.
        """
        for variable in self.variables:
            if variable in environment:
                try:
                    return self.read(environment[variable])
                except ValueError as error:
                    raise ValueError(f"{variable}: {self.reason(error)}") from None
        return self.read(self.default) if isinstance(self.default, str) else self.default


WORK = "What the work is done with"
PLACES = "Where things are"
DRAIN = "How long to drain"
STREAM = "How the streaming job is run"
LIMITS = "Limits of the work"
REPORT = "What is reported"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "project", "Google Cloud project of topic and subscription", PLACES,
        default="vividly-local", aliases=("GOOGLE_CLOUD_PROJECT",),
    ),
    Setting(
        "subscription", "Pub/Sub subscription, by name or as projects/…/subscriptions/…", PLACES,
        default="content-requests-drain",
    ),
    Setting(
        "topic", "Pub/Sub topic, by name or as projects/…/topics/…", PLACES,
        default="content-requests",
    ),
    Setting(
        "dead-letter-topic", "Pub/Sub topic that dead letters are published to besides being "
        "kept in the ledger, as projects/…/topics/…; none when not given", PLACES,
        type=topic_name, graph=True,
    ),
    Setting(
        "database", "Postgres URL (postgresql://user:password@host:port/name), or the secret in "
        "Secret Manager that holds it (projects/…/secrets/…); an embedded Postgres under the state "
        "folder when not given", PLACES, secret=True,
    ),
    Setting(
        "connections", "connections to Postgres that a process may open", PLACES,
        type=positive_int, default=8,
    ),
    Setting(
        "processes", "processes of all jobs together that share the database; a job refuses to "
        "start where their connections would be more than the server allows", PLACES,
        type=positive_int, default=1, aliases=("CLOUD_RUN_TASK_COUNT",),
    ),
    Setting(
        "artifacts", "folder or gs://bucket/prefix that artifacts are written to", PLACES,
        default="var/artifacts",
    ),
    Setting("state", "folder of the embedded services", PLACES, default="var"),
    Setting(
        "id-label", "message attribute, a new value in each publication, by which Dataflow drops "
        "what a publisher sent twice; Pub/Sub's message id when not given", STREAM,
    ),
    Setting(
        "wait", "wait for the Dataflow job to end instead of returning once it is submitted",
        STREAM, type=bool, default=True,
    ),
    Setting(
        "script-engine", "what writes scripts", WORK,
        default="offline", choices=("offline", "gemini"), graph=True,
    ),
    Setting(
        "gemini-model", "Gemini model", WORK, default="gemini-3.5-flash-lite", graph=True,
    ),
    Setting(
        "gemini-location", "Vertex AI location that serves the model", WORK,
        default="global", aliases=("GOOGLE_CLOUD_LOCATION",), graph=True,
    ),
    Setting(
        "voice-engine", "what speaks", WORK,
        default="offline", choices=("offline", "google"), graph=True,
    ),
    Setting(
        "google-voice", "Google Text-to-Speech voice for requests in its language", WORK,
        default="en-US-Chirp3-HD-Kore", graph=True,
    ),
    Setting(
        "video-engine", "what renders", WORK, type=video_engine, default="slides",
        choices=("slides", "moviepy"), graph=True,
    ),
    Setting(
        "video-size", "width and height of videos", WORK, type=frame_size,
        default="1280x720", unit="pixels", graph=True,
    ),
    Setting(
        "video-theme", "colours of slides: dark, light, or auto for dark first and last slides and "
        "light ones in between", WORK, default="auto", choices=("auto", "dark", "light"),
        graph=True,
    ),
    Setting(
        "video-logo", "picture (PNG, best with transparency) in a corner of every slide; "
        "none when not given", WORK, type=existing, graph=True,
    ),
    Setting(
        "video-intro", "words of an opening card, such as the name of a school; no such card "
        "when not given", WORK, graph=True,
    ),
    Setting(
        "burn-captions", "draw captions into the picture too, for players without a caption track",
        WORK, type=bool, default=False, graph=True,
    ),
    Setting(
        "time-words", "say in captions.vtt when each word is spoken, for players that highlight it",
        WORK, type=bool, default=False, graph=True,
    ),
    Setting(
        "music", "music under the speech: a file, or a folder of which each lesson gets one; "
        "none when not given", WORK, type=existing, graph=True,
    ),
    Setting(
        "render-workers", "scenes of one video rendered side by side", WORK, type=positive_int,
        default=2, graph=True,
    ),
    Setting(
        "constant-frame-rate", "write a frame for every tick of the clock, for players that want "
        "one; otherwise a picture that stands is one long frame", WORK, type=bool, default=False,
        graph=True,
    ),
    Setting(
        "segment-cache", "folder of rendered scenes, kept for reuse; one of the user's own in the "
        "temporary directory when not given", WORK, graph=True,
    ),
    Setting(
        "segment-cache-size", "how much is kept there, the latest used; 0 for nothing", WORK,
        type=whole_number, default=64, unit="MB", graph=True,
    ),
    Setting(
        "force", "do all stages again even where a valid result lies there", WORK, type=bool,
        default=False, graph=True,
    ),
    Setting(
        "workers", "requests worked on side by side, besides one more lane kept free for text "
        "requests; the number of cores when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "batch-size", "messages asked for in one pull", DRAIN, type=positive_int, default=10,
        unit="messages",
    ),
    Setting(
        "max-runtime", "stop pulling after this long", DRAIN, type=seconds, default=300.0,
        unit="seconds", aliases=("WORKER_MAX_RUNTIME",),
    ),
    Setting(
        "empty-queue-timeout", "exit when no message has come for this long and no work is left",
        DRAIN, type=seconds, default=60.0, unit="seconds",
    ),
    Setting(
        "pull-timeout", "how long one pull may wait for messages", DRAIN, type=seconds,
        default=30.0, unit="seconds",
    ),
    Setting(
        "shutdown-grace", "time to finish what is in flight when told to stop; the rest is handed "
        "back", DRAIN, type=seconds, default=8.0, unit="seconds",
    ),
    Setting(
        "dependency-timeout", "give up when Postgres, the artifact store or Pub/Sub stays down "
        "for this long", LIMITS, type=seconds, default=120.0, unit="seconds",
    ),
    Setting(
        "lease", "a claim lapses this long after its worker's last heartbeat", LIMITS,
        type=seconds, default=120.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-deliveries", "a message delivered more often than this becomes a dead letter", LIMITS,
        type=positive_int, default=5, unit="deliveries", graph=True,
    ),
    Setting(
        "deduplicate-ttl", "how long the in-graph filter remembers a request id", LIMITS,
        type=seconds, default=600.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-tries", "tries of one stage before it fails", LIMITS, type=positive_int, default=5,
        unit="tries", graph=True,
    ),
    Setting(
        "script-timeout", "deadline of the script stage, retries included", LIMITS, type=seconds,
        default=120.0, unit="seconds", graph=True,
    ),
    Setting(
        "narration-timeout", "deadline of the narration stage, retries included", LIMITS,
        type=seconds, default=300.0, unit="seconds", graph=True,
    ),
    Setting(
        "video-timeout", "deadline of the video stage, retries included", LIMITS, type=seconds,
        default=900.0, unit="seconds", graph=True,
    ),
    Setting(
        "script-concurrency", "calls of the script engine at the same time, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "script-per-minute", "calls of the script engine begun in a minute, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "narration-concurrency", "calls of the narration engine at the same time, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "narration-per-minute", "calls of the narration engine begun in a minute, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "video-concurrency", "calls of the video engine at the same time, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "video-per-minute", "calls of the video engine begun in a minute, per process; "
        "any number when not given", LIMITS, type=positive_int, graph=True,
    ),
    Setting(
        "max-cost-per-request", "a request that would cost more becomes a dead letter; any amount "
        "when not given", LIMITS, type=usd, unit="US dollars", graph=True,
    ),
    Setting(
        "max-cost-per-hour", "when all workers together have spent this within an hour, requests "
        "wait; any amount when not given", LIMITS, type=usd, unit="US dollars", graph=True,
    ),
    Setting(
        "health-port", "serve /healthz, /readyz and /metrics on this port; not at all when not "
        "given", REPORT, type=positive_int, aliases=("PORT",),
    ),
    Setting("summary", "also write the final summary to this file, as JSON", REPORT),
    Setting(
        "report", "at the end, write a report of this run to this file: one HTML page", REPORT,
    ),
    Setting(
        "fail-on-dead-letter", "exit with status 1 when a message became a dead letter", REPORT,
        type=bool, default=False,
    ),
    Setting(
        "log-level", "least severity that is logged", REPORT, default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Setting(
        "log-format", "how log lines are written: text, JSON as Cloud Logging reads it, or auto: "
        "JSON on Cloud Run and Kubernetes", REPORT, default="auto",
        choices=("auto", "json", "text"),
    ),
)  # fmt: skip

LOGGING = ("log-level", "log-format")
"""Settings that every command has, whatever it does."""

BY_NAME = {setting.name: setting for setting in SETTINGS}
