"""KeyedService drives Beam's SdkHarness as Dataflow's streaming service does.

Elements wait by key at each shuffle. A bundle is a work item: all elements that wait for one key,
and no other bundle of that key runs meanwhile. A fixed number of threads runs bundles.

The elements stay in the service until their bundle has ended, so a worker can be replaced at any
time: the next one is given the same elements, and results of the one before are dropped.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import fn_runner, translations
from apache_beam.runners.worker import bundle_processor
from apache_beam.transforms.environments import EmbeddedPythonGrpcEnvironment, Environment
from apache_beam.transforms.window import GlobalWindows

from benchmarks.keyed_stage import prepare
from pipeline.jobs.one_stage import remove_shuffles, share_flattens
from transforms.coder import ModelCoder
from transforms.model import MODELS, Message

MESSAGES = ModelCoder(MODELS["Message"])


class _Decode(beam.DoFn):
    def process(self, data: bytes) -> Iterator[Message]:
        yield MESSAGES.decode(data)


class _WorkItem(NamedTuple):
    """Elements of one key for one input of the fused stage."""

    source: str
    key: Any
    elements: list[Any]


class KeyedService:
    """A streaming service with one worker at a time, which runs one bundle per key.

    Args:
        build: Adds the graph to a PCollection of messages.
        threads: Bundles that run at the same time.
        shuffles: False to remove the explicit shuffles, as before they existed; the implicit one
            before a stateful step stays.
        environment: The environment of workers; this process by default.
        repeat_failed: Repeat bundles that fail, as Dataflow does, instead of stopping.
    """

    def __init__(
        self,
        build: Callable[[beam.PCollection], Any],
        threads: int,
        shuffles: bool = True,
        environment: Environment | None = None,
        repeat_failed: bool = False,
    ) -> None:
        pipeline = beam.Pipeline(runner=fn_runner.FnApiRunner())
        messages = (
            pipeline
            | "Read" >> beam.Impulse()
            | "Decode" >> beam.ParDo(_Decode()).with_output_types(Message)
        )
        build(messages)
        graph = pipeline.to_runner_api(
            default_environment=environment or EmbeddedPythonGrpcEnvironment.default()
        )
        if not shuffles:
            remove_shuffles(graph.components, graph.root_transform_ids)
        share_flattens(graph.components)
        self._stage, self._manager = prepare(graph)
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
        self._number_of_threads = threads
        self._repeat_failed = repeat_failed
        self._ids = itertools.count()
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, Any], list[Any]] = {}
        self._ready: deque[tuple[str, Any]] = deque()
        self._busy: dict[tuple[str, Any], _WorkItem] = {}
        self._closed = False
        self.failed: Future[None] = Future()
        """Holds the error of the first bundle that failed; no more bundles are run then."""
        self.failures = 0
        """Number of bundles that failed and were repeated."""
        self.sizes: list[int] = []
        """Numbers of elements of the bundles behind the first shuffle."""
        self._threads: dict[Any, list[threading.Thread]] = {}  # by worker
        with self._changed:
            self.worker = self._start_worker()
            """Beam's handler of the worker that is given bundles."""

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

    def replace_worker(self, worker: Any) -> None:
        """Give the elements of a worker to another one, unless that is done already."""
        with self._changed:
            if self._closed or worker is not self.worker:
                return
            self.worker = self._start_worker()
            for place, item in list(self._busy.items()):
                self._put_back(place, item)
            self._changed.notify_all()

    def join(self, worker: Any) -> None:
        """Wait until all bundles of a worker that was replaced have ended."""
        for thread in self._threads[worker]:
            thread.join()

    def close(self) -> None:
        """Take no more work, wait for the bundles that run, and end the workers."""
        self._stop()
        for worker in self._threads:
            self.join(worker)
        self._manager.close_all()

    def _stop(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _start_worker(self) -> Any:
        count = len(self._threads) + 1
        worker = self._manager.get_worker_handlers(self._stage.stage.environment, count)[-1]
        threads = [
            threading.Thread(target=self._work, args=(worker,), daemon=True)
            for _ in range(self._number_of_threads)
        ]
        self._threads[worker] = threads
        for thread in threads:
            thread.start()
        return worker

    def _add(self, source: str, key: Any, elements: Iterable[Any]) -> None:
        place = (source, key)
        with self._changed:
            if place not in self._waiting:
                self._waiting[place] = []
                if place not in self._busy:
                    self._ready.append(place)
            self._waiting[place] += elements
            self._changed.notify_all()

    def _work(self, worker: Any) -> None:
        while item := self._take(worker):
            place = (item.source, item.key)
            try:
                outputs = self._run(worker, item)
            except Exception as error:  # noqa: BLE001  (`wait_until_idle` raises it)
                self._fail(place, item, error)
                continue
            with self._changed:
                if self._busy.get(place) is not item:
                    continue  # the worker was replaced
                for output, elements in outputs.items():
                    for element in elements:
                        self._add(self._routes[output], element.value[0], [element])
                self._release(place)

    def _take(self, worker: Any) -> _WorkItem | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or worker is not self.worker or self._ready)
            if self._closed or worker is not self.worker:
                return None
            place = self._ready.popleft()
            item = _WorkItem(*place, self._waiting.pop(place))
            self._busy[place] = item
            if item.source != self._read:
                self.sizes.append(len(item.elements))
            return item

    def _fail(self, place: tuple[str, Any], item: _WorkItem, error: Exception) -> None:
        with self._changed:
            if self._busy.get(place) is not item:
                return  # the worker was replaced
            if self._repeat_failed:
                self.failures += 1
                self._put_back(place, item)
                self._changed.notify_all()
                return
            self._closed = True
            if not self.failed.done():
                self.failed.set_exception(error)
            self._release(place)

    def _release(self, place: tuple[str, Any]) -> None:
        del self._busy[place]
        if place in self._waiting:
            self._ready.append(place)
        self._changed.notify_all()

    def _put_back(self, place: tuple[str, Any], item: _WorkItem) -> None:
        del self._busy[place]
        self._waiting[place] = [*item.elements, *self._waiting.get(place, ())]
        self._ready.append(place)

    def _run(self, worker: Any, item: _WorkItem) -> dict[str, list[Any]]:
        """Run a bundle; return the elements it emitted, by output of the stage."""
        bundle = f"bundle-{next(self._ids)}"
        data, stage = worker.data_conn, self._stage
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
        answer = worker.control_conn.push(
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
