"""Settings of logs, summary, report and health port."""

from __future__ import annotations

from pipeline.settings.parsers import port_number
from pipeline.settings.setting import Setting

GROUP = "What is reported"

SETTINGS = (
    Setting(
        "health-port", "serve /health, /ready and /metrics on this port; not served when not "
        "given", GROUP, type=port_number, aliases=("PORT",),
    ),
    Setting("summary", "also write the final summary to this file, as JSON", GROUP),
    Setting(
        "report", "at the end, write a report of this run to this file: one HTML page", GROUP,
    ),
    Setting(
        "fail-on-dead-letter", "exit with status 1 when a message became a dead letter", GROUP,
        type=bool, default=False,
    ),
    Setting(
        "log-level", "least severity that is logged", GROUP, default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Setting(
        "log-format", "how log lines are written: text, JSON as Cloud Logging reads it, or auto: "
        "JSON on Cloud Run and Kubernetes", GROUP, default="auto",
        choices=("auto", "json", "text"),
    ),
)  # fmt: skip
