"""Requests to Google Text-to-Speech: several sentences in one, with pauses between them.

Chirp 3 HD takes pauses as tags in its ``markup`` input, in most locales; the other families take
SSML. Either counts as characters that are billed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

from transforms.narration.engines.google.google_voices import parse_name
from transforms.narration.speech_length import is_speakable
from transforms.text.sentences import split_sentences

LONGEST_REQUEST: Final = 5_000
"""UTF-8 bytes of text in one request, markup included (cloud.google.com/text-to-speech/quotas)."""

FULL_REQUEST: Final = 1_000
"""Characters at which a request takes no further section: a fault repeats a minute of speech."""

Kind = Literal["text", "markup", "ssml"]

# "Chirp 3: HD voice controls", language availability (cloud.google.com/text-to-speech/docs/
# chirp3-hd): locales in which pause tags are not available.
_NO_PAUSES: Final = frozenset(
    {"bg-BG", "cs-CZ", "el-GR", "et-EE", "he-IL", "hr-HR", "hu-HU", "lt-LT", "lv-LV", "ro-RO"}
    | {"sk-SK", "sl-SI", "sr-RS"}
)
_PAUSE: Final = " [pause long] "
_BREAK: Final = '<break time="1s"/>'
_SPEAK: Final = "<speak>", "</speak>"
_NO_TAGS: Final = str.maketrans("[]", "()")


@dataclass(frozen=True)
class SpeechInput:
    """The input of one request: the API's field and its content."""

    kind: Kind
    content: str


@dataclass(frozen=True)
class Piece:
    """A sentence, or a part of one that is too long for a request.

    Attributes:
        section: index of its section.
        sentence: index of its sentence in the section.
        text: plain text in which something can be spoken.
    """

    section: int
    sentence: int
    text: str


def input_kind(voice: str) -> Kind:
    """Return the input field that takes a voice's pauses; ``"text"`` if it has no pause tags."""
    locale, family, _ = parse_name(voice)
    if family != "Chirp3-HD":
        return "ssml"
    return "text" if locale in _NO_PAUSES else "markup"


def speech_input(texts: Sequence[str], kind: Kind) -> SpeechInput:
    """Build the input of a request that speaks several texts with pauses between them.

    The texts never act as markup: SSML is escaped, and brackets become parentheses.
    """
    if len(texts) == 1:
        return SpeechInput("text", texts[0])
    if kind == "ssml":
        return SpeechInput(kind, _BREAK.join(map(escape, texts)).join(_SPEAK))
    if kind == "markup":
        return SpeechInput(kind, _PAUSE.join(text.translate(_NO_TAGS) for text in texts))
    return SpeechInput(kind, "\n".join(texts))


def pack(sections: Sequence[Sequence[str]], kind: Kind) -> Iterator[tuple[Piece, ...]]:
    """Pack the sentences of a script into requests, in order.

    A request holds whole sections while they fit into `FULL_REQUEST`; a longer section is divided
    only at `LONGEST_REQUEST`.
    """
    packed: list[Piece] = []
    for number, section in enumerate(sections):
        pieces = list(_pieces(number, section))
        if packed and not _fits([*packed, *pieces], kind, full=FULL_REQUEST):
            yield tuple(packed)
            packed = []
        for piece in pieces:
            if packed and not _fits([*packed, piece], kind):
                yield tuple(packed)
                packed = []
            packed.append(piece)
    if packed:
        yield tuple(packed)


def _fits(pieces: Sequence[Piece], kind: Kind, full: int = LONGEST_REQUEST) -> bool:
    content = speech_input([piece.text for piece in pieces], kind).content
    return len(content) <= full and len(content.encode()) <= LONGEST_REQUEST


def _pieces(number: int, section: Sequence[str]) -> Iterator[Piece]:
    for index, sentence in enumerate(section):
        for text in _requests(_plain(sentence)):
            if is_speakable(text):
                yield Piece(number, index, text)


def _plain(sentence: str) -> str:
    """Remove control characters and surplus white space from a sentence."""
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in sentence)
    return " ".join(text.split())


def _requests(text: str) -> Iterator[str]:
    """Split a text that is too long for a request, never inside a character."""
    if len(text.encode()) <= LONGEST_REQUEST:
        yield text
        return
    # At most four bytes a character.
    pending = ""
    for piece in split_sentences(text, LONGEST_REQUEST // 4):
        joined = f"{pending} {piece}" if pending else piece
        if len(joined.encode()) > LONGEST_REQUEST:
            yield pending
            joined = piece
        pending = joined
    yield pending
