"""Finished lessons are spoken and captioned at the pace of their grade."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.narration.voices import lesson
from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.recording import record_narration
from transforms.stage.direct_calls import DirectCalls
from transforms.text.pace import pace_for
from transforms.video.plan.captions import cues

SCRIPT = lesson(
    "A net force makes an object accelerate. Double the force and the acceleration doubles. "
    "Think of a full shopping trolley: it is harder to push than an empty one.",
    "Water from the roots and carbon dioxide from the air become sugar and oxygen.",
)


@pytest.mark.parametrize(
    ("grade", "fewest", "most", "caption_speed"),
    [(3, 115, 130, 13), (8, 115, 130, 13), (9, 130, 155, 17), (16, 130, 155, 17)],
)
def test_finished_lesson_has_pace_of_its_grade(
    grade: int, fewest: float, most: float, caption_speed: float, tmp_path: Path
) -> None:
    script = replace(SCRIPT, grade_level=grade)
    narration, _ = record_narration(script, OfflineVoice(), tmp_path, calls=DirectCalls(60))
    words = sum(len(sentence.text.split()) for sentence in narration.sentences)
    spoken = narration.sentences[-1].end - narration.sentences[0].start
    speed = pace_for(grade).caption_speed
    shown = cues(narration.sentences, narration.duration, reading_speed=speed)
    fastest = max(len(cue.text) / (cue.end - cue.start) for cue in shown)
    assert fewest <= 60 * words / spoken <= most
    assert fastest <= speed + 1e-6
    assert speed == caption_speed
