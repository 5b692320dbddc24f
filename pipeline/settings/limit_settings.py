"""Settings that limit concurrency, time and cost."""

from __future__ import annotations

from pipeline.settings.parsers import existing_path, positive_int, seconds, usd
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
        "queue-lease", "in a streaming job, a request that waits for its next stage may be claimed "
        "again after this long", GROUP, type=seconds, default=86400.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-deliveries", "a request becomes a dead letter after this many deaths of the process "
        "that works on it, or four times as many starts without an end", GROUP,
        type=positive_int, default=5, unit="deaths", graph=True,
    ),
    Setting(
        "deduplicate-ttl", "how long the in-graph filter remembers a request id", GROUP,
        type=seconds, default=600.0, unit="seconds", graph=True,
    ),
    Setting(
        "max-tries", "tries of one stage before it fails; paid calls go on until its deadline",
        GROUP, type=positive_int, default=5, unit="tries", graph=True,
    ),
    *(
        Setting(
            f"{stage}-timeout", f"deadline of the {stage} stage, retries included", GROUP,
            type=seconds, default=timeout, unit="seconds", graph=True,
        )
        for stage, timeout in (("script", 120.0), ("narration", 300.0), ("video", 900.0))
    ),
    *(
        Setting(
            f"{stage}-{limit}", f"calls of the {stage} engine {counted}; any number when not "
            "given", GROUP, type=positive_int, graph=True,
        )
        for stage in ("script", "narration", "video")
        for limit, counted in (
            ("concurrency", "at the same time, per process"),
            ("per-minute", "begun in a minute by all workers together"),
        )
    ),
    Setting(
        "max-cost-per-request", "a request that would cost more becomes a dead letter; any amount "
        "when not given", GROUP, type=usd, unit="US dollars", graph=True,
    ),
    Setting(
        "student-requests-per-hour", "requests of one student in an hour (UTC), all workers "
        "together; more become dead letters; any number when not given", GROUP,
        type=positive_int, unit="requests", graph=True,
    ),
    Setting(
        "student-cost-per-day", "expected cost of the requests of one student in a day (UTC); more "
        "become dead letters; any amount when not given", GROUP, type=usd, unit="US dollars",
        graph=True,
    ),
    Setting(
        "max-cost-per-hour", "when all workers together have spent this within an hour, requests "
        "wait; any amount when not given", GROUP, type=usd, unit="US dollars", graph=True,
    ),
    Setting(
        "prices", "file of prices that replace or extend the included ones, in the format of "
        "prices.toml", GROUP, type=existing_path, graph=True,
    ),
    Setting(
        "allow-unpriced", "run engines and models without a known price; their usage costs nothing "
        "in budgets and totals", GROUP, type=bool, default=False, graph=True,
    ),
)  # fmt: skip
