"""Caption files: WebVTT for browsers, SubRip (SRT) for players and editors without it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from transforms.text.bidi import mark_direction
from transforms.text.drawable_text import break_points
from transforms.video.plan.captions import Cue, text_width

_SRT_MARKUP = re.compile(r"(?<=<)(?=[A-Za-z/])|(?<=\{)(?=[A-Za-z\\/])")
"""Places in words that players of SRT would take as the start of a tag."""
_WORD_JOINER = "\u2060"


def webvtt(captions: Sequence[Cue], language: str, *, words: bool = False) -> str:
    """Format captions as a WebVTT file (W3C, WebVTT: The Web Video Text Tracks Format).

    Args:
        captions: in order, without overlap.
        language: BCP-47 tag; sets the base direction of the lines.
        words: add the time of each word inside the cues, so that a player can highlight it
            (``::cue(:past)``). The times are estimates: only sentences are measured, and a word
            is placed by its share of the sentence's characters.
    """
    blocks = [
        f"{number}\n{_timestamp(cue.start)} --> {_timestamp(cue.end)}\n"
        f"{_add_word_times(cue, language) if words else _escape(cue.text)}\n"
        for number, cue in enumerate(_directed(captions, language), 1)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def srt(captions: Sequence[Cue], language: str) -> str:
    """Format captions as a SubRip file.

    The format has tags but no escape for them: an invisible word joiner keeps players from taking
    ``<b>`` in a text as one.

    Args:
        captions: in order, without overlap.
        language: BCP-47 tag; sets the base direction of the lines.
    """
    return "\n".join(
        f"{number}\n{_timestamp(cue.start, ',')} --> {_timestamp(cue.end, ',')}\n"
        f"{_SRT_MARKUP.sub(_WORD_JOINER, cue.text)}\n"
        for number, cue in enumerate(_directed(captions, language), 1)
    )


def _directed(captions: Sequence[Cue], language: str) -> list[Cue]:
    return [replace(cue, text=mark_direction(cue.text, language)) for cue in captions]


def _add_word_times(cue: Cue, language: str) -> str:
    """Return the text of a cue with a timestamp before every word but the first."""
    total = sum(map(text_width, cue.text.split("\n"))) or 1
    text, done, last = "", 0, round(cue.start * 1000)
    for line in cue.text.split("\n"):
        text += "\n" if text else ""
        for begin, end in pairwise([0, *break_points(line, language), len(line)]):
            at = cue.start + (cue.spoken - cue.start) * done / total
            if last < round(at * 1000) < round(cue.end * 1000):
                text += f"<{_timestamp(at)}>"
                last = round(at * 1000)
            text += _escape(line[begin:end])
            done += text_width(line[begin:end])
    return text


def _timestamp(seconds: float, mark: str = ".") -> str:
    whole, millis = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{millis:03d}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
