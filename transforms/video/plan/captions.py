"""Captions: cut a narration into timed pieces that are short enough to read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from math import ceil, inf

import regex  # type: ignore[import-untyped]

from transforms.model import Sentence
from transforms.text.drawable_text import break_points, clean, graphemes
from transforms.video.plan.storyboard import Shot, Storyboard
from transforms.video.plan.timeline import FPS

LINE_WIDTH = 42
"""Characters per line; wide ones (East Asian Width W and F, UAX #11) count double."""
MAX_LINES = 2
"""Lines of one cue."""
READING_SPEED = 20.0
"""Default of the most characters per second; lessons have that of their grade."""
MIN_CUE_SECONDS = 1.0
"""Shortest time a cue is shown, unless the next cue starts earlier."""
MAX_LINGER_SECONDS = 0.6
"""Seconds a cue may stay after its words, for slow readers."""
MAX_CUT_ERROR = 0.1
"""Most seconds between the start of a cue and that of its words, inside a sentence."""
MIN_GAP_SECONDS = 0.2
"""A shorter gap between cues only flickers, so it is closed."""

_UNEVENNESS_WEIGHT = 1.2
"""Cost of the squared unevenness of pieces, relative to the cost 1 of one more piece."""
_CLAUSE_MARKS, _PAUSE_MARKS = frozenset(".!?;:。！？；：…"), frozenset(",—–)،、，")
_CONNECTIVES = frozenset(
    """
    and but or nor so because which who that when where while if as than then although since
    until unless with without from into for of in on at by to
    """.split()  # noqa: SIM905
)

_THAI = regex.compile(r"\p{Thai}")
_ARTICLES = frozenset({"a", "an", "the"})
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})
"""Unicode categories of combining marks and joiners."""


@dataclass(frozen=True)
class Cue:
    """A caption of one or two lines.

    Attributes:
        start: seconds.
        end: seconds; may be later than `spoken`, for slow readers.
        text: lines separated by newlines.
        spoken: seconds at which the last word of the cue ends.
    """

    start: float
    end: float
    text: str
    spoken: float = 0.0


def cues(
    sentences: Sequence[Sentence],
    duration: float,
    *,
    language: str = "en-US",
    reading_speed: float = READING_SPEED,
) -> tuple[Cue, ...]:
    """Cut a narration into captions.

    The first cue of a sentence starts with the sentence's audio. The last one ends with it, or
    later where the pause allows. Inside a sentence, a cue starts with its first word, give or take
    `MAX_CUT_ERROR`, which is used to give all cues the same time for a character.

    Args:
        sentences: in order, with their times.
        duration: seconds of the lesson; no cue ends later.
        language: BCP-47 tag; decides where words end.
        reading_speed: most characters per second.
    """
    spoken: list[Cue] = []
    sound_ends: list[float] = []
    following = [*(sentence.start for sentence in sentences[1:]), duration]
    for sentence, limit in zip(sentences, following, strict=False):
        text = clean(sentence.text)
        pieces = _split(text, MAX_LINES, language)
        total = sum(map(text_width, pieces)) or 1
        at, length = sentence.start, max(0.0, sentence.end - sentence.start)
        # A sentence spoken too fast to read is shown into the pause after it.
        readable = min(max(length, total / reading_speed), length + MAX_LINGER_SECONDS, limit - at)
        length = max(length, readable)
        read, index = 0, 0
        for piece, after in zip_longest(pieces, pieces[1:]):
            read += text_width(piece)
            end = sentence.start + length * read / total
            if after and sentence.words:
                index = text.index(after, index + len(piece))
                said = sentence.time_at(index / len(text) * len(sentence.text))
                end = max(at, min(max(end, said - MAX_CUT_ERROR), said + MAX_CUT_ERROR))
            said = min(end, max(at, sentence.end))
            spoken.append(Cue(at, end, "\n".join(_split(piece, 1, language)), said))
            sound_ends.append(sentence.end)
            at = end
    return tuple(_extend(spoken, sound_ends, duration, reading_speed))


def chapter_cues(board: Storyboard) -> tuple[Cue, ...]:
    """Return one cue for each chapter of a lesson, for a chapters track."""
    return tuple(Cue(c.start / FPS, c.end / FPS, c.title) for c in board.chapters)


