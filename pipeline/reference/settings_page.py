"""Reference page of the settings."""

from __future__ import annotations

import itertools

from pipeline.settings import FRAME_SIZES, SETTINGS, Setting, frame_size
from pipeline.settings.arguments import format_value

INTRODUCTION = """\
The command line wins over the environment, which wins over the default. Options may be spelled with
dashes or underscores. Which command takes which option: [commands](commands.md).
"""


def tables() -> str:
    """Return every setting with default, unit and environment variables, as Markdown tables."""
    parts = []
    for group, members in itertools.groupby(
        sorted(SETTINGS, key=lambda setting: setting.group), key=lambda setting: setting.group
    ):
        rows = "\n".join(map(_row, members))
        parts.append(
            f"**{group}**\n\n| option | what | default | environment |\n|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _row(setting: Setting) -> str:
    choices = setting.choices or (tuple(FRAME_SIZES) if setting.type is frame_size else ())
    what = setting.help + (f" ({', '.join(choices)})" if choices else "")
    default = (
        "" if setting.default is None else f"{format_value(setting.default)} {setting.unit}".strip()
    )
    variables = ", ".join(f"`{name}`" for name in setting.variables)
    return f"| `--{setting.name}` | {what} | {default} | {variables} |"
