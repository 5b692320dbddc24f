"""Answers of Gemini become lessons with their usage and price."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.fakes.lessons import REQUEST, lesson
from tests.contract.fakes.vertex import Reply, VertexServer, text_reply
from tests.contract.gemini.support import GOOD, LONG, MODEL, on_vertex, with_key
from transforms.model import Usage
from transforms.prices import price
from transforms.stage.direct_calls import DirectCalls


@pytest.mark.parametrize("engine", [on_vertex, with_key])
def test_lesson_reports_its_usage(server: VertexServer, engine: Any):
    calls = DirectCalls(LONG)
    written = engine(server).write(REQUEST, calls=calls)
    assert written.script.title == lesson()["title"]
    assert written.script.sources == ()
    assert written.usage == ()
    assert calls.usage == (
        Usage(f"{MODEL}/input-tokens", 1_000.0),
        Usage(f"{MODEL}/output-tokens", 1_000.0),
    )
    assert price(calls.usage) == pytest.approx(0.0003 + 0.0025)


def test_thought_tokens_are_billed_as_output(server: VertexServer):
    server.set_replies(text_reply(GOOD, thought="Let me think {", tokens=(10, 20, 30)))
    calls = DirectCalls(LONG)
    on_vertex(server).write(REQUEST, calls=calls)
    assert [used.quantity for used in calls.usage] == [10.0, 50.0]


def test_missing_finish_reason_is_accepted(server: VertexServer):
    server.set_replies(text_reply(GOOD, finish_reason=None))
    assert (
        on_vertex(server).write(REQUEST, calls=DirectCalls(LONG)).script.topic == "photosynthesis"
    )


@pytest.mark.parametrize(
    ("reply", "usage"),
    [
        (
            text_reply(GOOD, tokens=(1_000, 20, 30), cached=400),
            {"input-tokens": 600, "cached-input-tokens": 400, "output-tokens": 50},
        ),
        (text_reply(GOOD, model=f"{MODEL}-001"), {"input-tokens": 1_000, "output-tokens": 1_000}),
    ],
)
def test_tokens_are_billed_by_kind(server: VertexServer, reply: Reply, usage: dict[str, int]):
    server.set_replies(reply)
    calls = DirectCalls(LONG)
    on_vertex(server).write(REQUEST, calls=calls)
    assert calls.usage == tuple(Usage(f"{MODEL}/{kind}", n) for kind, n in usage.items())


@pytest.mark.parametrize(
    ("answering", "usd"),
    [("gemini-2.5-flash-lite", 0.0001 + 0.0004), ("gemini-9-lite", 0.0003 + 0.0025)],
)
def test_answering_model_is_recorded_and_priced(server: VertexServer, answering: str, usd: float):
    server.set_replies(text_reply(GOOD, model=answering))
    calls = DirectCalls(LONG)
    written = on_vertex(server).write(REQUEST, calls=calls)
    assert written.model == answering
    assert [used.sku for used in calls.usage] == [
        f"{answering}/input-tokens",
        f"{answering}/output-tokens",
    ]
    assert price(calls.usage) == pytest.approx(usd), "an unknown model costs as much as the asked"
