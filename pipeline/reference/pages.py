"""Which file of the documentation holds what, and how it is brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.reference import (
    commands_page,
    graph_page,
    ledger_page,
    message_page,
    metrics_page,
    settings_page,
)

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BEGIN, END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"

_MADE = "<!-- Made by `make docs`; do not edit. -->\n\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": lambda: (
        f"{_MADE}# Settings\n\n{settings_page.INTRODUCTION}\n{settings_page.tables()}"
    ),
    "commands.md": lambda: f"{_MADE}# Commands\n\n{commands_page.page()}",
    "message.md": lambda: f"{_MADE}# The message\n\n{message_page.page()}",
    "content-request.schema.json": message_page.schema_text,
    "ledger.md": lambda: f"{_MADE}# The ledger\n\n{ledger_page.page()}",
    "graph.md": lambda: f"{_MADE}# The graph\n\n{graph_page.page()}",
    "metrics.md": lambda: f"{_MADE}# Metrics\n\n{metrics_page.page()}",
}
"""Files under docs/reference/, and what makes them."""


def files() -> dict[Path, str]:
    """Every file that is made, or holds something made, with the content it should have."""
    made = {ROOT / "docs" / "reference" / name: make() for name, make in PAGES.items()}
    made[README] = _with_settings(README.read_text(encoding="utf-8"))
    return made


def _with_settings(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_page.tables()}\n{END}{after}"
