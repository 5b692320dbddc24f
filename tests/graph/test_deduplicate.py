"""The in-graph filter, on the engine that drain and batch use."""

from __future__ import annotations

from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing import test_pipeline
from apache_beam.testing.util import assert_that, equal_to

from transforms.deduplicate import DUPLICATES, REPLAY_ATTRIBUTE, DeduplicateRequests
from transforms.model import ContentRequest, Message, Received


def received(message_id, request_id, **attributes):
    message = Message(b"{}", attributes, message_id, datetime(2026, 1, 1, tzinfo=UTC))
    return Received(message, ContentRequest(request_id, "s", "q", 9, "c"))


def ids(element):
    return element.message.message_id


def deduplicate(elements):
    pipeline = test_pipeline.TestPipeline(runner=FnApiRunner())
    outputs = (
        pipeline | beam.Create(elements).with_output_types(Received) | DeduplicateRequests(ttl=600)
    )
    return (
        pipeline,
        outputs.requests | "r" >> beam.Map(ids),
        outputs[DUPLICATES] | "d" >> beam.Map(ids),
    )


def test_one_message_of_each_request_passes():
    pipeline, passed, duplicates = deduplicate(
        [received("1", "a"), received("2", "b"), received("3", "a"), received("4", "a")]
    )
    with pipeline:
        assert_that(passed, equal_to(["1", "2"]), label="passed")
        assert_that(duplicates, equal_to(["3", "4"]), label="duplicates")


def test_the_same_message_again_passes():
    pipeline, passed, duplicates = deduplicate([received("1", "a"), received("1", "a")])
    with pipeline:
        assert_that(passed, equal_to(["1", "1"]), label="passed")
        assert_that(duplicates, equal_to([]), label="duplicates")


def test_a_replay_passes():
    replay = received("2", "a", **{REPLAY_ATTRIBUTE: "1"})
    pipeline, passed, duplicates = deduplicate([received("1", "a"), replay])
    with pipeline:
        assert_that(passed, equal_to(["1", "2"]), label="passed")
        assert_that(duplicates, equal_to([]), label="duplicates")
