"""DeduplicateRequests on the runner of drain and batch, and on one with a watermark."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, groupby

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing import test_pipeline, test_stream
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import TimestampedValue

from pipeline.reference.graph_page import stream
from transforms.deduplicate import DUPLICATES, DeduplicateRequests
from transforms.model import REPLAY_ATTRIBUTE, ContentRequest, Message, Received

TTL = 600


def received(message_id, request_id, **attributes):
    message = Message(b"{}", attributes, message_id, datetime(2026, 1, 1, tzinfo=UTC))
    return Received(message, ContentRequest(request_id, "s", "q", 9, "c"))


def ids(element):
    return element.message.message_id


REPLAY = {REPLAY_ATTRIBUTE: "1"}

BOUNDED = {
    "one message of each request passes": (
        [received("1", "a"), received("2", "b"), received("3", "a"), received("4", "a")],
        ["1", "2"],
        ["3", "4"],
    ),
    "same message again passes": ([received("5", "c"), received("5", "c")], ["5", "5"], []),
    "replay passes": ([received("6", "d"), received("7", "d", **REPLAY)], ["6", "7"], []),
    # A replay does not count as the first message of its request.
    "replay is not remembered": (
        [received("8", "e", **REPLAY), received("9", "e"), received("10", "e")],
        ["8", "9"],
        ["10"],
    ),
}


def test_bounded_run_separates_first_messages_from_duplicates():
    elements, passed, duplicates = map(
        list, map(chain.from_iterable, zip(*BOUNDED.values(), strict=True))
    )
    with test_pipeline.TestPipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create(elements).with_output_types(Received)
        outputs = source | DeduplicateRequests(TTL)
        assert_that(outputs.requests | "r" >> beam.Map(ids), equal_to(passed), label="passed")
        assert_that(
            outputs[DUPLICATES] | "d" >> beam.Map(ids), equal_to(duplicates), label="others"
        )


STREAMED = {
    # History: its messages as (watermark, timestamp, message, result), all of one request id.
    "remembered for its ttl": [(0, 0, "1", "passes"), (TTL - 1, TTL - 1, "2", "duplicate")],
    "forgotten after its ttl": [
        (0, 0, "1", "passes"),
        (TTL + 1, TTL + 1, "2", "passes"),
        (TTL + 2, TTL + 2, "3", "duplicate"),
    ],
    "counted from the message, not from the watermark": [
        (0, 500, "1", "passes"),
        (TTL + 1, TTL + 1, "2", "duplicate"),
        (TTL + 501, TTL + 501, "3", "passes"),
    ],
    "redelivery of the first prolongs": [
        (0, 0, "1", "passes"),
        (TTL - 1, TTL - 1, "1", "passes"),
        (TTL + 1, TTL + 1, "2", "duplicate"),
        (2 * TTL, 2 * TTL, "3", "passes"),
    ],
    "duplicates and replays do not prolong": [
        (0, 0, "1", "passes"),
        (TTL - 1, TTL - 1, "2", "duplicate"),
        (TTL - 1, TTL - 1, "replay", "passes"),
        (TTL + 1, TTL + 1, "3", "passes"),
    ],
    "replay is not remembered": [(0, 0, "replay", "passes"), (1, 1, "2", "passes")],
    "late message is compared": [(2 * TTL, 2 * TTL, "1", "passes"), (2 * TTL, 0, "2", "duplicate")],
    "late message is not kept": [(2 * TTL, 0, "1", "passes"), (2 * TTL, 0, "2", "passes")],
}


@pytest.fixture(scope="module")
def streamed():
    """Outputs of all messages of `STREAMED` in one stream, by history and message."""
    events = [
        (watermark, step, timestamp, history, message)
        for history, comes in STREAMED.items()
        for step, (watermark, timestamp, message, _) in enumerate(comes)
    ]
    coder = beam.coders.registry.get_coder(Received)
    source = test_stream.TestStream(coder=coder, output_tags=set())
    for watermark, together in groupby(sorted(events), key=lambda event: event[0]):
        # Processing time runs ahead, so that a processing-time timer would fire.
        source.advance_watermark_to(watermark).advance_processing_time(100 * TTL)
        for _, _, timestamp, history, message in together:
            attributes = REPLAY if message == "replay" else {}
            element = received(f"{history}/{message}", history, **attributes)
            source.add_elements([TimestampedValue(element, timestamp)])
    with test_pipeline.TestPipeline(runner=BundleBasedDirectRunner()) as pipeline:
        outputs = pipeline | source.advance_watermark_to_infinity() | DeduplicateRequests(TTL)
        _ = outputs.requests | "r" >> beam.Map(_note, "passes")
        _ = outputs[DUPLICATES] | "d" >> beam.Map(_note, "duplicate")
    return {key: [what for found, what in _noted if found == key] for key, _ in _noted}


_noted: list[tuple[str, str]] = []


def _note(element: Received, what: str) -> None:
    _noted.append((ids(element), what))


@pytest.mark.parametrize("history", STREAMED)
def test_streamed_request_is_remembered_for_ttl(streamed, history):
    comes = STREAMED[history]
    wanted: dict[str, list[str]] = {}
    for *_, message, what in comes:
        wanted.setdefault(f"{history}/{message}", []).append(what)
    assert {key: streamed.get(key) for key in wanted} == wanted


def test_state_and_timer_of_stream_are_event_time():
    """A change of state or timers would break the update of a running job."""
    found = {}
    for transform in stream().to_runner_api().components.transforms.values():
        if transform.spec.urn == "beam:transform:pardo:v1":
            payload = api.ParDoPayload.FromString(transform.spec.payload)
            state = {name: spec.protocol.urn for name, spec in payload.state_specs.items()}
            timers = {name: spec.time_domain for name, spec in payload.timer_family_specs.items()}
            if state or timers:
                found[transform.unique_name] = state, timers
    assert found == {
        "Deduplicate/Remember the first/ParDo(_Remember)": (
            {"owner": "beam:user_state:bag:v1"},
            {"ts-expiry": api.TimeDomain.EVENT_TIME},
        )
    }
