"""Cache of rendered segments in a folder of this machine.

A segment is reused if another scene of its lesson changed, a worker died during rendering, or
another request has the same scene. Files are named by the fingerprint of all inputs. If the
folder cannot be used, segments are rendered again.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path

from transforms.video.encode.encoder import AccessUnit, Segment

_MAGIC = b"vividly segment 1\n"
_SUFFIX = ".segment"


def default_folder() -> Path:
    """Return this user's own folder in the temporary directory."""
    return Path(tempfile.gettempdir()) / f"vividly-segments-{os.getuid()}"


class SegmentCache:
    """Least-recently-used cache of segments in a folder.

    Args:
        folder: created if missing. It must belong to this user and be writable by no other:
            its files are trusted.
        max_bytes: maximum size of all segments.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def get(self, key: str) -> Segment | None:
        """Return the segment with a fingerprint; None if it is missing or damaged."""
        path = self._path(key)
        try:
            if not self._is_private():
                return None
            segment = _unpack(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError, struct.error):
            return None
        return segment

    def put(self, key: str, segment: Segment) -> None:
        """Store a segment and evict the least recently used ones."""
        data = _pack(segment)
        if len(data) > self._max_bytes:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_private():
                return
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=_SUFFIX)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(name, self._path(key))
            except OSError:
                with suppress(OSError):
                    os.unlink(name)
                raise
            self._evict()

    def clear(self) -> int:
        """Delete all segments, and what interrupted writers left; return their number."""
        deleted = 0
        with suppress(FileNotFoundError):
            for path in self._folder.glob(f"*{_SUFFIX}") if self._is_private() else ():
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _is_private(self) -> bool:
        found = self._folder.stat()
        return found.st_uid == os.getuid() and not found.st_mode & 0o022

    def _evict(self) -> None:
        """Remove the least recently used segments; other processes may do so concurrently."""
        kept = []
        for path in self._folder.glob(f"*{_SUFFIX}"):
            with suppress(FileNotFoundError):
                found = path.stat()
                kept.append((found.st_mtime_ns, found.st_size, path))
        kept.sort(reverse=True)
        for total, (_, _, path) in zip(accumulate(size for _, size, _ in kept), kept, strict=True):
            if total > self._max_bytes:
                path.unlink(missing_ok=True)


def _pack(segment: Segment) -> bytes:
    index = json.dumps(
        {
            "length": segment.length,
            "header": len(segment.header),
            "units": [[unit.frame, len(unit.data), unit.key] for unit in segment.units],
        }
    ).encode()
    body = b"".join(
        [struct.pack(">I", len(index)), index, segment.header, *(u.data for u in segment.units)]
    )
    return _MAGIC + hashlib.sha256(body).digest() + body


def _unpack(data: bytes) -> Segment:
    """Parse the file of a cached segment.

    Raises:
        ValueError: it is truncated, damaged or of another version.
    """
    start = len(_MAGIC) + hashlib.sha256().digest_size
    digest, body = data[len(_MAGIC) : start], data[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise ValueError("the segment is incomplete or damaged")
    at = 4 + struct.unpack(">I", body[:4])[0]
    index = json.loads(body[4:at])
    sizes = [index["header"], *(size for _, size, _ in index["units"])]
    header, *pieces = (body[a:b] for a, b in pairwise(accumulate(sizes, initial=at)))
    units = tuple(
        AccessUnit(frame, piece, key)
        for (frame, _, key), piece in zip(index["units"], pieces, strict=True)
    )
    return Segment(units, index["length"], header)
