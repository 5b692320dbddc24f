"""What a streaming job on Dataflow needs besides the graph: options with sane values for this work.

`docs/dataflow.md` says how the defaults were found. Whatever the command line says wins.
"""

from __future__ import annotations

import re
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError

JOB_NAME = "vividly-content"
"""The same each time: an update finds its job by name, and two jobs cannot run side by side."""

MACHINE_TYPE = "n2-standard-4"
MAX_WORKERS = 10
THREADS = 12
"""Requests worked on by one worker. Most wait for an engine over the network or for their turn to
render, which costs a few megabytes each."""

ONE_PROCESS = "no_use_multiple_sdk_containers"
"""One process per worker instead of one per core: renderers and voices run in child processes
anyway, so that more would only hold more copies of Beam, models and database connections."""

SETUP_FILE = Path(__file__).parents[2] / "setup.py"


def runs_on_dataflow(options: VividlyOptions) -> bool:
    """Whether the job is to be submitted, instead of run here."""
    return options.view_as(StandardOptions).runner == "DataflowRunner"


def add_defaults(options: VividlyOptions) -> None:
    """Set what the command line left open.

    Raises:
        UsageError: workers would not have this package.
    """
    cloud = options.view_as(GoogleCloudOptions)
    cloud.job_name = cloud.job_name or JOB_NAME
    cloud.enable_streaming_engine = True
    worker = options.view_as(WorkerOptions)
    worker.machine_type = worker.machine_type or MACHINE_TYPE
    worker.autoscaling_algorithm = worker.autoscaling_algorithm or "THROUGHPUT_BASED"
    if worker.autoscaling_algorithm == "THROUGHPUT_BASED":
        worker.max_num_workers = worker.max_num_workers or max(MAX_WORKERS, worker.num_workers or 0)
    debug = options.view_as(DebugOptions)
    debug.number_of_worker_harness_threads = debug.number_of_worker_harness_threads or THREADS
    if not debug.lookup_experiment("use_multiple_sdk_containers"):
        debug.add_experiment(ONE_PROCESS)
        cores = _cores(worker.machine_type)
        if cores and not options.video_concurrency:  # each scene is encoded by one thread
            options.video_concurrency = max(1, cores // options.render_workers)
    _package(options)


def refuse_replaced_options(options: VividlyOptions) -> None:
    """Make sure that there is a job to update, if that is what is asked for.

    Beam's own search does not end when there is none: it takes the empty token after the last page
    of jobs for that of another one.

    Raises:
        UsageError: no job of that name is running.
    """
    cloud = options.view_as(GoogleCloudOptions)
    if not cloud.update:
        return
    from apache_beam.runners.dataflow.internal import apiclient

    active = apiclient.dataflow.ListJobsRequest(
        project_id=cloud.project,
        location=cloud.region,
        filter=apiclient.dataflow.ListJobsRequest.Filter.ACTIVE,
    )
    jobs = apiclient.DataflowApplicationClient(options)._jobs_client.list_jobs(active)
    if cloud.job_name not in {job.name for job in jobs}:
        raise UsageError(
            f"no job named {cloud.job_name} is running in {cloud.region}: correct --job_name, "
            "--region and --project, or start it without --update"
        )


def processes(options: VividlyOptions) -> int:
    """How many processes the job has when it has scaled out: each opens connections to Postgres."""
    worker = options.view_as(WorkerOptions)
    workers = worker.max_num_workers or worker.num_workers or 1
    several = options.view_as(DebugOptions).lookup_experiment("use_multiple_sdk_containers")
    return workers * ((_cores(worker.machine_type) or 1) if several else 1)


def _cores(machine_type: str) -> int | None:
    """As the name of a machine type says (`n2-standard-4`, `n2-custom-4-8192`), if it does."""
    found = re.search(r"-(\d+)(-\d+)?$", machine_type)
    return int(found[1]) if found else None


def _package(options: VividlyOptions) -> None:
    setup = options.view_as(SetupOptions)
    setup.save_main_session = False
    image = options.view_as(WorkerOptions).sdk_container_image
    if image or setup.setup_file or setup.extra_packages:
        return
    if not SETUP_FILE.exists():
        raise UsageError(
            "Dataflow's workers need this package: give --sdk_container_image with an image that "
            "holds it, or --setup_file from a checkout"
        )
    if "offline" in (options.script_engine, options.voice_engine) and not setup.requirements_file:
        raise UsageError(
            "the offline engines need packages that workers do not have: give "
            "--sdk_container_image, --requirements_file, or --script-engine gemini "
            "--voice-engine google"
        )
    setup.setup_file = str(SETUP_FILE)
