"""OneStage runs a translated graph as one executable stage, for drain and batch.

Beam's FnApiRunner materializes the inputs of every shuffle and Flatten, and each run translates the
graph and builds a worker again. A run of a drain is small and stays in one process, so all of that
costs more than its work. Here shuffles become identities, Flattens become PCollections with several
producers, all transforms are fused once, and workers are used again.

The names of Beam that are not public are used in this module only; `tests/graph/test_one_stage.py`
fails when Beam changes them.
"""

from __future__ import annotations

import copy
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial, reduce
from typing import Any

import apache_beam as beam
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_provision_api_pb2 as provision_proto
from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from apache_beam.runners.portability.fn_api_runner import (
    FnApiRunner,
    execution,
    fn_runner,
    translations,
    worker_handlers,
)
from apache_beam.runners.worker import sdk_worker, statesampler
from apache_beam.transforms import userstate

from transforms.shuffle import SHUFFLE

FLATTEN = common_urns.primitives.FLATTEN.urn


@contextmanager
def inspecting_dofns_once() -> Iterator[None]:
    """Look for state and timers once per class of DoFn within the block.

    Beam inspects each DoFn some eight times while it builds and translates a graph, which takes
    a third of a drain's start. A `Map` has no state, so one answer holds for all of them.
    """
    inspect = userstate.get_dofn_specs
    found: dict[type, Any] = {}

    def specs_of(dofn: beam.DoFn) -> Any:
        kind = type(dofn)
        if kind not in found:
            found[kind] = inspect(dofn)
        return found[kind]

    userstate.get_dofn_specs = specs_of
    try:
        yield
    finally:
        userstate.get_dofn_specs = inspect


class OneStage:
    """A graph fused into one executable stage; it can run on several threads at the same time.

    Args:
        graph: The translated graph. It has one Impulse, and no GroupByKey outside a `Shuffle`.
    """

    def __init__(self, graph: beam_proto.Pipeline) -> None:
        # State does not outlive a run, so caching it is useless. Beam would measure each cached
        # value by traversing all objects it refers to, which takes milliseconds per message.
        worker_handlers.STATE_CACHE_SIZE_MB = 0
        rewritten = beam_proto.Pipeline()
        rewritten.CopyFrom(graph)
        remove_shuffles(rewritten.components, rewritten.root_transform_ids)
        share_flattens(rewritten.components)
        self._context, self._stages = translations.create_and_optimize_stages(
            rewritten,
            phases=[
                fuse_all,
                translations.impulse_to_input,
                translations.setup_timer_mapping,
                translations.populate_data_channel_coders,
            ],
            known_runner_urns=frozenset([FLATTEN, common_urns.primitives.GROUP_BY_KEY.urn]),
        )
        self._idle: list[_Worker] = []
        weakref.finalize(self, _close_all, self._idle).atexit = False

    @property
    def stages(self) -> list[list[str]]:
        """Names of the transforms of each executable stage."""
        return [[each.unique_name for each in stage.transforms] for stage in self._stages]

    def warm_up(self, runs: int) -> None:
        """Build the Beam workers for a number of concurrent runs."""
        self._idle += [_Worker(self._context, self._stages) for _ in range(runs)]

    def run(self) -> None:
        """Run the graph once, on the calling thread, with state of its own.

        Timers do not fire: they would only clear state that ends with the run.
        """
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._context, self._stages)
        try:
            worker.run()
        except BaseException:
            worker.close()
            raise
        self._idle.append(worker)


