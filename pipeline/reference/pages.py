"""Pages maps each generated file of docs/ to the function that makes its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.reference import (
    checks_page,
    commands_page,
    drawings_page,
    graph_page,
    ledger_page,
    message_page,
    metrics_page,
    output_schemas,
    privacy_page,
    settings_page,
)

ROOT = Path(__file__).parents[2]

_MADE = "<!-- Made by `make docs`; do not edit. -->\n\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": lambda: (
        f"{_MADE}# Settings\n\n{settings_page.INTRODUCTION}\n{settings_page.tables()}"
    ),
    "commands.md": lambda: f"{_MADE}# Commands\n\n{commands_page.page()}",
    "message.md": lambda: f"{_MADE}# The message\n\n{message_page.page()}",
    "content-request.schema.json": message_page.schema_text,
    "manifest.schema.json": output_schemas.manifest,
    "summary.schema.json": output_schemas.summary,
    "dead-letter.schema.json": output_schemas.dead_letter,
    "ledger.md": lambda: f"{_MADE}# The ledger\n\n{ledger_page.page()}",
    "graph.md": lambda: f"{_MADE}# The graph\n\n{graph_page.page()}",
    "checks.md": lambda: f"{_MADE}# Checks of scripts\n\n{checks_page.page()}",
    "metrics.md": lambda: f"{_MADE}# Metrics\n\n{metrics_page.page()}",
    "drawings.md": lambda: f"{_MADE}# Base drawings and icons\n\n{drawings_page.page()}",
    "../privacy.md": lambda: f"{_MADE}{privacy_page.page()}",
}
"""Functions that return the text of each file, by its path from docs/reference/."""


def files() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    folder = ROOT / "docs" / "reference"
    return {(folder / name).resolve(): make() for name, make in PAGES.items()}