def burn_in_captions(board: Storyboard, captions: Sequence[Cue]) -> Storyboard:
    """Return a storyboard whose shots carry the captions in their pictures."""
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
        current = [text for frame, text in frames if frame <= shot.start][-1:]
        later = [
            (frame - shot.start, text)
            for frame, text in frames
            if shot.start < frame < shot.start + shot.length - shot.still
        ]
        return (*((0, text) for text in current if text), *later)

    shots = tuple(replace(shot, captions=within(shot)) for shot in board.shots)
    return replace(board, shots=shots)


def _extend(
    spoken: Sequence[Cue], sound_ends: Sequence[float], duration: float, reading_speed: float
) -> list[Cue]:
    """Extend cues until they can be read, without overlap.

    Args:
        spoken: cues in order.
        sound_ends: seconds at which the sound of each cue's sentence ends; no cue is extended past
            `MAX_LINGER_SECONDS` after it.
        duration: seconds of the lesson.
        reading_speed: most characters per second.
    """
    extended = []
    for i, (cue, sound_end) in enumerate(zip(spoken, sound_ends, strict=True)):
        limit = spoken[i + 1].start if i + 1 < len(spoken) else duration
        wanted = max(MIN_CUE_SECONDS, text_width(cue.text) / reading_speed)
        end = min(max(cue.end, min(cue.start + wanted, sound_end + MAX_LINGER_SECONDS)), limit)
        if limit - end < MIN_GAP_SECONDS:
            end = limit
        if round(end * 1000) > round(cue.start * 1000):
            extended.append(replace(cue, end=end))
    return extended


def _split(text: str, lines: int, language: str) -> list[str]:
    """Split a text into as few pieces as possible, each of at most `lines` lines.

    Of all such splits, choose the one with the lowest cost: it cuts at the ends of phrases and
    makes pieces of similar length.
    """
    if not text_width(text):
        return []
    points = _cut_points(text, language)
    widths = [0]
    for char in text:
        widths.append(widths[-1] + text_width(char))

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
                ways.append((best[first][0] + 1 + _UNEVENNESS_WEIGHT * uneven, first))
        cost, first = min(ways, default=(inf, 0))
        best.append((cost + _cut_penalty(text, points[last]), first))
    cuts = [len(points) - 1]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    return [text[points[a] : points[b]].strip() for a, b in pairwise(cuts)]


def _cut_points(text: str, language: str) -> list[int]:
    """Return the indices at which a text may be cut, including inside words longer than a line."""
    points = [0]
    for point in [*break_points(text, language), len(text)]:
        if text_width(text[points[-1] : point]) > LINE_WIDTH:
            at = start = points[-1]
            for letter in graphemes(text[start:point]):
                # A cluster can be of any length: conjoining jamo, conjuncts, prepended marks.
                for part in (letter,) if text_width(letter) <= LINE_WIDTH else letter:
                    if text_width(text[points[-1] : at + len(part)]) > LINE_WIDTH:
                        points.append(at)
                    at += len(part)
        points.append(point)
    return points


def _cut_penalty(text: str, at: int) -> float:
    """Return the cost of a cut at an index, from 0 (between clauses) to 3 (inside a word)."""
    if at == len(text):
        return 0.0
    before, after = text[:at].rstrip(), text[at:]
    if before[-1:] in _CLAUSE_MARKS:
        return 0.0
    if before[-1:] in _PAUSE_MARKS:
        return 0.15
    if text[at - 1] != " ":
        unspaced = _is_wide(before[-1]) or _THAI.match(before[-1])
        return 0.6 if unspaced else 3.0
    dangles = before.rsplit(" ", 1)[-1].casefold() in _CONNECTIVES | _ARTICLES
    return (0.35 if after.split(" ", 1)[0].casefold() in _CONNECTIVES else 0.7) + 0.4 * dangles


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def text_width(text: str) -> int:
    """Return the width of a text in columns; East Asian wide characters take two."""
    return sum(0 if _is_zero_width(char) else 2 if _is_wide(char) else 1 for char in text)


def _is_zero_width(char: str) -> bool:
    # Not `combining(char)`: most vowel signs of Indic scripts and Thai have combining class 0.
    return unicodedata.category(char) in _ZERO_WIDTH