class _Worker:
    """An in-process Beam worker that executes one run at a time.

    Args:
        context: Components and coders of the stage.
        stages: The one stage.
    """

    def __init__(
        self, context: translations.TransformContext, stages: list[translations.Stage]
    ) -> None:
        provision = fn_runner.ExtendedProvisionInfo(provision_proto.ProvisionInfo())
        self._manager = worker_handlers.WorkerHandlerManager(
            context.components.environments, provision
        )
        made = execution.FnApiRunnerExecutionContext(
            copy.deepcopy(stages),  # it writes the address of its data channel into the stage
            self._manager,
            context.components,
            context.safe_coders,
            context.data_channel_coders,
            num_workers=1,
        )
        made.setup()
        name, self._impulse = made.queues.ready_inputs.deque()
        stage = made.bundle_manager_for(made.stages[name])
        self._timers = stage.stage_timer_outputs
        self._manager.register_process_bundle_descriptor(stage.process_bundle_descriptor)
        [handler] = stage.worker_handlers
        _prepare_processor(handler.bundle_processor_cache, stage.process_bundle_descriptor.id)
        self._bundles = fn_runner.BundleManager(
            stage, cache_token_generator=FnApiRunner.get_cache_token_generator(static=False)
        )

    def run(self) -> None:
        """Process one bundle; discard its state and its timers."""
        self._manager.state_servicer.checkpoint()
        self._bundles.process_bundle(self._impulse.data, {}, {}, self._timers, dry_run=True)
        self._manager.state_servicer.restore()

    def close(self) -> None:
        """Shut the worker down."""
        self._manager.close_all()


def _prepare_processor(cache: sdk_worker.BundleProcessorCache, descriptor_id: str) -> None:
    """Build a worker's bundle processor, without sampling and metrics of its steps.

    Beam samples the step in work on a thread of its own, which it starts for each bundle and waits
    for, up to 200 ms. Then it collects the metrics of all steps, which takes more CPU than the rest
    of a small bundle. Drain and batch read neither. And it drops a processor that was not used for
    a minute.
    """
    cache.periodic_shutdown.cancel()
    prepared = "prepared"
    processor = cache.get(prepared, descriptor_id)
    sampler = processor.state_sampler
    sampler.start = partial(statesampler.set_current_tracker, sampler)
    sampler.stop_if_still_running = partial(statesampler.set_current_tracker, None)
    processor.monitoring_infos = list
    cache.release(prepared)


def _close_all(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.close()


def remove_shuffles(components: beam_proto.Components, roots: Any) -> None:
    """Replace each `Shuffle` by its input.

    Args:
        components: Transforms and PCollections of a graph.
        roots: Ids of the transforms at the top; shuffles are removed from it.
    """
    found = [id_ for id_, each in components.transforms.items() if SHUFFLE in each.annotations]
    for id_ in found:
        shuffle = components.transforms[id_]
        [before], [after] = shuffle.inputs.values(), shuffle.outputs.values()
        _delete(components, id_)
        for parts in (roots, *(each.subtransforms for each in components.transforms.values())):
            if id_ in parts:
                parts.remove(id_)
        _rename(components, {after: before})


def share_flattens(components: beam_proto.Components) -> None:
    """Make the inputs of each Flatten one PCollection, which is its output.

    Raises:
        ValueError: Another transform reads an input of a Flatten; it would get all its elements.
    """
    transforms = components.transforms
    leaves = {id_: each for id_, each in transforms.items() if not each.subtransforms}
    readers: dict[str, list[str]] = defaultdict(list)
    for id_, leaf in leaves.items():
        for pcollection in leaf.inputs.values():
            readers[pcollection].append(id_)
    for id_, leaf in leaves.items():
        if leaf.spec.urn != FLATTEN:
            continue
        [output] = leaf.outputs.values()
        inputs = set(leaf.inputs.values())
        shared = [each for each in inputs if set(readers[each]) != {id_}]
        if shared:
            raise ValueError(f"{leaf.unique_name} shares its inputs {shared} with other steps")
        del transforms[id_]
        for each in transforms.values():
            if id_ in each.subtransforms:
                each.subtransforms.remove(id_)
        _rename(components, dict.fromkeys(inputs, output))


def fuse_all(
    stages: Iterable[translations.Stage], context: translations.TransformContext
) -> list[translations.Stage]:
    """Fuse all stages into one."""
    return [reduce(lambda one, other: one.fuse(other, context), stages)]


def _delete(components: beam_proto.Components, id_: str) -> None:
    for part in components.transforms[id_].subtransforms:
        _delete(components, part)
    del components.transforms[id_]


def _rename(components: beam_proto.Components, names: dict[str, str]) -> None:
    """Replace PCollections by others in the inputs and outputs of all transforms."""
    for each in components.transforms.values():
        for ends in (each.inputs, each.outputs):
            for tag, id_ in ends.items():
                if id_ in names:
                    ends[tag] = names[id_]
    for id_ in names:
        del components.pcollections[id_]
