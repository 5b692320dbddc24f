"""ModelCoder restores every value and refuses other versions."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as beam_proto
from apache_beam.runners.pipeline_context import PipelineContext
from hypothesis import given
from hypothesis import strategies as st

from transforms.coder import URN, ModelCoder
from transforms.model import (
    MODELS,
    Artifact,
    Attempt,
    Claim,
    ContentRequest,
    DeadLetter,
    Lesson,
    Message,
    Model,
    Outcome,
    Received,
    StageRecord,
    Usage,
)

MESSAGE = Message(b"\x00\xff{}", {"k": "v"}, "m-1", datetime(2026, 1, 2, 3, 4, 5, 6, UTC), 2)
REQUEST = ContentRequest("id", "s", "q", 9, "c", metadata={"a": [1, None, {"b": 1.5}]})
RECORD = StageRecord(
    "script", "offline", "f" * 64, 1.25, 1e-6, (Usage("cpu-seconds", 0.5),),
    (Artifact("script.json", "gs://b/id/script.json", 10, "0" * 64, "application/json"),),
)  # fmt: skip
LESSON = Lesson(MESSAGE, REQUEST, Claim("t", 1), (RECORD,))
VALUES = [
    MESSAGE,
    Received(MESSAGE, REQUEST),
    LESSON,
    DeadLetter(
        MESSAGE, "video", "KeyError", "x", datetime(2026, 1, 1, tzinfo=UTC), request=REQUEST,
        claim=Claim("t", 1), attempts=(Attempt(datetime(2026, 1, 1, tzinfo=UTC), "T", "m"),),
    ),
    Outcome("m-1", "completed", records=(RECORD,), cost_usd=0.1),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_encoded_value_decodes_to_itself(value):
    coder = beam.coders.registry.get_coder(type(value))
    assert isinstance(coder, ModelCoder)
    encoded = coder.encode(value)
    assert encoded[0] == coder.model.version
    assert coder.decode(encoded) == value


@given(st.binary(), st.dictionaries(st.text(), st.text()))
def test_any_bytes_of_message_survive(data, attributes):
    message = Message(data, attributes, "1", datetime.now(UTC))
    coder = ModelCoder(MODELS["Message"])
    assert coder.decode(coder.encode(message)) == message


@pytest.mark.parametrize("encoded", [b"", b"\x02{}", b"\x00{}"])
def test_other_version_is_refused_with_remedy(encoded):
    with pytest.raises(ValueError, match="drain"):
        ModelCoder(MODELS["Message"]).decode(encoded)


def test_first_byte_is_model_version():
    coder = ModelCoder(Model("Message", 200, Message))
    assert coder.encode(MESSAGE)[0] == 200
    assert coder.decode(coder.encode(MESSAGE)) == MESSAGE
    with pytest.raises(ValueError, match="version 200, expected 1"):
        ModelCoder(MODELS["Message"]).decode(coder.encode(MESSAGE))


def translated(payload):
    spec = beam_proto.FunctionSpec(urn=URN, payload=payload)
    return beam.coders.Coder.from_runner_api(beam_proto.Coder(spec=spec), PipelineContext())


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_payload_is_name_and_version_only(model):
    coder = ModelCoder(model)
    assert coder.to_runner_api_parameter(None) == (URN, f"{model.name}:1".encode(), ())
    assert translated(f"{model.name}:1".encode()) == coder
    assert pickle.loads(pickle.dumps(coder)) == coder
    assert model.cls.__module__.encode() not in pickle.dumps(coder)


@pytest.mark.parametrize(
    ("payload", "said"), [(b"Nothing:1", "no model named Nothing"), (b"Message:2", "drain")]
)
def test_unknown_payload_is_refused(payload, said):
    with pytest.raises(ValueError, match=said):
        translated(payload)
