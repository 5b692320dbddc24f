"""What every job does at its start and at its end."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline import summary
from pipeline.arguments import masked
from pipeline.cli import DEPENDENCY, FAILED, OK
from pipeline.logs import complain
from pipeline.settings import BY_NAME
from transforms.errors import DependencyDown

log = logging.getLogger(__name__)


def log_settings(mode: str, chosen: argparse.Namespace, names: Iterable[str]) -> None:
    """Log the configuration, secrets masked."""
    values = {name: getattr(chosen, BY_NAME[name].dest) for name in names}
    shown = ", ".join(
        f"{name}={masked(BY_NAME[name], value)}"
        for name, value in values.items()
        if value is not None
    )
    log.info("%s starts: %s", mode, shown)


def finish(result: Mapping[str, Any], down: DependencyDown | None, chosen: Any) -> int:
    """Log and print the final summary.

    Returns:
        The exit status: 3 if a dependency stayed down, 1 for dead letters if
        `--fail-on-dead-letter`, else 0.
    """
    log.info(
        "%s ends (%s) after %.1f s: received %d, processed %d, failed %d, handed back %d, "
        "success rate %s",
        result["mode"], result["exit_reason"], result["runtime_seconds"], result["received"],
        result["completed"] + result["duplicates"], result["dead_lettered"], result["in_flight"],
        "-" if result["success_rate"] is None else f"{result['success_rate']:.1%}",
    )  # fmt: skip
    print(summary.write(dict(result), chosen.summary), flush=True)
    if down:
        complain(str(down))
        return DEPENDENCY
    return FAILED if chosen.fail_on_dead_letter and result["dead_lettered"] else OK
