"""Settings of `vividly drain`: size of pulls, time limits and shutdown."""

from __future__ import annotations

from pipeline.settings.parsers import positive_int, seconds
from pipeline.settings.setting import Setting

GROUP = "How long to drain"

SETTINGS = (
    Setting(
        "batch-size", "messages asked for in one pull", GROUP, type=positive_int, default=10,
        unit="messages",
    ),
    Setting(
        "max-runtime", "stop pulling after this long", GROUP, type=seconds, default=300.0,
        unit="seconds", aliases=("WORKER_MAX_RUNTIME",),
    ),
    Setting(
        "empty-queue-timeout", "exit when no message has arrived for this long and no work is left",
        GROUP, type=seconds, default=60.0, unit="seconds",
    ),
    Setting(
        "pull-timeout", "how long one pull may wait for messages", GROUP, type=seconds,
        default=30.0, unit="seconds",
    ),
    Setting(
        "shutdown-grace", "time to finish requests in flight after SIGTERM; the others are "
        "nacked", GROUP, type=seconds, default=8.0, unit="seconds",
    ),
)  # fmt: skip
