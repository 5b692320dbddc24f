"""Starting the streaming job from a command line, on Dataflow or in this process."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException
from apache_beam.runners.runner import PipelineState
from google.api_core import exceptions

from pipeline.cli.suggestions import did_you_mean
from pipeline.exit_status import FAILED, OK
from pipeline.jobs import dataflow_options, lifecycle, resources
from pipeline.jobs.connection_budget import check_connection_budget
from pipeline.jobs.streaming import build_stream
from pipeline.settings import SETTINGS
from pipeline.settings.beam_options import VividlyOptions, graph_options
from pipeline.usage_error import UsageError
from transforms.errors import DependencyDown
from transforms.ledger import Ledger

log = logging.getLogger(__name__)

CONSOLE = "https://console.cloud.google.com/dataflow/jobs/{region}/{id}?project={project}"


def launch_options(chosen: argparse.Namespace) -> VividlyOptions:
    """The settings together with Beam's own options.

    Raises:
        UsageError: Beam does not know one of them either.
    """
    passed_on = [_beams(argument) for argument in chosen.passed_on]
    given = PipelineOptions(passed_on)
    beams = set(PipelineOptions([]).get_all_options())
    for name in sorted(set(given.get_all_options(retain_unknown_options=True)) - beams):
        known = {f"--{each}" for each in (*beams, *(setting.dest for setting in SETTINGS))}
        raise UsageError(
            f"neither `vividly run` nor Beam has --{name}{did_you_mean(f'--{name}', sorted(known))}"
        )
    made = graph_options(chosen, passed_on, streaming=True)
    made.view_as(GoogleCloudOptions).project = chosen.project
    runner = made.view_as(StandardOptions).runner
    if runner not in (None, "DirectRunner", "DataflowRunner"):
        raise UsageError(f"--runner is {runner}; it must be DataflowRunner or DirectRunner")
    return made


def run_on_dataflow(chosen: argparse.Namespace, options: VividlyOptions, subscription: str) -> int:
    """Submit the job, and wait for its end unless told not to.

    Prints the job as one line of JSON once it is submitted.

    Returns:
        0, or 1 when the job failed.

    Raises:
        UsageError: something Dataflow needs is not given.
    """
    if not chosen.database:
        raise UsageError("workers on Dataflow need --database; an embedded one is out of reach")
    if not chosen.artifacts.startswith("gs://"):
        raise UsageError("workers on Dataflow need --artifacts gs://bucket/prefix")
    dataflow_options.add_defaults(options)
    pipeline = _pipeline(options)
    dataflow_options.refuse_replaced_options(options)
    ledger = resources.ledger_at(chosen)
    if ledger.holds_password:
        log.warning(
            "the graph is staged in %s with the database's password in it; give the name of a "
            "secret in Secret Manager instead (--database projects/…/secrets/…)",
            options.view_as(GoogleCloudOptions).temp_location,
        )
    _check_connections(ledger, max(chosen.processes, dataflow_options.processes(options)))
    store = resources.artifact_store(chosen)
    build_stream(pipeline, subscription, chosen.id_label, options, ledger, store)
    result = _submitted(pipeline, options.view_as(GoogleCloudOptions).job_name)
    if not result.has_job:  # --template_location: the graph was written there for others to submit
        return OK
    cloud = options.view_as(GoogleCloudOptions)
    facts = {"id": result.job_id(), "region": cloud.region, "project": cloud.project}
    print(
        json.dumps({"job": cloud.job_name, **facts, "console": CONSOLE.format(**facts)}), flush=True
    )
    if not chosen.wait:
        return OK
    try:
        result.wait_until_finish()
    except DataflowRuntimeException as error:  # also when it was drained, cancelled or updated
        if result.state == PipelineState.FAILED:
            print(f"vividly: {error}", file=sys.stderr)
            return FAILED
    log.info("job %s ended as %s", facts["id"], result.state)
    return OK


def run_locally(chosen: argparse.Namespace, options: VividlyOptions, subscription: str) -> int:
    """Run the job in this process until it is stopped, and return the exit status."""
    from pipeline.jobs.local_streaming import LocalStream

    if chosen.id_label:
        raise UsageError("--id-label works on Dataflow only; the DirectRunner has no use for it")
    with resources.open_ledger(chosen) as ledger:
        stream = LocalStream(subscription, options, ledger, resources.artifact_store(chosen))
        return lifecycle.finish_job(
            stream.run(chosen.health_port, chosen.shutdown_grace), stream.down, chosen
        )


def _submitted(pipeline: beam.Pipeline, name: str) -> Any:
    try:
        return pipeline.run()
    except exceptions.Conflict as error:
        raise UsageError(
            f"a job named {name} is running already: replace it with --update, drain it first, or "
            "give another --job_name"
        ) from error
    except exceptions.ClientError as error:
        raise UsageError(f"Google Cloud refused the job: {error.message}") from error


def _check_connections(ledger: Ledger, processes: int) -> None:
    try:
        reckoning = check_connection_budget(ledger, ledger.check(), processes)
    except DependencyDown as down:  # only the workers need to reach it
        log.warning("%s; not checked: %d processes may open connections to it", down, processes)
    else:
        log.info("Postgres has room: %s", reckoning)


def _beams(argument: str) -> str:
    """An option as Beam spells it: with underscores."""
    name, equals, value = argument.partition("=")
    return name[:2] + name[2:].replace("-", "_") + equals + value if name[:2] == "--" else argument


def _pipeline(options: VividlyOptions) -> beam.Pipeline:
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:  # Beam lists every option that is missing or wrong
        raise UsageError(str(error)) from error
