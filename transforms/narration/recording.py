"""Recorder of a narration: speaks each sentence, places it in time, masters and stores it."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from transforms.errors import PermanentError, StageTimeout
from transforms.model import Narration, Script, Sentence, Usage
from transforms.narration.engines.voice_engine import VoiceEngine
from transforms.narration.m4a import FRAME, write_m4a
from transforms.narration.mastering import RATE, Samples, master, resample, trim
from transforms.narration.music import choose, mix_music
from transforms.narration.sound_settings import SoundSettings
from transforms.stage.paid_call import PaidCalls
from transforms.text.sentences import split_sentences

FILE_NAME: Final = "narration.m4a"

# Seconds of silence between two sentences, and between two parts of a long sentence.
_PAUSE: Final = 0.35
_PAUSE_IN_SENTENCE: Final = 0.15
# Seconds of silence at either end of a section; two of them make the pause between sections.
_SECTION_EDGE: Final = 0.4
_LEAD_IN: Final = 0.3
_TAIL: Final = 2.5  # seconds for the end card of a video
_SILENT_SECTION: Final = 1.0
_SPEECH_ONLY: Final = SoundSettings()
_SENTENCE_ENDS: Final = tuple(".!?…。！？।؟")


@dataclass(frozen=True)
class _Spoken:
    """A spoken sentence; `begin` and `end` index its first and last audible sample at `RATE`."""

    text: str
    samples: Samples
    begin: int
    end: int


def record_narration(
    script: Script,
    voice: VoiceEngine,
    out: Path,
    *,
    calls: PaidCalls,
    sound: SoundSettings = _SPEECH_ONLY,
) -> tuple[Narration, tuple[Usage, ...]]:
    """Record a script with a voice as ``narration.m4a``.

    Args:
        script: the text.
        voice: engine that speaks it.
        out: existing folder to write to.
        calls: deadline of the recording, and its calls to services that cost money.
        sound: music and lead-in.

    Returns:
        The timing, measured from the audio, and the usage besides that of paid calls.

    Raises:
        StageTimeout: the recording took longer than its deadline.
        PermanentError: the voice cannot speak this script.
        TransientError: the voice failed and may succeed later.
    """
    voice.check_language(script.language)
    used: defaultdict[str, float] = defaultdict(float)
    cpu = time.thread_time()
    sections: list[list[_Spoken]] = []
    for section in script.sections():
        sections.append([])
        for text in split_sentences(section.narration):
            if calls.left <= 0:
                raise StageTimeout(f"the narration took longer than {calls.timeout:g} s")
            before = time.thread_time()
            speech = voice.speak(text, language=script.language, calls=calls)
            cpu += time.thread_time() - before
            for usage in speech.usage:
                used[usage.sku] += usage.quantity
            clip = trim(speech.samples, voice.sample_rate)
            if clip is not None:
                scale = RATE / voice.sample_rate
                sections[-1].append(
                    _Spoken(
                        text,
                        resample(clip.samples, voice.sample_rate),
                        round(clip.begin * scale),
                        round(clip.end * scale),
                    )
                )
    if not any(sections):
        raise PermanentError(
            f"nothing in the script {script.title!r} can be spoken by the {voice.name} voice"
        )
    pauses = [section.pause for section in script.sections()]
    samples, spans, sentences = _assemble(sections, pauses, _LEAD_IN + sound.intro)
    if sound.music is not None:
        mix_music(samples, sentences, choose(sound.music, script.title))
    loudness = master(samples)
    if calls.left < 0:
        raise StageTimeout(f"the narration took longer than {calls.timeout:g} s")
    write_m4a(out / FILE_NAME, samples)
    used["cpu-seconds"] += time.thread_time() - cpu
    narration = Narration(
        duration=len(samples) / RATE,
        sections=spans,
        sentences=sentences,
        voice=voice.voice,
        language=script.language,
        loudness=round(loudness, 2),
    )
    return narration, tuple(Usage(sku, used[sku]) for sku in sorted(used))


def _assemble(
    sections: list[list[_Spoken]], pauses: list[float], lead_in: float
) -> tuple[Samples, tuple[tuple[float, float], ...], tuple[Sentence, ...]]:
    """Place sentences and sections in time.

    Args:
        sections: spoken sentences of each section.
        pauses: seconds of additional silence after each section.
        lead_in: seconds before the first word.

    Returns:
        The samples at `RATE`, a whole number of AAC frames; start and end of each section in
        seconds; and the sentences.
    """
    placed: list[tuple[int, _Spoken]] = []
    edges = [0]
    sentences: list[Sentence] = []
    for number, (section, pause) in enumerate(zip(sections, pauses, strict=True)):
        last = number == len(sections) - 1
        cursor = edges[-1] + _samples(lead_in if number == 0 else _SECTION_EDGE)
        for spoken in section:
            start, end = cursor, cursor + spoken.end - spoken.begin
            placed.append((start - spoken.begin, spoken))
            sentences.append(Sentence(spoken.text, start / RATE, end / RATE, number))
            complete = spoken.text.rstrip("\"'”’»)]").endswith(_SENTENCE_ENDS)
            cursor = end + _samples(_PAUSE if complete else _PAUSE_IN_SENTENCE)
        if section:
            edges.append(end + _samples(_TAIL if last else _SECTION_EDGE + pause))
        else:
            edges.append(edges[-1] + _samples(_SILENT_SECTION))
    edges[-1] += -edges[-1] % FRAME
    samples = np.zeros(edges[-1], np.float32)
    for first, spoken in placed:
        samples[first : first + len(spoken.samples)] += spoken.samples
    spans = tuple((start / RATE, end / RATE) for start, end in pairwise(edges))
    return samples, spans, tuple(sentences)


def _samples(seconds: float) -> int:
    return round(seconds * RATE)
