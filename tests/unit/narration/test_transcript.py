"""Tests of the transcript: sentences under their headings, with start times."""

from __future__ import annotations

from pathlib import Path

from tests.unit.narration.voices import BuzzVoice, lesson
from transforms.narration.recording import record_narration
from transforms.narration.transcript import transcript
from transforms.stage.direct_calls import DirectCalls


def test_sentences_stand_under_their_heading(tmp_path: Path) -> None:
    script = lesson("Plants grow.\nThey need light.", hook="How do plants eat?")
    narration, _ = record_narration(script, BuzzVoice(), tmp_path, calls=DirectCalls(60))
    paragraphs = transcript(script, narration).split("\n\n")
    assert paragraphs[0] == "[0:00] A lesson\nHow do plants eat?"
    assert paragraphs[1].endswith("Scene 1\nPlants grow. They need light.")
    assert paragraphs[2].endswith("Key takeaways\nRemember this. And that.\n")
    assert paragraphs[1].startswith(f"[0:{int(narration.sections[1][0]):02d}] ")


def test_silent_section_keeps_its_heading(tmp_path: Path) -> None:
    script = lesson("🎉", hook="How do plants eat?")
    narration, _ = record_narration(script, BuzzVoice(), tmp_path, calls=DirectCalls(60))
    assert "Scene 1\n\n" in transcript(script, narration)
