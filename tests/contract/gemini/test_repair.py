"""Unusable answers of Gemini are repaired once, then a fallback writes, through Google's client."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from google.oauth2.credentials import Credentials

from tests.clock import Clock
from tests.contract.fakes.lessons import CART, REQUEST, answer, lesson, with_picture
from tests.contract.fakes.vertex import (
    Reply,
    VertexServer,
    body,
    failure,
    prompt_blocked,
    stopped,
    text_reply,
)
from tests.contract.gemini.support import GOOD, camel
from transforms.artifacts import ArtifactStore
from transforms.errors import CallRejected, ConfigurationFault, TransientError
from transforms.ledger.calls import BegunCall, CallAnswer, EndedCall
from transforms.model import Claim, Lesson, Message, Visual
from transforms.pictures.picture import picture_labels
from transforms.prices import INCLUDED, total
from transforms.process import retry
from transforms.process.retry import RetryPolicy
from transforms.script.checks import find_problems
from transforms.script.checks.pictures import LayoutCheck
from transforms.script.checks.script_texts import all_texts
from transforms.script.engines.gemini.gemini_engine import GeminiScriptEngine
from transforms.script.engines.gemini.plugin import GeminiSettings
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.script.engines.script_engine import ScriptEngine, UnusableAnswer
from transforms.script.order_of_tries import Check, NoScript, OrderOfTries, Tried
from transforms.stage.direct_calls import DirectCalls
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.stage_calls import StageCalls
from transforms.video.picture_layouts import find_layout_problems

FIRST = "gemini-3.5-flash-lite"
SECOND = "gemini-2.5-flash"
NO_TITLE = json.dumps(answer({k: v for k, v in lesson().items() if k != "title"}))
LESSON = Lesson(
    Message(b"{}", {}, "m-1", datetime(2026, 11, 30, tzinfo=UTC)),
    REQUEST,
    Claim("b5d2c6e0-0d4c-4c3e-9a55-0f6f2f3d7a11", 1),
)
DRIFTED = json.dumps({"lektion": lesson()})


def engine(server: VertexServer, model: str = FIRST, **changes: Any) -> ScriptEngine:
    return GeminiScriptEngine(
        GeminiSettings(
            model=model,
            project="my-project",
            base_url=server.url,
            credentials=Credentials(token="token-1"),
            **changes,
        )
    )


def write(server: VertexServer, *fallbacks: ScriptEngine, **changes: Any) -> Tried:
    order = OrderOfTries([engine(server, **changes), *fallbacks])
    return order.write(REQUEST, DirectCalls(60.0))


def models(server: VertexServer) -> list[str]:
    """Return the models that were asked, in order."""
    return [asked.path.split("/")[-1].partition(":")[0] for asked in server.requests]


UNUSABLE = [
    (text_reply(GOOD[:400]), "Invalid JSON"),
    (text_reply("Here you are!"), "Invalid JSON"),
    (text_reply(""), "answer: empty"),
    (text_reply("", thought="Let me think"), "answer: empty"),
    (text_reply(NO_TITLE), "lesson.title: Field required"),
    (text_reply(DRIFTED), "lesson: Field required"),
    (text_reply(json.dumps(answer({**lesson(), "hook": "**No** markup"}))), "lesson.hook"),
    (stopped("RECITATION"), "RECITATION: it repeated a published text"),
    (stopped("OTHER"), "OTHER: write it again"),
    (stopped("LANGUAGE"), "LANGUAGE"),
    (stopped("MALFORMED_FUNCTION_CALL"), "MALFORMED_FUNCTION_CALL: it was a function call"),
    (prompt_blocked("OTHER"), "blocked for the reason OTHER"),
    (body({}), "missing, without a reason"),
    (body({"candidates": []}), "missing, without a reason"),
]


@pytest.mark.parametrize(("reply", "expected"), UNUSABLE)
def test_unusable_answer_is_repaired_once(server: VertexServer, reply: Reply, expected: str):
    server.set_replies(reply, text_reply(GOOD))
    tried = write(server)
    assert (tried.written.script.topic, tried.is_fallback) == ("photosynthesis", False)
    first, second = server.requests
    assert second.turns[0] == first.turns[0]
    assert second.turns[-1][0] == "user"
    assert expected in second.turns[-1][1]
    assert second.system_instruction == first.system_instruction
    assert second.body["generationConfig"] == first.body["generationConfig"]


@pytest.mark.parametrize(("reply", "expected"), UNUSABLE)
def test_second_unusable_answer_goes_to_fallback(server: VertexServer, reply: Reply, expected: str):
    server.set_replies(reply, reply, text_reply(GOOD, model=SECOND))
    tried = write(server, engine(server, SECOND))
    assert (tried.engine, tried.written.model, tried.is_fallback) == ("gemini", SECOND, True)
    assert models(server) == [FIRST, FIRST, SECOND]
    server.set_replies(reply)
    with pytest.raises(UnusableAnswer, match=expected) as caught:
        write(server)
    assert caught.value.is_final
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        text_reply(GOOD[:400], "MAX_TOKENS"),
        text_reply("", "MAX_TOKENS", thought="so much to think about"),
        text_reply("", "MAX_TOKENS"),
    ],
)
def test_cut_off_answer_gets_more_tokens_and_less_thinking(server: VertexServer, reply: Reply):
    server.set_replies(reply, text_reply(GOOD))
    write(server, thinking="medium", max_output_tokens=3_000)
    first, second = (camel(asked.body["generationConfig"]) for asked in server.requests)
    assert (first["maxOutputTokens"], second["maxOutputTokens"]) == (3_000, 6_000)
    assert first["thinkingConfig"] == {"thinkingLevel": "MEDIUM"}
    assert second["thinkingConfig"] == {"thinkingLevel": "LOW"}
    asked = server.requests[1]
    assert [role for role, _ in asked.turns] == ["user", "user"], "the fragment is of no use"
    assert "cut off at 3000 tokens; be brief" in asked.turns[-1][1]


def test_whole_answer_at_token_limit_is_read(server: VertexServer):
    server.set_replies(text_reply(GOOD, "MAX_TOKENS"))
    assert write(server).written.script.topic == "photosynthesis"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "around", ["```json\n{}\n```", "Here is the lesson:\n\n{}", "{}}}", "{}\n\nEnjoy {{it}}!"]
)
def test_text_around_good_answer_costs_no_second_call(server: VertexServer, around: str):
    server.set_replies(text_reply(around.format(GOOD)))
    assert write(server).written.script.topic == "photosynthesis"
    assert len(server.requests) == 1


def test_repair_names_all_problems_and_holds_the_answer(server: VertexServer):
    broken = lesson()
    broken["scenes"][1]["visual"]["items"] = ["only one"]
    broken["hook"] = "word " * 70
    broken["quiz"] = broken["quiz"][:1]
    unusable = json.dumps(answer({**broken, "title": "**bold**"}))
    server.set_replies(text_reply(unusable), text_reply(GOOD))
    write(server)
    assert [role for role, _ in server.requests[1].turns] == ["user", "model", "user"]
    assert server.requests[1].turns[1][1] == unusable
    said = server.requests[1].turns[2][1]
    for problem in ("lesson.title", "lesson.quiz", "lesson.scenes.1.visual: steps cannot be drawn"):
        assert problem in said
    short = json.dumps(answer({**broken, "quiz": lesson()["quiz"], "hook": "word " * 700}))
    server.set_replies(text_reply(short), text_reply(GOOD))
    write(server)
    said = server.requests[1].turns[2][1]
    assert "lesson.hook" in said
    assert "spoken words together; write 150 to 450" in said


def test_picture_and_marks_are_repaired_once(server: VertexServer):
    wrong = CART | {"states": {"net": "merge push pull"}}
    replies = [
        text_reply(json.dumps(answer(with_picture(lesson(), picture, marks))))
        for picture, marks in ((wrong, "[[push]]"), (CART, "[[push]] [[net]]"))
    ]
    server.set_replies(*replies)
    tried = write(server)
    said = server.requests[1].turns[2][1]
    assert "lesson.scenes.2.picture: merge names two or more forces" in said
    assert "pull" not in said
    assert not tried.problems
    script = tried.written.script
    assert "40\u00a0N → (ΣF)" in picture_labels(script.scenes[2].visual.text)
    assert not any("[[" in text for _, text in all_texts(script))
    server.set_replies(replies[0])
    unrepaired = write(server).written.script
    assert unrepaired.scenes[2].visual == Visual()
    assert len(server.requests) == 2


def test_illegible_picture_is_repaired(server: VertexServer):
    events = [
        {"id": f"e{at}", "when": str(1914 + at), "label": "pneumonoultramicroscopicsilicovolcano"}
        for at in range(6)
    ]
    crowded = {"template": "timeline", "events": events}
    replies = [
        text_reply(json.dumps(answer(with_picture(lesson(), picture, marks))))
        for picture, marks in ((crowded, "[[e1]]"), (CART, "[[push]] [[net]]"))
    ]
    server.set_replies(*replies)
    checks: list[Check] = [find_problems, LayoutCheck(find_layout_problems)]
    tried = OrderOfTries([engine(server)], checks).write(REQUEST, DirectCalls(60.0))
    assert "scenes.2.picture: a label does not fit" in server.requests[1].turns[2][1]
    assert not tried.problems


def test_repair_names_form_picture_and_checks_together(server: VertexServer):
    flawed: Any = lesson()
    flawed["hook"] += " Order now, and get 20% off."
    flawed["key_takeaways"][0] = "Twelve divided by four equals five."
    flawed["scenes"][1]["visual"] = {"kind": "steps", "text": "", "items": ["one"]}
    for broken_form in ({"title": 7}, {}):
        reply = json.dumps(answer(flawed | broken_form))
        server.set_replies(text_reply(reply), text_reply(GOOD))
        order = OrderOfTries([engine(server)], [find_problems])
        tried = order.write(REQUEST, DirectCalls(60.0))
        named = server.requests[1].turns[-1][1]
        assert ("lesson.title" in named) == bool(broken_form)
        assert "scenes.1.visual: steps cannot be drawn" in named
        assert "hook: holds advertising" in named
        assert "key_takeaways.0: '12 ÷ 4 = 5' is not right" in named
        assert len(server.requests) == 2
        assert [problem for problem in tried.problems if problem.severity != "note"] == []


def test_all_calls_are_billed(server: VertexServer):
    server.set_replies(
        text_reply(NO_TITLE, tokens=(1, 2, 3)),
        stopped("RECITATION"),
        text_reply(GOOD, model=SECOND, tokens=(10, 20, 30)),
    )
    calls = DirectCalls(60.0)
    OrderOfTries([engine(server), engine(server, SECOND)]).write(REQUEST, calls)
    assert {used.sku: used.quantity for used in total(calls.usage)} == {
        f"{FIRST}/input-tokens": 1_001,
        f"{FIRST}/output-tokens": 5,
        f"{SECOND}/input-tokens": 10,
        f"{SECOND}/output-tokens": 50,
    }


def test_offline_fallback_writes_after_three_calls(server: VertexServer):
    server.set_replies(stopped("OTHER"))
    tried = write(server, engine(server, SECOND), OfflineScriptEngine())
    assert (tried.engine, tried.written.model, tried.is_fallback) == ("offline", "", True)
    assert models(server) == [FIRST, FIRST, SECOND]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(401, "UNAUTHENTICATED"), ConfigurationFault),
        (failure(403, "PERMISSION_DENIED", "billing is disabled"), ConfigurationFault),
        (failure(400, "INVALID_ARGUMENT", "response_schema: too large"), ConfigurationFault),
        (failure(400, "INVALID_ARGUMENT", "invalid argument"), CallRejected),
    ],
)
def test_faults_of_the_set_up_never_fall_back(
    server: VertexServer, reply: Reply, kind: type[Exception]
):
    server.set_replies(reply)
    with pytest.raises(kind):
        write(server, engine(server, SECOND), OfflineScriptEngine())
    assert models(server) == [FIRST]


def test_retired_model_is_not_asked_again(server: VertexServer):
    order = OrderOfTries([engine(server), engine(server, SECOND)])
    server.set_replies(failure(404, "NOT_FOUND"), text_reply(GOOD, model=SECOND))
    for _ in range(2):
        assert order.write(REQUEST, DirectCalls(60.0)).written.model == SECOND
    assert models(server) == [FIRST, SECOND, SECOND]


class OpenBook:
    """A ledger that allows every call."""

    def record_calls(
        self, begun: Sequence[BegunCall], ended: Sequence[EndedCall]
    ) -> dict[str, CallAnswer]:
        return {call.id: CallAnswer("go", 0.0) for call in begun}


def stage_calls(folder: Path, admitted: Callable[..., Any]) -> StageCalls:
    runtime: Any = SimpleNamespace(
        admitted=admitted, budget=None, force=False, prices=INCLUDED, ledger=OpenBook(),
        store=ArtifactStore(str(folder)),
    )  # fmt: skip
    return StageCalls(LESSON, "script", "gemini", runtime, RetryPolicy(120.0))


def test_model_without_quota_leaves_its_fallback(server: VertexServer, tmp_path: Path):
    server.set_replies(
        failure(429, "RESOURCE_EXHAUSTED", Retry_After="86400"), text_reply(GOOD, model=SECOND)
    )
    limits = EngineLimits("script", str(uuid4()))
    order = OrderOfTries([engine(server), engine(server, SECOND)])
    written = order.write(REQUEST, stage_calls(tmp_path, limits.admitted)).written
    assert (written.model, models(server)) == (SECOND, [FIRST, SECOND])


def test_busy_model_has_its_share_of_the_deadline(
    server: VertexServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    Clock.instead_of_time_in(retry, monkeypatch)
    busy = failure(429, "RESOURCE_EXHAUSTED", Retry_After="30")
    server.set_replies(busy, busy, busy, text_reply(GOOD, model=SECOND))
    calls = stage_calls(tmp_path, lambda *_: nullcontext())
    order = OrderOfTries([engine(server), engine(server, SECOND)])
    assert order.write(REQUEST, calls).written.model == SECOND
    assert models(server) == [FIRST, FIRST, FIRST, SECOND], "at 0, 30 and 60 of 72 seconds"
    assert calls.left == pytest.approx(60.0, abs=1e-6)


def test_busy_service_falls_back(server: VertexServer):
    server.set_replies(failure(429, "RESOURCE_EXHAUSTED"), text_reply(GOOD, model=SECOND))
    assert write(server, engine(server, SECOND)).written.model == SECOND
    server.set_replies(failure(503, "UNAVAILABLE"))
    with pytest.raises(NoScript, match=r"503.*503") as caught:
        write(server, engine(server, SECOND))
    assert isinstance(caught.value, TransientError)
