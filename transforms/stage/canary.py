"""The canary: a built-in request that shows whether a stage works at all.

It has what the stage before would have left: a short script, and six seconds of silence as its
narration. A paid engine gets one small call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import uuid4

from transforms.artifacts import ArtifactStore, File
from transforms.model import (
    STAGES,
    STAGES_OF,
    Claim,
    ContentRequest,
    Lesson,
    Message,
    Modality,
    Narration,
    Scene,
    Script,
    Sentence,
    StageRecord,
    encode,
)
from transforms.process.temp_dirs import temp_dir
from transforms.stage.task import CONTENT_TYPES

STUDENT = "vividly-canary"
"""Student id of canaries in the ledger."""

_SCRIPT = Script(
    title="Photosynthesis",
    hook="Plants live on light.",
    scenes=(Scene("Leaves", "Leaves take in light.", ("Light",)),),
    key_takeaways=("Plants make sugar.",),
    quiz=(),
    topic="photosynthesis",
    subject="biology",
    grade_level=8,
)
_SECONDS = 2.0  # of silence for each of the script's sections
_SPOKEN = (_SCRIPT.hook, _SCRIPT.scenes[0].narration, _SCRIPT.key_takeaways[0])
_NARRATION = Narration(
    duration=_SECONDS * len(_SPOKEN),
    sections=tuple((at * _SECONDS, (at + 1) * _SECONDS) for at in range(len(_SPOKEN))),
    sentences=tuple(
        Sentence(text, at * _SECONDS + 0.5, at * _SECONDS + 1.5, at)
        for at, text in enumerate(_SPOKEN)
    ),
    voice="none",
    language=_SCRIPT.language,
    loudness=-70.0,
)

_RATE = 24_000  # samples per second
_BLOCK = 1000  # samples; divides each second, and fits an AAC frame

_LEFT_BY = {"script": ("script.json",), "narration": ("narration.json", "narration.m4a")}
"""Artifacts that later stages read, by the stage that leaves them."""


@contextmanager
def canary_lesson(stage: str) -> Iterator[tuple[Lesson, ArtifactStore]]:
    """Yield a built-in lesson that can enter a stage, and a temporary store of its artifacts.

    Args:
        stage: Name of the stage.
    """
    modality: Modality = next((m for m, stages in STAGES_OF.items() if stage in stages), "text")
    request = ContentRequest(
        request_id=str(uuid4()),
        student_id=STUDENT,
        student_query="Explain photosynthesis",
        grade_level=_SCRIPT.grade_level,
        correlation_id="canary",
        requested_modalities=(modality,),
    )
    message = Message(b"{}", {}, f"canary-{request.request_id}", datetime.now(UTC))
    claim = Claim(token=str(uuid4()), attempt=1)
    files = [
        File(name, _content(name), CONTENT_TYPES[Path(name).suffix])
        for earlier in STAGES[: STAGES.index(stage)]
        for name in _LEFT_BY.get(earlier, ())
    ]
    with temp_dir() as folder:
        store = ArtifactStore(str(folder))
        stored = store.put_all(request.request_id, files) if files else ()
        record = StageRecord("canary", "canary", "", 0.0, 0.0, (), stored)
        yield Lesson(message, request, claim, (record,)), store


def _content(name: str) -> bytes:
    if name == "script.json":
        return encode(_SCRIPT)
    if name == "narration.json":
        return encode(_NARRATION)
    return _silence()


def _silence() -> bytes:
    """Encode a silent narration as M4A."""
    import av
    import numpy as np

    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=_RATE, layout="mono")
        for start in range(0, int(_NARRATION.duration * _RATE), _BLOCK):
            samples = np.zeros((1, _BLOCK), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = _RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
