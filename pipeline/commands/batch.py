"""Put the requests of a file through the pipeline: one JSON object per line, no Pub/Sub.

Running the same file again resumes what was left unfinished and does nothing twice. The last line
printed is a summary in JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.settings import DRAIN, LOGGING, STREAM
from pipeline.settings import SETTINGS as ALL

HELP = "put the requests of a file through the pipeline"
EXAMPLES = """examples:
  vividly batch requests.jsonl --report report.html
  vividly batch requests.jsonl --workers 4 --artifacts gs://my-lessons --summary summary.json
"""
SETTINGS = [
    setting.name
    for setting in ALL
    if setting.name not in ("project", "subscription", "topic", *LOGGING)
    and (setting.group not in (DRAIN, STREAM) or setting.name == "shutdown-grace")
]


def configure(parser: argparse.ArgumentParser) -> None:
    """The file is the only argument besides its settings."""
    parser.add_argument("file", type=Path, metavar="FILE.jsonl", help="one request per line")


def run(chosen: argparse.Namespace) -> int:
    """Run the batch; see `pipeline.job` for the exit status."""
    from pipeline import job, services
    from pipeline.batch import Batch

    with chosen.file.open("rb"):  # says at once if it cannot be read
        pass
    job.log_settings("batch", chosen, SETTINGS)
    with services.open_ledger(chosen) as ledger:
        batch = Batch(
            chosen.file,
            services.graph_for(chosen, ledger),
            services.workers(chosen),
            chosen.dependency_timeout,
            chosen.shutdown_grace,
            keep_ids=bool(chosen.report),
        )
        result = batch.run()
        reported = job.report(result, batch.message_ids, ledger, chosen)
        return job.finish(result, batch.down, chosen, reported)
