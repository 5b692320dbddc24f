"""Process the requests of a file, one JSON object per line, without Pub/Sub.

The file is UTF-8 text, plain or gzipped; `-` stands for standard input.
A second run of the same file resumes unfinished requests and repeats no work. The last line printed
is a summary in JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.settings import DRAIN, LOGGING, STREAM
from pipeline.settings import OWN as ALL

HELP = "process the requests of a file"
EXAMPLES = """examples:
  vividly batch requests.jsonl --report report.html
  zcat old.jsonl.gz | vividly batch -
  vividly batch requests.jsonl --workers 4 --artifacts gs://my-lessons --summary summary.json
"""
SETTINGS = [
    setting.name
    for setting in ALL
    if setting.name not in ("project", "subscription", "topic", *LOGGING)
    and (setting.group not in (DRAIN, STREAM) or setting.name == "shutdown-grace")
]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the file of requests."""
    parser.add_argument(
        "file", type=Path, metavar="FILE.jsonl", help="one request per line; - reads standard input"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the batch; see `pipeline.jobs.lifecycle` for the exit status."""
    from pipeline.jobs import lifecycle, preflight, resources
    from pipeline.jobs.batch import Batch
    from pipeline.jobs.request_lines import check_readable

    check_readable(chosen.file)
    lifecycle.log_settings("batch", chosen, SETTINGS)
    with resources.open_ledger(chosen) as ledger:
        graph = resources.graph_for(chosen, ledger)
        preflight.require("batch", chosen)
        batch = Batch(
            chosen.file,
            graph,
            resources.worker_count(chosen),
            chosen.dependency_timeout,
            chosen.shutdown_grace,
            chosen.health_port,
            keep_ids=bool(chosen.report),
        )
        result = batch.run()
        return lifecycle.finish_job(
            result,
            batch.down,
            chosen,
            lambda: lifecycle.write_report(result, batch.message_ids, ledger, chosen),
        )
