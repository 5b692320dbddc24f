"""Graphs run as one executable stage, with the outcomes of Beam's own runner."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.runners.portability.fn_api_runner import (
    FnApiRunner,
    execution,
    fn_runner,
    translations,
    worker_handlers,
)
from apache_beam.runners.worker import bundle_processor, sdk_worker, statesampler
from apache_beam.transforms import userstate
from apache_beam.transforms.environments import EmbeddedPythonEnvironment
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer

from pipeline.jobs.graph_runner import GraphRunner
from pipeline.jobs.one_stage import OneStage, inspecting_dofns_once
from pipeline.settings.beam_options import VividlyOptions
from transforms.artifacts import ArtifactStore
from transforms.ledger import Ledger

INTERNAL = {
    translations.create_and_optimize_stages: (
        "pipeline_proto phases known_runner_urns use_state_iterables is_drain"
    ),
    translations.impulse_to_input: "stages pipeline_context",
    translations.setup_timer_mapping: "stages pipeline_context",
    translations.populate_data_channel_coders: "stages pipeline_context",
    translations.Stage.fuse: "self other context",
    execution.FnApiRunnerExecutionContext: (
        "stages worker_handler_manager pipeline_components safe_coders data_channel_coders "
        "num_workers uses_teststream split_managers"
    ),
    execution.FnApiRunnerExecutionContext.setup: "self",
    execution.FnApiRunnerExecutionContext.bundle_manager_for: "self stage num_workers",
    worker_handlers.WorkerHandlerManager: "environments job_provision_info",
    worker_handlers.WorkerHandlerManager.register_process_bundle_descriptor: (
        "self process_bundle_descriptor"
    ),
    worker_handlers.WorkerHandlerManager.close_all: "self",
    worker_handlers.StateServicer.checkpoint: "self",
    worker_handlers.StateServicer.restore: "self",
    fn_runner.ExtendedProvisionInfo: "provision_info artifact_staging_dir job_name",
    fn_runner.BundleManager: (
        "bundle_context_manager progress_frequency cache_token_generator split_managers"
    ),
    fn_runner.BundleManager.process_bundle: (
        "self inputs expected_outputs fired_timers expected_output_timers dry_run"
    ),
    FnApiRunner.get_cache_token_generator: "static",
    sdk_worker.BundleProcessorCache.get: "self instruction_id bundle_descriptor_id",
    sdk_worker.BundleProcessorCache.release: "self instruction_id",
    bundle_processor.BundleProcessor.monitoring_infos: "self",
    statesampler.StateSampler.start: "self",
    statesampler.StateSampler.stop_if_still_running: "self",
    statesampler.set_current_tracker: "tracker",
}
"""Classes and functions of Beam that are not public and are used, with their parameters."""

_run = threading.local()


class _Take(beam.DoFn):
    def process(self, _):
        yield from _run.given


class _Number(beam.DoFn):
    """Number the elements of a key; fail on a negative one; set a timer, as the graph does."""

    COUNT = ReadModifyWriteStateSpec("count", VarIntCoder())
    END = TimerSpec("end", TimeDomain.WATERMARK)

    def process(
        self,
        element,
        count=beam.DoFn.StateParam(COUNT),  # noqa: B008
        end=beam.DoFn.TimerParam(END),  # noqa: B008
    ):
        key, value = element
        if value < 0:
            raise ValueError("negative")
        number = (count.read() or 0) + 1
        count.write(number)
        end.set(1)
        yield f"{key}{number}"

    @on_timer(END)
    def clear(self, count=beam.DoFn.StateParam(COUNT)):  # noqa: B008
        count.clear()


class _Collect(beam.DoFn):
    """Report what a bundle holds when it ends, as the steps of the graph do."""

    def start_bundle(self):
        self._held = []

    def process(self, element):
        self._held.append(element)

    def finish_bundle(self):
        _run.found.append(self._held)


def translated(build):
    pipeline = beam.Pipeline(runner=FnApiRunner())
    taken = pipeline | beam.Impulse() | beam.ParDo(_Take()).with_output_types(tuple[str, int])
    build(taken)
    return pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())


def numbered(taken):
    """Even values pass a Flatten at once, odd ones after a further step; then all are numbered."""
    even = taken | "Even" >> beam.Filter(lambda each: each[1] % 2 == 0)
    odd = taken | "Odd" >> beam.Filter(lambda each: each[1] % 2 != 0) | "Same" >> beam.Map(tuple)
    _ = (
        (even, odd)
        | beam.Flatten()
        | "Typed" >> beam.Map(tuple).with_output_types(tuple[str, int])
        | beam.ParDo(_Number())
        | beam.ParDo(_Collect())
    )


@pytest.fixture
def graph():
    return OneStage(translated(numbered))


def run(graph, *given):
    """Run a graph over elements; return what its last step held at the end of each bundle."""
    _run.given, _run.found = given, []
    graph.run()
    return _run.found


ELEMENTS = (("a", 0), ("a", 1), ("b", 3), ("b", 2), ("a", 5))


def test_dofns_are_inspected_once(monkeypatch):
    inspected = []

    def counted(dofn, inspect=userstate.get_dofn_specs):
        inspected.append(type(dofn))
        return inspect(dofn)

    monkeypatch.setattr(userstate, "get_dofn_specs", counted)
    with inspecting_dofns_once():
        graph = OneStage(translated(numbered))
        graph.warm_up(1)
    assert _Number in inspected
    assert len(inspected) == len(set(inspected))
    assert userstate.get_dofn_specs is counted
    [held] = run(graph, *ELEMENTS)
    assert sorted(held) == ["a1", "a2", "a3", "b1", "b2"]


def test_run_is_one_bundle_of_all_elements(graph):
    [held] = run(graph, *ELEMENTS)
    assert sorted(held) == ["a1", "a2", "a3", "b1", "b2"]


def test_state_ends_with_its_run(graph):
    for _ in range(3):
        assert run(graph, ("a", 0), ("a", 1)) == [["a1", "a2"]]


def test_run_after_failure_is_unaffected(graph):
    assert run(graph, ("a", 0)) == [["a1"]]
    for _ in range(2):
        with pytest.raises(ValueError, match="negative"):
            run(graph, ("a", 0), ("a", -1))
        assert run(graph, ("a", 0)) == [["a1"]]


def test_parallel_runs_are_independent(graph):
    together = threading.Barrier(4, timeout=60)

    def work(_):
        together.wait()
        return [run(graph, *ELEMENTS)[0] for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        found = [held for part in pool.map(work, range(4)) for held in part]
    assert [sorted(held) for held in found] == [["a1", "a2", "a3", "b1", "b2"]] * 20


def test_run_starts_no_thread_and_keeps_its_worker(graph, monkeypatch):
    """Beam's sampling thread would end up to 200 ms after the run, its worker after a minute."""
    graph.warm_up(1)

    def refuse(self):
        raise AssertionError(f"{self.name} is started")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(bundle_processor.BundleProcessor, "__init__", refuse)
    for _ in range(2):
        assert run(graph, ("a", 0)) == [["a1"]]
    [worker] = graph._idle
    [handler] = worker._bundles.bundle_context_manager.worker_handlers
    eviction = handler.bundle_processor_cache.periodic_shutdown
    eviction.join(60)
    assert not eviction.is_alive()


