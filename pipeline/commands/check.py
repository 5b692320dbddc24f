"""Look at everything a job needs before it runs, and say what to do about what is missing.

Nothing is changed and nothing that costs money is asked for; one small artifact is written and
deleted again.
"""

from __future__ import annotations

import argparse
import json

from pipeline.exit_status import FAILED, OK
from pipeline.jobs.preflight import MODES
from pipeline.settings import LOGGING
from pipeline.settings import SETTINGS as ALL

HELP = "look at everything a job needs before it runs"
EXAMPLES = """examples:
  vividly check drain --project my-project --artifacts gs://my-lessons
  vividly check stream --script-engine gemini --voice-engine google --json
"""
SETTINGS = [
    setting.name for setting in ALL if setting.name not in ("topic", "summary", "report", *LOGGING)
]


def configure(parser: argparse.ArgumentParser) -> None:
    """Which mode, and in which form."""
    parser.add_argument(
        "mode", nargs="?", default="drain", choices=MODES,
        help="what is to be run [default drain]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="an array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Check, and print a line for each thing looked at.

    Returns:
        0 if all is well, else 1.
    """
    from pipeline.cli import output
    from pipeline.jobs import preflight

    findings = preflight.run_checks(chosen.mode, chosen)
    if chosen.json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        output.findings(findings)
    return OK if all(finding.passed for finding in findings) else FAILED
