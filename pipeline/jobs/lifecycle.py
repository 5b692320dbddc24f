"""Log a job's settings at its start, and write its summary and report at its end."""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from pipeline.exit_status import DEPENDENCY, FAILED, OK, SIGNAL, USAGE
from pipeline.monitoring import summary
from pipeline.monitoring.logging_config import report_error
from pipeline.settings import settings_of
from pipeline.settings.arguments import mask_value
from pipeline.standard_output import discard_output
from pipeline.stop_signals import last_signal
from pipeline.usage_error import UsageError
from transforms.errors import EnvironmentFault
from transforms.text.capitals import capitalize_first

if TYPE_CHECKING:
    from transforms.ledger import Ledger

log = logging.getLogger(__name__)

REPORT_SECONDS = 2.0
"""Longest time for the report of a job that was stopped."""


def log_settings(mode: str, chosen: argparse.Namespace, names: Iterable[str]) -> None:
    """Log the settings of a job; secrets are masked."""
    values = [(setting, getattr(chosen, setting.dest)) for setting in settings_of(names)]
    shown = ", ".join(
        f"{setting.name}={mask_value(setting, value)}"
        for setting, value in values
        if value is not None
    )
    log.info("%s starts with the settings %s", mode, shown)


def write_report(
    result: Mapping[str, Any], message_ids: Sequence[str], ledger: Ledger, chosen: Any
) -> bool:
    """Write the report of a job if `--report` is given.

    A job that was stopped is killed soon, so its report is given up after `REPORT_SECONDS`.

    Args:
        result: Summary of the job.
        message_ids: Ids of the messages that the job settled.
        ledger: Ledger of the job.
        chosen: Parsed options.

    Returns:
        False if the report could not be written; the job's results are not affected.
    """
    if not chosen.report:
        return True
    if result["exit_reason"] != "signal":
        return _write_report(result, message_ids, ledger, chosen)
    written: SimpleQueue[bool] = SimpleQueue()
    threading.Thread(
        target=lambda: written.put(_write_report(result, message_ids, ledger, chosen)),
        name="report",
        daemon=True,
    ).start()
    try:
        return written.get(timeout=REPORT_SECONDS)
    except Empty:
        report_error(f"cannot write the report {chosen.report} in time; run `vividly report`")
        return False


def _write_report(
    result: Mapping[str, Any], message_ids: Sequence[str], ledger: Ledger, chosen: Any
) -> bool:
    from pipeline.report import data, render
    from transforms.ledger.scoped import Scope

    file = Path(chosen.report)
    scope = Scope(message_ids=tuple(message_ids))
    title = capitalize_first(str(result["mode"]))
    try:
        render.write(data.gather(ledger, scope, title, in_flight=result["in_flight"]), file)
    except (EnvironmentFault, OSError) as error:
        report_error(f"cannot write the report {file}: {error}")
        return False
    log.info("wrote the report to %s", file)
    return True


def finish_job(
    result: Mapping[str, Any],
    down: Exception | None,
    chosen: Any,
    report: Callable[[], bool] = lambda: True,
) -> int:
    """Log and print the final summary, then write the report.

    Args:
        result: Summary of the job.
        down: Fault that ended the job, or an error of reading its input.
        chosen: Parsed options.
        report: Function that writes the report and returns false if that fails. It comes after the
            summary because the ledger that it reads may hang.

    Returns:
        The exit status: 3 for a dependency that stayed down and for a fault of this worker or its
        configuration; 2 for unreadable input; 1 for any other fault. If work is left over: 130
        after SIGINT, 143 after SIGTERM, else 1. 1 for dead letters with `--fail-on-dead-letter`, or
        if the report or the summary could not be written. Else 0.
    """
    failures = result["dead_lettered"] - result["cancelled"]
    log.info(
        "%s ends (%s) after %.1f s: received %d, processed %d, failed %d, cancelled %d, "
        "unfinished %d%s, success rate %s",
        result["mode"], result["exit_reason"], result["runtime_seconds"], result["received"],
        result["completed"] + result["duplicates"], failures, result["cancelled"],
        result["in_flight"], " and the rest unread" if result.get("unread_input") else "",
        "-" if result["success_rate"] is None else f"{result['success_rate']:.1%}",
    )  # fmt: skip
    written = True
    try:
        print(summary.write_summary(dict(result), None), flush=True)
    except BrokenPipeError:  # the reader has gone; the exit status still tells the result
        discard_output()
    except OSError as error:
        discard_output()
        report_error(f"cannot print the summary: {error.strerror}")
        written = False
    try:
        summary.write_summary(dict(result), chosen.summary)
    except OSError as error:
        report_error(f"cannot write the summary {chosen.summary}: {error.strerror}")
        written = False
    written = report() and written
    if down:
        report_error(str(down))
        if isinstance(down, UsageError | OSError):
            return USAGE
        return DEPENDENCY if isinstance(down, EnvironmentFault) else FAILED
    if left := _left_over(result):
        report_error(left)
        stopped = last_signal() if result["exit_reason"] == "signal" else None
        return SIGNAL + stopped if stopped else FAILED
    failed = chosen.fail_on_dead_letter and failures
    return FAILED if failed or not written else OK


def _left_over(result: Mapping[str, Any]) -> str:
    """Describe what a job has left undone, with a remedy; return an empty string for nothing.

    A drain that ends on an empty queue or after `--max-runtime` leaves nothing over: what it has
    not settled is on the subscription or belongs to another worker.
    """
    if result["mode"] == "drain" and result["exit_reason"] != "signal":
        return ""
    count = result["in_flight"]
    left = [f"{count} message{'s are' if count != 1 else ' is'} unfinished"] if count else []
    if result.get("unread_input"):
        left.append("the rest of the input is unread")
    if not left:
        return ""
    remedies = {
        "batch": "run the same file again to continue",
        "drain": "the subscription delivers them again",
    }
    remedy = remedies.get(result["mode"], "`vividly status` shows the requests")
    return f"work is left over: {' and '.join(left)}; {remedy}"
