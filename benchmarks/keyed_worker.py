"""KeyedWorker runs a graph on Beam's SdkHarness, driven as Dataflow's streaming service drives it.

Elements wait by key at each shuffle. A bundle is a work item: all elements that wait for one key,
and no other bundle of that key runs meanwhile. A fixed number of threads runs bundles.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.portability import common_urns
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_provision_api_pb2,
    beam_runner_api_pb2,
)
from apache_beam.runners.portability.fn_api_runner import (
    execution,
    fn_runner,
    translations,
    worker_handlers,
)
from apache_beam.runners.worker import bundle_processor
from apache_beam.transforms.environments import EmbeddedPythonGrpcEnvironment
from apache_beam.transforms.window import GlobalWindows

from pipeline.jobs.one_stage import FLATTEN, fuse_all, remove_shuffles, share_flattens
from transforms.coder import ModelCoder
from transforms.model import MODELS, Message

MESSAGES = ModelCoder(MODELS["Message"])


class _Decode(beam.DoFn):
    def process(self, data: bytes) -> Iterator[Message]:
        yield MESSAGES.decode(data)


class _WorkItem(NamedTuple):
    """Elements of one key for one input of the stage."""

    source: str
    key: Any
    elements: list[Any]


class KeyedWorker:
    """A worker with one harness, in this process.

    Args:
        build: Adds the graph to a PCollection of messages.
        threads: Bundles that run at the same time.
        shuffles: False to remove the explicit shuffles, as before they existed; the implicit one
            before a stateful step stays.
    """

    def __init__(
        self, build: Callable[[beam.PCollection], Any], threads: int, shuffles: bool = True
    ) -> None:
        pipeline = beam.Pipeline(runner=fn_runner.FnApiRunner())
        messages = (
            pipeline
            | "Read" >> beam.Impulse()
            | "Decode" >> beam.ParDo(_Decode()).with_output_types(Message)
        )
        build(messages)
        graph = pipeline.to_runner_api(default_environment=EmbeddedPythonGrpcEnvironment.default())
        if not shuffles:
            remove_shuffles(graph.components, graph.root_transform_ids)
        share_flattens(graph.components)
        self._stage, self._worker, self._manager = _prepare(graph)
        self._outputs = dict(self._stage.stage_data_outputs)
        self._inputs = {
            each.unique_name
            for each in self._stage.stage.transforms
            if each.spec.urn == bundle_processor.DATA_INPUT_URN
        }
        readers = self._stage.execution_context.buffer_id_to_consumer_pairs
        self._routes = {
            output: next(iter(readers[buffer]))[1] for output, buffer in self._outputs.items()
        }
        self._grouped = {
            self._routes[output]
            for output, buffer in self._outputs.items()
            if translations.split_buffer_id(buffer)[0] == "group"
        }
        [self._read] = self._inputs - set(self._routes.values())
        self._ids = itertools.count()
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, Any], list[Any]] = {}
        self._ready: deque[tuple[str, Any]] = deque()
        self._busy: set[tuple[str, Any]] = set()
        self._closed = False
        self.failed: Future[None] = Future()
        """Holds the error of the first bundle that failed; the worker then takes no more."""
        self.sizes: list[int] = []
        """Numbers of elements of the bundles behind the first shuffle."""
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def publish(self, message: Message) -> None:
        """Deliver a message."""
        value = GlobalWindows.windowed_value(MESSAGES.encode(message))
        self._add(self._read, message.message_id, [value])

    def wait_until_idle(self, timeout: float) -> None:
        """Wait until no element waits and no bundle runs.

        Raises:
            TimeoutError: Work is left after `timeout` seconds.
            Exception: A bundle failed.
        """
        with self._changed:
            ended = self._changed.wait_for(
                lambda: self.failed.done() or not (self._waiting or self._busy), timeout
            )
        if self.failed.done():
            self.failed.result()
        if not ended:
            raise TimeoutError(f"{len(self._busy)} bundles run after {timeout} s")

    def close(self) -> None:
        """Take no more work, wait for the bundles that run, and end the harness."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._manager.close_all()

    def _add(self, source: str, key: Any, elements: Iterable[Any]) -> None:
        place = (source, key)
        with self._changed:
            if place not in self._waiting:
                self._waiting[place] = []
                if place not in self._busy:
                    self._ready.append(place)
            self._waiting[place] += elements
            self._changed.notify_all()

    def _work(self) -> None:
        while item := self._take():
            try:
                outputs = self._run(item)
            except Exception as error:  # noqa: BLE001  (`wait_until_idle` raises it)
                with self._changed:
                    self._closed = True
                    if not self.failed.done():
                        self.failed.set_exception(error)
                outputs = {}
            for output, elements in outputs.items():
                for element in elements:
                    self._add(self._routes[output], element.value[0], [element])
            place = (item.source, item.key)
            with self._changed:
                self._busy.remove(place)
                if place in self._waiting:
                    self._ready.append(place)
                self._changed.notify_all()

    def _take(self) -> _WorkItem | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ready)
            if self._closed:
                return None
            place = self._ready.popleft()
            self._busy.add(place)
            item = _WorkItem(*place, self._waiting.pop(place))
            if item.source != self._read:
                self.sizes.append(len(item.elements))
            return item

    def _run(self, item: _WorkItem) -> dict[str, list[Any]]:
        """Run a bundle; return the elements it emitted, by output of the stage."""
        bundle = f"bundle-{next(self._ids)}"
        data, stage = self._worker.data_conn, self._stage
        for transform, family in stage.stage_timer_outputs:
            data.output_timer_stream(bundle, transform, family).close()
        coder = stage.get_input_coder_impl(item.source)
        for source in self._inputs:
            stream = data.output_stream(bundle, source)
            if source == item.source:
                for element in self._elements(item):
                    coder.encode_to_stream(element, stream, True)
            stream.close()
        request = beam_fn_api_pb2.ProcessBundleRequest(
            process_bundle_descriptor_id=stage.process_bundle_descriptor.id
        )
        answer = self._worker.control_conn.push(
            beam_fn_api_pb2.InstructionRequest(instruction_id=bundle, process_bundle=request)
        )
        found: dict[str, list[Any]] = {}
        for part in data.input_elements(
            bundle,
            [*self._outputs, *stage.stage_timer_outputs],
            abort_callback=lambda: answer.is_done() and bool(answer.get().error),
        ):
            if isinstance(part, beam_fn_api_pb2.Elements.Data):
                decoded = stage.get_input_coder_impl(part.transform_id).decode_all(part.data)
                found.setdefault(part.transform_id, []).extend(decoded)
        if answer.get().error:
            raise RuntimeError(answer.get().error)
        return found

    def _elements(self, item: _WorkItem) -> list[Any]:
        if item.source not in self._grouped:
            return item.elements
        values = [element.value[1] for element in item.elements]
        return [item.elements[0].with_value((item.key, values))]


def _prepare(graph: beam_runner_api_pb2.Pipeline) -> tuple[Any, Any, Any]:
    """Fuse a graph into one stage that reads and writes its shuffles; start a harness for it."""
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
    return bundles, bundles.worker_handlers[0], manager


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
