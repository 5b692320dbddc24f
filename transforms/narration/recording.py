"""Recorder of a narration: speaks a script, times each sentence, masters the sound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from transforms.errors import PermanentError, StageTimeout
from transforms.maths.markup import shown_text
from transforms.model import Narration, Script, Sentence, Usage
from transforms.narration.engines.voice_engine import Recording, VoiceEngine
from transforms.narration.m4a import FRAME, write_m4a
from transforms.narration.mastering import RATE, Samples, master, resample, trim
from transforms.narration.music import choose, mix_music
from transforms.narration.sound_settings import SoundSettings
from transforms.narration.speech_length import is_speakable
from transforms.narration.word_times import words_from_pauses, words_from_spoken
from transforms.prices import total
from transforms.stage.paid_call import PaidCalls
from transforms.text.pace import pace_for
from transforms.text.sentences import split_sentences

FILE_NAME: Final = "narration.m4a"

# Seconds of silence between two sentences, and between two parts of a long sentence.
_PAUSE: Final = 0.35
_PAUSE_IN_SENTENCE: Final = 0.15
# Seconds of silence after a sentence that explains a new term.
_PAUSE_AFTER_TERM: Final = 0.7
# The most seconds that a pause is extended to, for captions to be read.
_LONGEST_PAUSE: Final = 0.6
# Seconds of silence at either end of a section; two of them make the pause between sections.
_SECTION_EDGE: Final = 0.4
_LEAD_IN: Final = 0.3
_TAIL: Final = 2.5  # seconds for the end card of a video
_SILENT_SECTION: Final = 1.0
_SPEECH_ONLY: Final = SoundSettings()
_SENTENCE_ENDS: Final = tuple(".!?…。！？।؟")


@dataclass(frozen=True)
class _Spoken:
    """A trimmed, resampled sentence with its word times.

    Attributes:
        text: the sentence as captions show it.
        samples: at `RATE`.
        begin: index of the first audible sample.
        end: index after the last audible sample.
        words: seconds after `begin` at which each word of the text begins.
        pause: least seconds of silence after it.
    """

    text: str
    samples: Samples
    begin: int
    end: int
    words: tuple[float, ...]
    pause: float


def record_narration(
    script: Script,
    voice: VoiceEngine,
    out: Path,
    *,
    calls: PaidCalls,
    sound: SoundSettings = _SPEECH_ONLY,
) -> tuple[Narration, tuple[Usage, ...]]:
    """Record a script with a voice as ``narration.m4a``.

    A sentence in which nothing can be spoken, such as an emoji, is left out of the narration.

    Args:
        script: the text.
        voice: engine that speaks it.
        out: existing folder to write to.
        calls: runs the voice's paid calls; its deadline is that of the recording.
        sound: music and lead-in.

    Returns:
        The timing, measured from the audio, and what was used besides paid calls.

    Raises:
        StageTimeout: the deadline has passed.
        PermanentError: the voice cannot speak this script, or left a sentence out.
        TransientError: the voice failed and may succeed later.
    """
    voice.check_language(script.language)
    texts = [
        [text for text in split_sentences(section.narration) if is_speakable(text)]
        for section in script.sections()
    ]
    if not any(texts):
        raise PermanentError(
            f"nothing in the script {script.title!r} can be spoken by the {voice.name} voice"
        )
    pace = pace_for(script.grade_level)
    speech = voice.at_pace(pace.words_per_minute).speak(
        texts, language=script.language, calls=calls
    )
    cpu = time.thread_time()  # the voice reports its own
    sections = [
        [
            _prepared(text, recording, voice, text in script.explanations)
            for text, recording in zip(section, spoken, strict=True)
        ]
        for section, spoken in zip(texts, speech.sections, strict=True)
    ]
    pauses = [section.pause for section in script.sections()]
    samples, spans, sentences = _assemble(
        sections, pauses, _LEAD_IN + sound.intro, pace.caption_speed
    )
    if sound.music is not None:
        mix_music(samples, sentences, choose(sound.music, script.title))
    loudness = master(samples)
    if calls.left <= 0:
        raise StageTimeout(f"the narration took longer than {calls.timeout:g} s")
    write_m4a(out / FILE_NAME, samples, title=script.title, language=script.language)
    narration = Narration(
        duration=len(samples) / RATE,
        sections=spans,
        sentences=sentences,
        voice=voice.voice,
        language=script.language,
        loudness=round(loudness, 2),
    )
    used = Usage("cpu-seconds", time.thread_time() - cpu)
    return narration, total([*speech.usage, used])


def _prepared(text: str, recording: Recording, voice: VoiceEngine, explains: bool) -> _Spoken:
    """Trim and resample the recording of a sentence, and compute its word times."""
    rate = voice.sample_rate
    clip = trim(recording.samples, rate)
    if clip is None:
        raise PermanentError(
            f"the {voice.name} voice returned no sound for a sentence of {len(text)} characters"
        )
    shown, audible = shown_text(text), clip.samples[clip.begin : clip.end]
    if recording.words:
        cut = (clip.first + clip.begin) / rate
        spoken = [word._replace(start=max(0.0, word.start - cut)) for word in recording.words]
        words = words_from_spoken(shown, spoken, len(audible) / rate)
    else:
        words = words_from_pauses(shown, audible, rate)
    complete = shown.rstrip("\"'”’»)]").endswith(_SENTENCE_ENDS)
    return _Spoken(
        shown,
        resample(clip.samples, rate),
        round(clip.begin * RATE / rate),
        round(clip.end * RATE / rate),
        tuple(round(start, 3) for start in words),
        _PAUSE_AFTER_TERM if explains else _PAUSE if complete else _PAUSE_IN_SENTENCE,
    )


def _assemble(
    sections: list[list[_Spoken]], pauses: list[float], lead_in: float, caption_speed: float
) -> tuple[Samples, tuple[tuple[float, float], ...], tuple[Sentence, ...]]:
    """Join sentences with pauses into one recording, and compute all times.

    Args:
        sections: spoken sentences of each section.
        pauses: seconds of additional silence after each section.
        lead_in: seconds before the first word.
        caption_speed: most characters of a caption per second.

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
            sentences.append(Sentence(spoken.text, start / RATE, end / RATE, number, spoken.words))
            seconds = (end - start) / RATE
            unread = min(_LONGEST_PAUSE, len(spoken.text) / caption_speed - seconds)
            cursor = end + _samples(max(spoken.pause, unread))
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
