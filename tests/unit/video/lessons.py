"""Lessons and narrations for video tests; a tone replaces the voice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from transforms.model import Narration, QuizQuestion, Scene, Script, Sentence, Visual

RATE = 24_000
CHARACTERS_PER_SECOND = 15.0
PAUSE, TAIL = 0.3, 1.6

LESSON = Script(
    title="Newton’s second law",
    hook="A full trolley is harder to push. Why?",
    scenes=(
        Scene(
            "Force makes mass accelerate",
            "A net force makes an object accelerate. Double the force and the acceleration "
            "doubles. "
            "Double the mass, and the acceleration halves.",
            ("Double the force: double the acceleration", "Double the mass: half of it"),
        ),
        Scene(
            "The law in one line",
            "Net force equals mass times acceleration, and that one line is enough to tell how "
            "fast anything from a tennis ball to a rocket will speed up once it is pushed.",
            ("Force in newtons, mass in kilograms",),
            Visual("formula", r"F = m \times a"),
        ),
    ),
    key_takeaways=("Force equals mass times acceleration.", "More mass, less acceleration."),
    quiz=(),
    topic="newtons-second-law",
    subject="physics",
    grade_level=8,
    sources=("A school book & its <index>",),
)
"""A lesson of about half a minute; its formula slide is unchanged for more than four seconds."""

ASKING = replace(
    LESSON,
    quiz=(
        QuizQuestion(
            "What happens to the acceleration when the force doubles?",
            ("It halves", "It doubles", "It stays", "It is gone."),
            1,
            "Acceleration is force divided by mass.",
        ),
    ),
    asked=0,
)
"""The same lesson with a question at its end."""

VISUALS = (
    Visual("steps", "", ("Measure the force", "Measure the mass", "Divide", "Check the unit")),
    Visual("process", "How it goes", ("Evaporation", "Condensation", "Rain")),
    Visual("timeline", "", ("1687: Principia", "1905: Relativity", "no date at all")),
    Visual("comparison", "", ("Before | After", "At rest | Moving", "lonely cell")),
    Visual("cycle", "Water", ("Evaporation", "Condensation", "Rain", "Rivers", "The sea")),
    Visual("cycle", "", ("There", "And back")),
    Visual("number-line", "Degrees", ("cold: -18", "ice: 0", "room: 21", "body: 37", "hot: x")),
    Visual("plot", "", ("Day 5: 0.16", "Day 10: 5", "Day 15: 164", "Day 20: 5243")),
    Visual("worked", r"a = \frac{F}{m}", ("F = 40 N", "40 N ÷ 20 kg", "a = 2 m/s²")),
    Visual("worked", "a = b + " * 30, ("One", "Two", "Three", "Four", "Five", "Six")),
    Visual("definition", "A force is a push or a pull.", ("Force",)),
    Visual("plot", "Trolleys", ("light: 4.5 m/s²", "heavy: 1 m/s²", "back: -2", "odd: none")),
    Visual("quote", "I feign no hypotheses.", ("Isaac Newton",)),
    Visual("formula", r"\frac{F}{m} = a", ("F: force", "m: mass")),
    Visual("formula", r"\undefined{macro} & <b>", ()),
    Visual("bullets"),
)
"""Visuals of every kind, including malformed items."""

WORDS = {
    "en-US": "Newton’s second law says that force is mass times acceleration.",
    "ar": "قانون نيوتن الثاني (F = ma) يقول إن 12 N تسرّع 3 kg.",
    "he": "החוק השני של ניוטון: שָׁלוֹם, F = ma (1687).",
    "hi": "न्यूटन का दूसरा नियम: क्षत्रिय बल = द्रव्यमान × त्वरण।",
    "th": "กฎข้อที่สองของนิวตันกล่าวว่าความเร่งแปรผันตรงกับแรงลัพธ์",
    "zh-CN": "牛顿第二定律（F=ma）：物体加速度的大小跟作用力成正比。",
    "ja": "ニュートンの第二法則、「力」は質量と加速度の積です。",
    "ko": "뉴턴의 제2법칙: 힘은 질량과 가속도의 곱이다.",
    "ru": "Второй закон Ньютона: сила равна массе, умноженной на ускорение.",
    "el": "Ο δεύτερος νόμος του Νεύτωνα: F = m·α.",
    "vi": "Định luật thứ hai của Newton về chuyển động.",
    "ta": "நியூட்டனின் இரண்டாம் விதி.",
    "am": "የኒውተን ሁለተኛ ሕግ።",
}
"""A sentence in every supported script, by language."""

HOSTILE = {
    "endless word": "x" * 2000,
    "endless sentence": "word " * 400,
    "emoji": "Party 🎉 time 👩‍🔬🇩🇪👍🏽 now",
    "control characters": "a\x00b\x1b[31mc\r\nd\u202ee\u2066f\ufeff",
    "marks": "Z\u0337\u0328\u031b\u0321\u0316\u0324\u0351\u0344\u0304\u033f" * 40,
    "only marks": "\u0301" * 300,
    "unassigned": "a\ue000\U000e0041\u0378b",
    "markup": "<b>&amp;</b> --> {curly} $x$ \\frac",
    "blank": " \t\n",
}
"""Texts that break naive typesetting, by description."""


def narrate(script: Script, path: Path, *, tail: float = TAIL) -> Narration:
    """Write a tone for each sentence of a script; return the timings."""
    narration = timed(script, tail=tail)
    write_tone(path, narration.duration, narration.sentences)
    return narration


def timed(script: Script, *, tail: float = TAIL) -> Narration:
    """Return the timings that a narration of a script would have."""
    sections: list[tuple[float, float]] = []
    sentences: list[Sentence] = []
    time = 0.2
    for index, section in enumerate(script.sections()):
        start = sections[-1][1] if sections else 0.0
        for text in re.split(r"(?<=[.!?。])\s*", section.narration):
            if text.strip():
                length = max(0.6, len(text) / CHARACTERS_PER_SECOND)
                sentences.append(Sentence(text.strip(), time, time + length, index))
                time += length + PAUSE
        time += PAUSE + section.pause
        sections.append((start, time))
    sections[-1] = (sections[-1][0], time + tail)
    return Narration(
        time + tail, tuple(sections), tuple(sentences), "a tone", script.language, -16.0
    )


def write_tone(path: Path, seconds: float, sentences: Sequence[Sentence] = ()) -> None:
    """Write AAC in MP4 with a tone during each sentence."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for sentence in sentences:
        where = slice(round(sentence.start * RATE), round(sentence.end * RATE))
        steps = np.arange(len(samples[where]))
        samples[where] = 0.2 * np.sin(steps * 2 * np.pi * 220 / RATE)
    with av.open(str(path), "w", format="mp4") as target:
        stream = target.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        resampler = av.AudioResampler("fltp", "mono", RATE, frame_size=1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            target.mux(stream.encode(part))
        target.mux(stream.encode(None))


def lesson_of(words: str, language: str = "en-US", visual: Visual | None = None) -> Script:
    """Return a short lesson with the same words in every place."""
    scene = Scene(words, "One. Two.", (words, words), visual or Visual("steps", words, (words,)))
    return replace(
        LESSON,
        title=words,
        hook="One.",
        scenes=(scene,),
        key_takeaways=(words,),
        language=language,
        sources=(words,),
    )
