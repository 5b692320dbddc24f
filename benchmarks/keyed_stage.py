"""Fuse a graph into one stage that reads and writes its shuffles, as Dataflow's workers run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_provision_api_pb2, beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import (
    execution,
    fn_runner,
    translations,
    worker_handlers,
)
from apache_beam.runners.worker import bundle_processor

from pipeline.jobs.one_stage import FLATTEN, fuse_all


def prepare(graph: beam_runner_api_pb2.Pipeline) -> tuple[Any, Any]:
    """Fuse a graph into one stage that reads and writes its shuffles; start a worker for it."""
    context, stages = translations.create_and_optimize_stages(
        graph,
        phases=[
            cut_before_state,
            translations.expand_gbk,
            fuse_all,
            translations.impulse_to_input,
            translations.setup_timer_mapping,
            translations.populate_data_channel_coders,
        ],
        known_runner_urns=frozenset([FLATTEN, common_urns.primitives.GROUP_BY_KEY.urn]),
    )
    manager = worker_handlers.WorkerHandlerManager(
        context.components.environments,
        fn_runner.ExtendedProvisionInfo(beam_provision_api_pb2.ProvisionInfo()),
    )
    made = execution.FnApiRunnerExecutionContext(
        stages,
        manager,
        context.components,
        context.safe_coders,
        context.data_channel_coders,
        num_workers=1,
    )
    made.setup()
    [stage] = made.stages.values()
    bundles = made.bundle_manager_for(stage)
    manager.register_process_bundle_descriptor(bundles.process_bundle_descriptor)
    return bundles, manager


def cut_before_state(
    stages: Iterable[translations.Stage], context: translations.TransformContext
) -> Iterator[translations.Stage]:
    """Write the input of each stateful step out of the stage and read it into the stage again."""
    for stage in stages:
        yield stage
        if not stage.is_stateful():
            continue
        [transform] = stage.transforms
        [(tag, before)] = transform.inputs.items()
        after = transform.inputs[tag] = f"{before}/by key"
        context.components.pcollections[after].CopyFrom(context.components.pcollections[before])
        buffer = translations.create_buffer_id(before)
        ends = {
            "Write": {"urn": bundle_processor.DATA_OUTPUT_URN, "inputs": {"in": before}},
            "Read": {"urn": bundle_processor.DATA_INPUT_URN, "outputs": {"out": after}},
        }
        for name, each in ends.items():
            spec = beam_runner_api_pb2.FunctionSpec(urn=each.pop("urn"), payload=buffer)
            end = beam_runner_api_pb2.PTransform(
                unique_name=f"{transform.unique_name}/{name}", spec=spec, **each
            )
            yield translations.Stage(end.unique_name, [end])
