"""Generator of deploy/metadata.json, the parameters of the Flex Template.

`make docs` writes it; a test fails when it is stale. Dataflow refuses a launch whose parameters do
not match, and the console makes its form from it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.settings import (
    BY_NAME,
    FRAME_SIZES,
    SETTINGS,
    Setting,
    frame_size,
    positive_int,
    seconds,
    topic_name,
    whole_number,
)
from pipeline.settings.arguments import format_value
from transforms.ledger.secret import PATTERN as SECRET
from transforms.text.capitals import capitalize_first

FILE = Path(__file__).parents[2] / "deploy" / "metadata.json"

PRODUCTION = {"script-engine": "gemini", "voice-engine": "google"}
"""Defaults that the container image sets in its environment."""

REQUIRED = ("subscription", "database", "artifacts")
"""Parameters that a job on Dataflow requires, besides its image."""

WHOLE_NUMBER = r"^[1-9][0-9]{0,8}$"

PATTERNS = {
    "subscription": r"^projects/[^/\s]+/subscriptions/[A-Za-z][A-Za-z0-9._~+%-]{2,254}$",
    # A password would be readable to all who may view the job.
    "database": rf"^({SECRET}|postgres(ql)?(\+[a-z0-9]+)?://[^:/@\s]+@\S+)$",
    "artifacts": r"^gs://[a-z0-9][a-z0-9._-]+(/\S*)?$",
}
"""Patterns that are stricter here than for the settings elsewhere."""

HELP = {
    "subscription": "Pub/Sub subscription, as projects/…/subscriptions/…",
    "database": "secret in Secret Manager that holds the URL of Postgres, as "
    "projects/…/secrets/…/versions/…, or a URL without a password for a login by IAM",
    "artifacts": "gs://bucket/prefix that artifacts are written to",
}

DATAFLOW = "Dataflow"


def metadata() -> dict[str, Any]:
    """Return the template's metadata, as `gcloud dataflow flex-template build` reads it."""
    settings = [BY_NAME[name] for name in REQUIRED]
    settings += [s for s in SETTINGS if s.graph or s.name == "id-label"]
    return {
        "name": "Vividly content pipeline",
        "description": "Turns students' questions from Pub/Sub into narrated, captioned lessons "
        "on Cloud Storage, with every outcome in Postgres.",
        "streaming": True,
        "supportsExactlyOnce": True,
        "supportsAtLeastOnce": False,
        "parameters": [*map(_parameter, settings), *_worker_options()],
    }


def _parameter(setting: Setting) -> dict[str, Any]:
    unit = f" ({setting.unit})" if setting.unit else ""
    parameter: dict[str, Any] = {
        "name": setting.dest,
        "label": capitalize_first(setting.name.replace("-", " ")),
        "helpText": HELP.get(setting.name, setting.help) + unit,
        "groupName": setting.group,
        "isOptional": setting.name not in REQUIRED,
    }
    choices = tuple(FRAME_SIZES) if setting.type is frame_size else setting.choices
    if setting.type is bool:
        parameter |= {"paramType": "BOOLEAN", "regexes": ["^(true|false)$"]}
    elif choices:
        parameter |= _one_of(choices)
    elif setting.type is whole_number:
        parameter |= {"paramType": "NUMBER", "regexes": ["^[0-9]{1,9}$"]}
    elif setting.type is positive_int:
        parameter |= {"paramType": "NUMBER", "regexes": [WHOLE_NUMBER]}
    elif setting.type is seconds:
        parameter["regexes"] = [r"^[0-9]{1,9}(\.[0-9]{1,9})?$"]
    elif setting.type is topic_name:
        parameter |= {
            "paramType": "PUBSUB_TOPIC",
            "regexes": [r"^projects/[^/\s]+/topics/[^/\s]+$"],
        }
    elif setting.name in PATTERNS:
        parameter["regexes"] = [PATTERNS[setting.name]]
    if setting.name == "subscription":
        parameter["paramType"] = "PUBSUB_SUBSCRIPTION"
    default = PRODUCTION.get(setting.name, setting.default)
    if default is not None and setting.name not in REQUIRED:
        parameter["defaultValue"] = _typed(default)
    return parameter


def _typed(value: Any) -> str:
    """Format a default value as the text of a form field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_value(value)


def _one_of(choices: Sequence[str]) -> dict[str, Any]:
    escaped = "|".join(choice.replace(".", r"\.") for choice in choices)
    return {
        "paramType": "ENUM",
        "enumOptions": [{"value": choice} for choice in choices],
        "regexes": [f"^({escaped})$"],
    }


def _worker_options() -> list[dict[str, Any]]:
    """Return the parameters that are Beam's own worker options, such as the image."""
    group = {"groupName": DATAFLOW}
    optional = {**group, "isOptional": True}
    return [
        {
            "name": "sdk_container_image",
            "label": "Worker image",
            "helpText": "container image of the workers: the one this template was built with",
            **group,
            "isOptional": False,
            "regexes": [r"^[^\s/]+/\S+$"],
        },
        {
            "name": "number_of_worker_harness_threads",
            "label": "Threads per worker process",
            "helpText": "bundles that each process of a worker works on side by side; as many as "
            "the shards of heavy requests, and 16, when not given",
            **optional,
            "paramType": "NUMBER",
            "regexes": [WHOLE_NUMBER],
        },
        {
            "name": "disk_size_gb",
            "label": "Disk size",
            "helpText": "disk of each worker (gigabytes)",
            **optional,
            "paramType": "NUMBER",
            "regexes": [WHOLE_NUMBER],
        },
        {
            "name": "default_sdk_harness_log_level",
            "label": "Log level",
            "helpText": "least severity that workers log",
            **optional,
            **_one_of(("DEBUG", "INFO", "WARNING", "ERROR")),
            "defaultValue": "INFO",
        },
    ]


def text() -> str:
    """Return the content of deploy/metadata.json."""
    return json.dumps(metadata(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write deploy/metadata.json."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
