"""The reference of settings in README.md, made from the settings themselves.

`make docs` writes it; a test fails when it is stale.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from pipeline.arguments import shown
from pipeline.settings import FRAME_SIZES, SETTINGS, Setting, frame_size

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"


def settings() -> str:
    """Every setting with default, unit and environment variables, as Markdown tables."""
    parts = []
    for group, members in itertools.groupby(
        sorted(SETTINGS, key=lambda setting: setting.group), key=lambda setting: setting.group
    ):
        rows = "\n".join(map(_row, members))
        parts.append(
            f"**{group}**\n\n| option | what | default | environment |\n|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def updated(text: str) -> str:
    """`text` with the reference between its two marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings()}\n{END}{after}"


def _row(setting: Setting) -> str:
    choices = setting.choices or (tuple(FRAME_SIZES) if setting.type is frame_size else ())
    what = setting.help + (f" ({', '.join(choices)})" if choices else "")
    default = "" if setting.default is None else f"{shown(setting.default)} {setting.unit}".strip()
    variables = ", ".join(f"`{name}`" for name in setting.variables)
    return f"| `--{setting.name}` | {what} | {default} | {variables} |"


def main() -> None:
    """Bring README.md up to date."""
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
