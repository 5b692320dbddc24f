"""Display data of steps: their settings, as runners such as Dataflow show them."""

from __future__ import annotations

from apache_beam.transforms.display import DisplayDataItem

from transforms.telemetry.redaction import redact
from transforms.text.capitals import capitalize_first


def display_items(**settings: object) -> dict[str, DisplayDataItem]:
    """Return settings as display data; those that are None are left out, secrets are masked.

    Everyone who may view the job sees them.

    Args:
        settings: values by name.
    """
    return {
        name: DisplayDataItem(_shown(name, value), label=capitalize_first(name.replace("_", " ")))
        for name, value in settings.items()
        if value is not None
    }


def _shown(name: str, value: object) -> object:
    if isinstance(value, bool | int | float):
        return value
    return redact(f"{name.replace('_', '-')}={value}").partition("=")[2]