def test_flatten_with_shared_input_is_refused():
    def build(taken):
        other = taken | "Other" >> beam.Map(tuple)
        _ = (taken, other) | "Both" >> beam.Flatten() | beam.ParDo(_Collect())

    with pytest.raises(ValueError, match="Both shares its inputs"):
        OneStage(translated(build))


def test_graph_of_drains_is_one_stage(tmp_path):
    ledger = Ledger("postgresql://reader@localhost/ledger")
    runner = GraphRunner(VividlyOptions([]), ledger, ArtifactStore(str(tmp_path)))
    [stage] = runner._graph.stages
    assert "Deduplicate/Remember the first/ParDo(_Remember)" in stage
    assert "Dead letters/Write" in stage
    assert not any("Flatten" in each for each in stage)


@pytest.mark.parametrize("used", INTERNAL, ids=lambda used: used.__qualname__)
def test_internal_api_of_beam_is_unchanged(used):
    assert list(inspect.signature(used).parameters) == INTERNAL[used].split()


def test_beam_reads_state_cache_size_of_module(monkeypatch):
    monkeypatch.setattr(worker_handlers, "STATE_CACHE_SIZE_MB", 7)
    sizes: list[int] = []
    monkeypatch.setattr(worker_handlers, "StateCache", sizes.append)
    state = worker_handlers.StateServicer()
    manager = worker_handlers.WorkerHandlerManager({}, None)
    worker_handlers.EmbeddedWorkerHandler(None, state, None, manager).close()
    assert sizes == [7 << 20]
