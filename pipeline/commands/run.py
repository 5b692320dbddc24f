"""Run the streaming job on Dataflow, or in this process for development.

Options of Beam and of its runners are passed on, such as --runner, --region, --temp_location,
--machine_type, --max_num_workers, --service_account_email, --subnetwork, --sdk_container_image,
--labels, --update. Without --runner=DataflowRunner the job runs here on Beam's DirectRunner, which
acknowledges messages before it processes them. In production without Dataflow use `vividly drain`.
"""

from __future__ import annotations

import argparse

from pipeline.settings import DRAIN, LOGGING, subscription_path
from pipeline.settings import OWN as ALL

HELP = "run the streaming job on Dataflow or in this process"
EXAMPLES = """examples:
  vividly run --runner=DataflowRunner --project my-project --region us-central1 \\
      --temp_location gs://my-bucket/tmp --subscription content-requests \\
      --database projects/my-project/secrets/vividly-database --artifacts gs://my-lessons \\
      --sdk_container_image us-docker.pkg.dev/my-project/vividly/pipeline:1 --no-wait
  PUBSUB_EMULATOR_HOST=localhost:8085 vividly run --health-port 8080
"""
SETTINGS = [
    setting.name
    for setting in ALL
    if setting.name not in ("topic", "report", *LOGGING)
    and (setting.group != DRAIN or setting.name == "shutdown-grace")
]
PASSES_ON = True
"""Unknown options are passed on to Beam."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no arguments: the command has settings and Beam's options only."""


def run(chosen: argparse.Namespace) -> int:
    """Submit the job to Dataflow, or run it here; return the exit status."""
    from pipeline.jobs import dataflow_options, launcher, lifecycle

    options = launcher.launch_options(chosen)
    lifecycle.log_settings("stream", chosen, SETTINGS)
    subscription = subscription_path(chosen.subscription, chosen.project)
    if dataflow_options.runs_on_dataflow(options):
        return launcher.run_on_dataflow(chosen, options, subscription)
    return launcher.run_locally(chosen, options, subscription)
