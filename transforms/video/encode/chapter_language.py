"""Language of the chapter track, for which FFmpeg's muxer has no option."""

from __future__ import annotations

import struct
from mmap import mmap
from pathlib import Path

from transforms.video.encode.mp4_boxes import Buffer, descend

_CHAPTER_HANDLER = b"text"
_HANDLER_OFFSET = 8
_LANGUAGE_OFFSET = {0: 20, 1: 32}
"""Offset of the language in a media header, by version of the box (ISO/IEC 14496-12, 8.4.2)."""


def set_chapter_language(path: Path, code: str) -> None:
    """Write a language into the chapter track of an MP4 file, in place.

    Args:
        path: MP4 file; unchanged if it has no chapters.
        code: three lower-case letters of ISO 639-2.
    """
    with path.open("r+b") as file, mmap(file.fileno(), 0) as data:
        for start, end in descend(data, "moov/trak/mdia"):
            if _handler(data, start, end) == _CHAPTER_HANDLER:
                ((header, _),) = descend(data, "mdhd", start, end)
                struct.pack_into(">H", data, header + _LANGUAGE_OFFSET[data[header]], _packed(code))


def _handler(data: Buffer, start: int, end: int) -> bytes:
    ((at, _),) = descend(data, "hdlr", start, end)
    return data[at + _HANDLER_OFFSET : at + _HANDLER_OFFSET + 4]


def _packed(code: str) -> int:
    """Return a language code as three numbers of five bits."""
    first, second, third = (ord(letter) - 0x60 for letter in code)
    return first << 10 | second << 5 | third
