"""Reader of a file of requests, one per line: plain or gzipped UTF-8, or standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.usage_error import UsageError

STDIN = Path("-")
"""The path that stands for standard input."""

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_HEAD = 4  # bytes that tell the encodings and formats below apart

_COMPRESSED = {
    b"PK\x03\x04": "a ZIP archive", b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2", b"\xfd7zX": "compressed with xz",
}  # fmt: skip


def read_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number and content of each line that is not blank, without its line break.

    A byte order mark of UTF-8 is skipped, and a gzipped file is decompressed.

    Args:
        file: File, FIFO, or `STDIN`.

    Raises:
        OSError: The file cannot be read.
        UsageError: The file as a whole is not UTF-8 text of one request per line, or a gzipped file
            is damaged.
    """
    # Another object than `sys.stdin`: a thread that waits for input must not hold its lock when the
    # interpreter exits.
    with open(sys.stdin.fileno(), "rb", closefd=False) if file == STDIN else file.open("rb") as raw:
        try:
            first = True
            for number, line in enumerate(_decoded(raw, file), 1):
                if line.strip():
                    if first:
                        _check_first(line, file)
                        first = False
                    yield number, line.rstrip(b"\r\n")
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UsageError(f"{_name(file)}: the gzipped file is damaged: {error}") from error


def check_readable(file: Path) -> None:
    """Raise before the job starts if a file cannot be read; a FIFO is not opened.

    Raises:
        OSError: The file does not exist, is a folder, or may not be read.
        UsageError: Standard input is closed.
    """
    if file == STDIN and not sys.stdin:
        raise UsageError("standard input is closed")
    if file != STDIN and not file.is_fifo():
        with file.open("rb"):
            pass


def _decoded(raw: BinaryIO, file: Path) -> BinaryIO:
    head = raw.read(_HEAD)
    wide = b"\0\0" in (head[::2], head[1::2])  # ASCII text in UTF-16 or UTF-32
    if wide or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(
            f"{_name(file)}: is not UTF-8 (it looks like UTF-16 or UTF-32); convert it, for "
            "example with `iconv -f UTF-16 -t UTF-8`"
        )
    for magic, form in _COMPRESSED.items():
        if head.startswith(magic):
            raise UsageError(f"{_name(file)}: is {form}; decompress it first (gzip is read)")
    if head.startswith(_GZIP):
        plain = gzip.GzipFile(fileobj=_rejoined(head, raw))
        return _decoded(plain, file)  # type: ignore[arg-type]  # it is a binary file object
    return _rejoined(head.removeprefix(_BOM), raw)


def _check_first(line: bytes, file: Path) -> None:
    """Raise if the first line shows that the file does not hold requests.

    A later line that is not UTF-8 is one bad message among good ones, and becomes a dead letter.
    """
    if line.strip() == b"[":
        raise UsageError(
            f"{_name(file)}: is one JSON array; write one request per line, for example with "
            "`jq -c '.[]'`"
        )
    try:
        line.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{_name(file)}: is not UTF-8 text; convert or export it first") from None
    if b"\0" in line:
        raise UsageError(f"{_name(file)}: is a binary file, not UTF-8 text")


def _rejoined(head: bytes, rest: BinaryIO) -> BinaryIO:
    return io.BufferedReader(_Rejoined(head, rest))  # type: ignore[type-var]  # it is a raw stream


class _Rejoined(io.RawIOBase):
    """Bytes already read from a stream, followed by the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] or self._rest.read1(len(buffer))  # type: ignore[attr-defined]
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def _name(file: Path) -> str:
    return "standard input" if file == STDIN else str(file)
