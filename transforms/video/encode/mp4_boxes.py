"""Reader of the boxes of MP4 files (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap

Buffer = bytes | mmap
_HEADER, _LARGE_HEADER = 8, 16


def boxes(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int, int]]:
    """Yield the boxes between two offsets: type, and the offsets at which the content lies.

    Raises:
        ValueError: a box is longer than the bytes that hold it.
    """
    end = len(data) if end is None else end
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + _HEADER
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content = start + _LARGE_HEADER
        stop = start + size if size else end
        if not content <= stop <= end:
            raise ValueError(f"box at byte {start} does not fit into its container")
        yield kind.decode("latin-1"), content, stop
        start = stop


def descend(
    data: Buffer, path: str, start: int = 0, end: int | None = None
) -> list[tuple[int, int]]:
    """Return where the content of each box at a path such as ``"moov/trak/mdia"`` lies."""
    first, _, rest = path.partition("/")
    found = [(at, stop) for kind, at, stop in boxes(data, start, end) if kind == first]
    if not rest:
        return found
    return [inner for at, stop in found for inner in descend(data, rest, at, stop)]
