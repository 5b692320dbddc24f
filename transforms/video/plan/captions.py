"""Captions: what is said, cut into pieces that can be read while it is said."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf

from transforms.model import Sentence
from transforms.video.draw.drawable_text import break_points, clean, graphemes
from transforms.video.plan.storyboard import Shot, Storyboard
from transforms.video.plan.timeline import FPS

LINE_WIDTH = 42
"""Characters of a line; wide ones (East Asian Width W and F, UAX #11) count double."""
LINES = 2
READING_SPEED = 20.0
"""Characters a second a reader can follow."""
LEAST_SECONDS = 1.0
"""A cue stays this long where the next one lets it."""
LINGER = 0.6
"""Seconds a cue may stay after its words for the sake of slow readers."""
JOIN = 0.2
"""A gap between cues that is shorter than this only flickers: it is closed."""

_UNEVEN = 1.2
"""Weight of the squared unevenness of pieces against one more piece."""
_STRONG, _MEDIUM = frozenset(".!?;:。！？；：…"), frozenset(",—–)،、，")
_LINKS = frozenset(
    """
    and but or nor so because which who that when where while if as than then although since
    until unless with without from into for of in on at by to
    """.split()  # noqa: SIM905
)

_ARTICLES = frozenset({"a", "an", "the"})
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})
"""Categories of marks that stand on another character, and of joiners."""


@dataclass(frozen=True)
class Cue:
    """A caption of one or two lines.

    Attributes:
        start: seconds.
        end: seconds; it may stay after its words for the sake of slow readers.
        spoken: seconds at which its last word ends.
    """

    start: float
    end: float
    text: str
    spoken: float = 0.0


def cues(sentences: Sequence[Sentence], duration: float) -> tuple[Cue, ...]:
    """Cut a narration into captions.

    The first cue of a sentence starts and the last one ends with its audio, or later where the
    pause allows; inside it time goes by characters.

    Args:
        sentences: in order, with their times.
        duration: seconds of the lesson; no cue goes on after it.
    """
    spoken: list[Cue] = []
    heard: list[float] = []
    following = [*(sentence.start for sentence in sentences[1:]), duration]
    for sentence, limit in zip(sentences, following, strict=False):
        pieces = _cut(clean(sentence.text), LINES)
        total = sum(map(_width, pieces)) or 1
        at, length = sentence.start, max(0.0, sentence.end - sentence.start)
        # A sentence said too fast to read takes some of the pause after it for all its pieces.
        slow = min(max(length, total / READING_SPEED), length + LINGER, limit - at)
        length = max(length, slow)
        for piece in pieces:
            end = at + length * _width(piece) / total
            said = min(end, max(at, sentence.end))
            spoken.append(Cue(at, end, "\n".join(_cut(piece, 1)), said))
            heard.append(sentence.end)
            at = end
    return tuple(_stretched(spoken, heard, duration))


def chapter_cues(board: Storyboard) -> tuple[Cue, ...]:
    """The chapters of a lesson, as a chapters track has them: one cue for each."""
    return tuple(Cue(c.start / FPS, c.end / FPS, c.title) for c in board.chapters)


def burned_in_cues(board: Storyboard, captions: Sequence[Cue]) -> Storyboard:
    """A storyboard whose shots carry the captions in their pictures."""
    changes = [
        change
        for cue, following in zip(captions, [*captions[1:], None], strict=True)
        for change in (
            [(cue.start, cue.text)]
            if following and following.start == cue.end
            else [(cue.start, cue.text), (cue.end, "")]
        )
    ]
    frames = [(round(at * FPS), text) for at, text in changes]

    def within(shot: Shot) -> tuple[tuple[int, str], ...]:
        standing = [text for frame, text in frames if frame <= shot.start][-1:]
        later = [
            (frame - shot.start, text)
            for frame, text in frames
            if shot.start < frame < shot.start + shot.length - shot.still
        ]
        return (*((0, text) for text in standing if text), *later)

    shots = tuple(replace(shot, captions=within(shot)) for shot in board.shots)
    return replace(board, shots=shots)


