"""Settings that limit concurrency, time and cost."""

from __future__ import annotations

from pipeline.settings.parsers import positive_int, seconds, usd
from pipeline.settings.setting import Setting

GROUP = "Limits of the work"

SETTINGS = (
    Setting(
        "workers", "requests processed in parallel, besides one more thread reserved for text "
        "requests; the number of cores when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "dependency-timeout", "give up when Postgres, the artifact store or Pub/Sub stays down "
        "for this long", GROUP, type=seconds, default=120.0, unit="seconds",
    ),
    Setting(
        "lease", "a claim lapses this long after its worker's last heartbeat", GROUP,
        type=seconds, default=120.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-deliveries", "a message delivered more often than this becomes a dead letter", GROUP,
        type=positive_int, default=5, unit="deliveries", graph=True,
    ),
    Setting(
        "deduplicate-ttl", "how long the in-graph filter remembers a request id", GROUP,
        type=seconds, default=600.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-tries", "tries of one stage before it fails", GROUP, type=positive_int, default=5,
        unit="tries", graph=True,
    ),
    Setting(
        "script-timeout", "deadline of the script stage, retries included", GROUP, type=seconds,
        default=120.0, unit="seconds", graph=True,
    ),
    Setting(
        "narration-timeout", "deadline of the narration stage, retries included", GROUP,
        type=seconds, default=300.0, unit="seconds", graph=True,
    ),
    Setting(
        "video-timeout", "deadline of the video stage, retries included", GROUP, type=seconds,
        default=900.0, unit="seconds", graph=True,
    ),
    Setting(
        "script-concurrency", "calls of the script engine at the same time, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "script-per-minute", "calls of the script engine begun in a minute, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "narration-concurrency", "calls of the narration engine at the same time, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "narration-per-minute", "calls of the narration engine begun in a minute, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "video-concurrency", "calls of the video engine at the same time, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "video-per-minute", "calls of the video engine begun in a minute, per process; "
        "any number when not given", GROUP, type=positive_int, graph=True,
    ),
    Setting(
        "max-cost-per-request", "a request that would cost more becomes a dead letter; any amount "
        "when not given", GROUP, type=usd, unit="US dollars", graph=True,
    ),
    Setting(
        "max-cost-per-hour", "when all workers together have spent this within an hour, requests "
        "wait; any amount when not given", GROUP, type=usd, unit="US dollars", graph=True,
    ),
)  # fmt: skip
