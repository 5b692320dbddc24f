"""Default Beam options of a streaming job on Dataflow.

`docs/dataflow.md` explains how the defaults were chosen. The command line overrides them.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from pipeline.graph import HeavyShards
from pipeline.jobs.stream_runners import DATAFLOW
from pipeline.settings.beam_options import VividlyOptions
from pipeline.usage_error import UsageError
from transforms.process import retry
from transforms.stage import budget

JOB_NAME = "vividly-content"
"""Constant, so that an update finds its job and two jobs cannot run at the same time."""

MACHINE_TYPE = "n2-standard-4"
MAX_WORKERS = 10
LIGHT_THREADS = 16
"""Threads of a process that heavy requests can never take, so that texts do not wait for them."""

ONE_PROCESS = "no_use_multiple_sdk_containers"
"""Experiment that starts one process per worker instead of one per core.

Renderers and voices run in child processes, so more SDK processes would only add copies of Beam,
models and database connections."""

UTILIZATION_HINT = "worker_utilization_hint"
"""Service option: the CPU utilization at which Dataflow adds workers, from 0.1 to 0.9.

It holds for the whole job; Beam has no such resource hint for single steps."""

UTILIZATION = 0.5
"""Less than Dataflow's 0.8: threads that wait for engines use no CPU, so all threads of a worker
may be taken long before its CPUs are busy."""

ELEMENT_MARGIN = 5
"""Minutes added to the longest time of an element, before Beam takes its process for stuck."""

SETUP_FILE = Path(__file__).parents[2] / "setup.py"


def runs_on_dataflow(options: VividlyOptions) -> bool:
    """Return whether the runner is Dataflow."""
    return options.view_as(StandardOptions).runner == DATAFLOW


def add_defaults(options: VividlyOptions) -> None:
    """Set defaults for options that the command line does not give.

    Raises:
        UsageError: Workers would not have this package, or have too few threads.
    """
    cloud = options.view_as(GoogleCloudOptions)
    cloud.job_name = cloud.job_name or JOB_NAME
    cloud.enable_streaming_engine = True
    _set_utilization_hint(options)
    _set_element_timeout(options)
    worker = options.view_as(WorkerOptions)
    worker.machine_type = worker.machine_type or MACHINE_TYPE
    worker.autoscaling_algorithm = worker.autoscaling_algorithm or "THROUGHPUT_BASED"
    if worker.autoscaling_algorithm == "THROUGHPUT_BASED":
        worker.max_num_workers = worker.max_num_workers or max(MAX_WORKERS, worker.num_workers or 0)
    debug = options.view_as(DebugOptions)
    cores = _cores(worker.machine_type)
    if debug.lookup_experiment("use_multiple_sdk_containers"):
        cores = 1  # for each process
    else:
        debug.add_experiment(ONE_PROCESS)
    # They bound the memory of a process, however many shards it is given.
    options.narration_concurrency = options.narration_concurrency or cores
    # Each scene is encoded by one thread.
    options.video_concurrency = options.video_concurrency or max(1, cores // options.render_workers)
    _set_threads(debug, heavy_shards(options))
    _package(options)


def _set_utilization_hint(options: VividlyOptions) -> None:
    cloud = options.view_as(GoogleCloudOptions)
    given = cloud.dataflow_service_options or []
    experiments = options.view_as(DebugOptions).experiments or []  # so a template passes them
    if not any(option.startswith(UTILIZATION_HINT) for option in (*given, *experiments)):
        cloud.dataflow_service_options = [*given, f"{UTILIZATION_HINT}={UTILIZATION}"]


def _set_element_timeout(options: VividlyOptions) -> None:
    """Set the time after which Beam ends a worker process that is stuck in one element.

    It ends all elements of the process, so it must be longer than any bundle takes to emit an
    element: the deadline of a stage, and the waits for its engine and for budget.
    """
    worker = options.view_as(WorkerOptions)
    if worker.element_processing_timeout_minutes is None:
        deadline = max(options.script_timeout, options.narration_timeout, options.video_timeout)
        waits = retry.LONGEST_WAIT + (budget.LONGEST_WAIT if options.max_cost_per_hour else 0)
        longest = math.ceil((deadline + waits) / 60)
        worker.element_processing_timeout_minutes = longest + ELEMENT_MARGIN


def heavy_shards(options: VividlyOptions) -> HeavyShards:
    """Return one shard for each lesson that all workers together narrate or render at a time."""
    processes = process_count(options)
    return HeavyShards(
        processes * options.narration_concurrency, processes * options.video_concurrency
    )


def require_job_to_update(options: VividlyOptions) -> None:
    """Raise if `--update` is given and no job of that name is running.

    Beam's own search loops forever in that case: it takes the empty token after the last page of
    jobs for the token of another page.

    Raises:
        UsageError: No job of that name is running.
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


def process_count(options: VividlyOptions) -> int:
    """Return the number of SDK processes at full scale; each has a pool of connections."""
    worker = options.view_as(WorkerOptions)
    workers = worker.max_num_workers or worker.num_workers or 1
    several = options.view_as(DebugOptions).lookup_experiment("use_multiple_sdk_containers")
    return workers * (_cores(worker.machine_type) if several else 1)


def _set_threads(debug: DebugOptions, shards: HeavyShards) -> None:
    """Set the number of threads of a worker process, or check the number that was given.

    The service may give all shards to one process, and each occupies a thread while its element
    waits for a free slot, a pause of the engine or the budget.

    Raises:
        UsageError: Heavy requests could occupy all threads.
    """
    needed = sum(shards) + LIGHT_THREADS
    given = debug.number_of_worker_harness_threads
    if given and given < needed:
        raise UsageError(
            f"--number_of_worker_harness_threads is {given}, but {shards.narration} narrations and "
            f"{shards.video} videos may wait in one process, and texts need {LIGHT_THREADS} more: "
            f"give {needed} or leave it out, or lower --max_num_workers, --narration-concurrency "
            "or --video-concurrency"
        )
    debug.number_of_worker_harness_threads = given or needed


def _cores(machine_type: str) -> int:
    """Parse the cores from a machine type such as `n2-standard-4` or `n2-custom-4-8192`.

    Other names are of small machines; they count as one core.
    """
    found = re.search(r"-(\d+)(-\d+)?$", machine_type)
    return int(found[1]) if found else 1


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