def webvtt(captions: Sequence[Cue], *, words: bool = False) -> str:
    """Captions as a WebVTT file (W3C, WebVTT: The Web Video Text Tracks Format).

    Args:
        words: say inside each cue when each word is spoken, so that a player can highlight it
            (``::cue(:past)``). That is an estimate: only sentences are measured, inside one a
            word is placed by its share of the characters.
    """
    blocks = [
        f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n"
        f"{_timed_words(cue) if words else _escaped(cue.text)}\n"
        for number, cue in enumerate(captions, 1)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _timed_words(cue: Cue) -> str:
    """The text of a cue with the time of every word but the first."""
    total = sum(map(_width, cue.text.split("\n"))) or 1
    text, done, last = "", 0, round(cue.start * 1000)
    for line in cue.text.split("\n"):
        text += "\n" if text else ""
        for begin, end in pairwise([0, *break_points(line), len(line)]):
            at = cue.start + (cue.spoken - cue.start) * done / total
            if last < round(at * 1000) < round(cue.end * 1000):
                text += f"<{_clock(at)}>"
                last = round(at * 1000)
            text += _escaped(line[begin:end])
            done += _width(line[begin:end])
    return text


def _stretched(spoken: Sequence[Cue], heard: Sequence[float], duration: float) -> list[Cue]:
    """Lengthen cues until they can be read, without overlap.

    Args:
        spoken: cues in order.
        heard: seconds at which the sound of each cue's sentence ends; no cue is lengthened past
            `LINGER` after it.
        duration: seconds of the lesson.
    """
    stretched = []
    for i, (cue, said) in enumerate(zip(spoken, heard, strict=True)):
        limit = spoken[i + 1].start if i + 1 < len(spoken) else duration
        wanted = max(LEAST_SECONDS, _width(cue.text) / READING_SPEED)
        end = min(max(cue.end, min(cue.start + wanted, said + LINGER)), limit)
        if limit - end < JOIN:
            end = limit
        if round(end * 1000) > round(cue.start * 1000):
            stretched.append(replace(cue, end=end))
    return stretched


def _cut(text: str, lines: int) -> list[str]:
    """Cut a text into as few pieces as possible, each of at most so many lines.

    Of all ways to do so the one is taken that cuts at the ends of phrases and makes pieces of about
    the same length.
    """
    if not _width(text):
        return []
    points = _points(text)
    widths = [0]
    for char in text:
        widths.append(widths[-1] + _width(char))

    def width(start: int, end: int) -> int:
        return widths[end] - widths[start] - (text[end - 1] == " ")

    def fits(first: int, last: int) -> bool:
        start, end = points[first], points[last]
        if lines == 1 or width(start, end) <= LINE_WIDTH:
            return width(start, end) <= LINE_WIDTH
        return any(
            width(start, point) <= LINE_WIDTH and width(point, end) <= LINE_WIDTH
            for point in points[first + 1 : last]
        )

    most = LINE_WIDTH * lines
    even = width(0, len(text)) / ceil(width(0, len(text)) / most)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(points)):
        ways = []
        for first in range(last - 1, -1, -1):
            length = width(points[first], points[last])
            if length > most:
                break
            if best[first][0] < inf and fits(first, last):
                uneven = ((length - even) / most) ** 2
                ways.append((best[first][0] + 1 + _UNEVEN * uneven, first))
        cost, first = min(ways, default=(inf, 0))
        best.append((cost + _roughness(text, points[last]), first))
    cuts = [len(points) - 1]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    return [text[points[a] : points[b]].strip() for a, b in pairwise(cuts)]


def _points(text: str) -> list[int]:
    """Where a text may be cut: at its break points, and inside words longer than a line."""
    points = [0]
    for point in [*break_points(text), len(text)]:
        if _width(text[points[-1] : point]) > LINE_WIDTH:
            at = start = points[-1]
            for letter in graphemes(text[start:point]):
                # A cluster can be of any length: conjoining jamo, conjuncts, prepended marks.
                for part in (letter,) if _width(letter) <= LINE_WIDTH else letter:
                    if _width(text[points[-1] : at + len(part)]) > LINE_WIDTH:
                        points.append(at)
                    at += len(part)
        points.append(point)
    return points


def _roughness(text: str, at: int) -> float:
    """How much a cut at an index disturbs reading, 0 (between clauses) to 3 (inside a word)."""
    if at == len(text):
        return 0.0
    before, after = text[:at].rstrip(), text[at:]
    if before[-1:] in _STRONG:
        return 0.0
    if before[-1:] in _MEDIUM:
        return 0.15
    if text[at - 1] != " ":
        return 0.6 if _wide(before[-1]) else 3.0
    dangles = before.rsplit(" ", 1)[-1].casefold() in _LINKS | _ARTICLES
    return (0.35 if after.split(" ", 1)[0].casefold() in _LINKS else 0.7) + 0.4 * dangles


def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _width(text: str) -> int:
    return sum(0 if _zero_width(char) else 2 if _wide(char) else 1 for char in text)


def _zero_width(char: str) -> bool:
    # Not `combining(char)`: most vowel signs of Indic scripts and Thai have combining class 0.
    return unicodedata.category(char) in _ZERO_WIDTH


def _clock(seconds: float) -> str:
    whole, millis = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{millis:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
