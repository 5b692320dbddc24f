"""Settings of logs, summary, report, health port and traces."""

from __future__ import annotations

from pipeline.settings.parsers import collector_url, output_file, port_number
from pipeline.settings.setting import Setting

GROUP = "What is reported"

SETTINGS = (
    Setting(
        "health-port", "serve /health, /ready and /metrics on this port; not served when not "
        "given", GROUP, type=port_number, aliases=("PORT",),
    ),
    Setting(
        "summary", "also write the final summary to this file, as JSON", GROUP, type=output_file,
    ),
    Setting(
        "report", "at the end, write a report of this run to this file: one HTML page", GROUP,
        type=output_file,
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
    Setting(
        "otlp-endpoint", "send traces over OTLP (HTTP) to the collector at this base URL, such as "
        "http://localhost:4318; needs the extra `traces`; no traces when not given", GROUP,
        type=collector_url, aliases=("OTEL_EXPORTER_OTLP_ENDPOINT",), graph=True,
    ),
)  # fmt: skip
