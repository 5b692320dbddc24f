"""Start the streaming job from the command line, on Dataflow or in this process."""

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

from pipeline.exit_status import FAILED, OK
from pipeline.jobs import dataflow_options, lifecycle, preflight, resources
from pipeline.jobs.connection_budget import check_connection_budget
from pipeline.jobs.stream_runners import stream_runner
from pipeline.jobs.streaming import build_stream
from pipeline.settings import SETTINGS
from pipeline.settings.beam_options import VividlyOptions, graph_options
from pipeline.settings.suggestions import did_you_mean
from pipeline.usage_error import UsageError
from transforms.errors import DependencyDown
from transforms.ledger import Ledger

log = logging.getLogger(__name__)

CONSOLE = "https://console.cloud.google.com/dataflow/jobs/{region}/{id}?project={project}"


def launch_options(chosen: argparse.Namespace) -> VividlyOptions:
    """Combine the settings with the Beam options that were passed on.

    Raises:
        UsageError: An option is neither a setting nor a Beam option, or the runner is unsupported.
    """
    passed_on = [_beam_spelling(argument) for argument in chosen.passed_on]
    given = PipelineOptions(passed_on)
    beams = set(PipelineOptions([]).get_all_options())
    for name in sorted(set(given.get_all_options(retain_unknown_options=True)) - beams):
        known = {f"--{each}" for each in (*beams, *(setting.dest for setting in SETTINGS))}
        raise UsageError(
            f"neither `vividly run` nor Beam has --{name}{did_you_mean(f'--{name}', sorted(known))}"
        )
    made = graph_options(chosen, passed_on, streaming=True)
    made.view_as(GoogleCloudOptions).project = chosen.project
    standard = made.view_as(StandardOptions)
    standard.runner = stream_runner(standard.runner)
    return made


def run_on_dataflow(chosen: argparse.Namespace, options: VividlyOptions, subscription: str) -> int:
    """Submit the job and, unless `--no-wait` is given, wait for its end.

    Prints the job as one line of JSON once it is submitted.

    Returns:
        The exit status: 0, or 1 if the job failed.

    Raises:
        UsageError: An option that Dataflow needs is missing.
    """
    if not chosen.database:
        raise UsageError(
            "workers on Dataflow need --database; they cannot reach an embedded Postgres"
        )
    ledger = resources.ledger_at(chosen)
    if ledger.holds_password:
        raise UsageError(
            "--database holds a password, which would be staged on Cloud Storage and shown to all "
            "who may view the job: keep the URL in Secret Manager and give the secret's name "
            "(--database projects/…/secrets/…), or log in by IAM"
        )
    if not chosen.artifacts.startswith("gs://"):
        raise UsageError("workers on Dataflow need --artifacts gs://bucket/prefix")
    dataflow_options.add_defaults(options)
    pipeline = _make_pipeline(options)
    dataflow_options.require_job_to_update(options)
    resources.check_publishing(options.dead_letter_topic, by_other_account=True)
    resources.check_publishing(options.care_topic, by_other_account=True)
    _check_connections(ledger, max(chosen.processes, dataflow_options.process_count(options)))
    preflight.require("stream", chosen, by_other_account=True)
    store = resources.artifact_store(chosen)
    shards = dataflow_options.heavy_shards(options)
    build_stream(pipeline, subscription, chosen.id_label, options, ledger, store, shards)
    result = _submit(pipeline, options.view_as(GoogleCloudOptions).job_name)
    if not result.has_job:  # --template_location: the graph was written there and not submitted
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
    log.info("job %s ended in the state %s", facts["id"], result.state)
    return OK


def run_locally(chosen: argparse.Namespace, options: VividlyOptions, subscription: str) -> int:
    """Run the job in this process until it is stopped; return the exit status."""
    from pipeline.jobs.local_streaming import LocalStream

    if chosen.id_label:
        raise UsageError(
            "--id-label works on Dataflow only; remove it or give --runner=DataflowRunner"
        )
    resources.check_publishing(options.dead_letter_topic)
    resources.check_publishing(options.care_topic)
    with resources.open_ledger(chosen) as ledger:
        preflight.require("stream", chosen)
        stream = LocalStream(subscription, options, ledger, resources.artifact_store(chosen))
        return lifecycle.finish_job(
            stream.run(chosen.health_port, chosen.shutdown_grace), stream.down, chosen
        )


def _submit(pipeline: beam.Pipeline, name: str) -> Any:
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
        calculation = check_connection_budget(ledger, ledger.check(), processes)
    except DependencyDown as down:  # the launcher itself need not reach Postgres
        log.warning(
            "could not check that Postgres allows the connections of %d processes: %s",
            processes,
            down,
        )
    else:
        log.info("Postgres allows enough connections: %s", calculation)


def _beam_spelling(argument: str) -> str:
    """Spell an option with underscores, as Beam does."""
    name, equals, value = argument.partition("=")
    return name[:2] + name[2:].replace("-", "_") + equals + value if name[:2] == "--" else argument


def _make_pipeline(options: VividlyOptions) -> beam.Pipeline:
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:  # lists every option that is missing or wrong
        raise UsageError(str(error)) from error
