"""Check everything that a job needs before it runs, and print a remedy for what is missing.

The checks change nothing and cost nothing; one small artifact is written and deleted.
"""

from __future__ import annotations

import argparse
import json

from pipeline.exit_status import FAILED, OK

MODES = ("drain", "batch", "stream", "demo")
HELP = "check everything that a job needs before it runs"
EXAMPLES = """examples:
  vividly check drain --project my-project --artifacts gs://my-lessons
  vividly check stream --script-engine gemini --voice-engine google --json
"""
SETTINGS = [
    "project",
    "subscription",
    "dead-letter-topic",
    "care-region",
    "care-topic",
    "database",
    "connections",
    "processes",
    "artifacts",
    "script-engine",
    "script-fallback",
    "sources",
    "verify",
    "voice-engine",
    "video-engine",
    "video-size",
    "video-theme",
    "video-logo",
    "music",
    "video-intro",
    "burn-captions",
    "time-words",
    "render-workers",
    "constant-frame-rate",
    "segment-cache",
    "segment-cache-size",
    "workers",
    "script-concurrency",
    "script-per-minute",
    "narration-concurrency",
    "narration-per-minute",
    "video-concurrency",
    "video-per-minute",
    "prices",
    "allow-unpriced",
]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the mode and the output format."""
    parser.add_argument(
        "mode", nargs="?", default="drain", choices=MODES,
        help="mode of the job to check [default drain]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print a JSON array of objects")


def run(chosen: argparse.Namespace) -> int:
    """Run the checks and print a line for each.

    Returns:
        The exit status: 0 if all passed, else 1.
    """
    from pipeline.cli import output
    from pipeline.jobs import preflight

    findings = preflight.run_checks(chosen.mode, chosen)
    if chosen.json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        output.findings(findings)
    return OK if all(finding.passed for finding in findings) else FAILED
