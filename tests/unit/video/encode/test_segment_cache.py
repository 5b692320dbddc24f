"""Tests of `segment_cache`: bounded size, integrity, and failures that only cost time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transforms.video.encode.encoder import AccessUnit, Segment
from transforms.video.encode.segment_cache import SegmentCache

SEGMENT = Segment(
    (
        AccessUnit(0, b"\0\0\1key", True),
        AccessUnit(7, b"", False),
        AccessUnit(9, b"x" * 500, False),
    ),
    30,
    b"header",
)


def test_get_returns_the_stored_segment(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path / "new" / "folder", 10_000)
    assert cache.get("key") is None
    cache.put("key", SEGMENT)
    assert cache.get("key") == SEGMENT
    assert SegmentCache(tmp_path / "new" / "folder", 10_000).get("key") == SEGMENT
    assert cache.get("other") is None


def test_least_recently_used_segments_are_evicted(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path, 2500)
    for number, key in enumerate("abc"):
        cache.put(key, SEGMENT)
        os.utime(tmp_path / f"{key}.segment", ns=(number, number))
    assert cache.get("a") == SEGMENT
    cache.put("d", SEGMENT)
    kept = [key for key in "abcd" if cache.get(key)]
    assert kept == ["a", "c", "d"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2500


def test_segment_larger_than_the_cache_is_not_stored(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path, 300)
    cache.put("key", SEGMENT)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "other version"])
def test_damaged_segment_is_a_cache_miss(tmp_path: Path, damage: str) -> None:
    cache = SegmentCache(tmp_path, 10_000)
    cache.put("key", SEGMENT)
    path = tmp_path / "key.segment"
    data = path.read_bytes()
    path.write_bytes(
        {
            "cut": data[:-1],
            "empty": b"",
            "changed": data[:-1] + b"y",
            "other version": data.replace(b"segment 1", b"segment 0"),
        }[damage]
    )
    assert cache.get("key") is None
    cache.put("key", SEGMENT)
    assert cache.get("key") == SEGMENT


def test_folder_writable_by_others_is_not_used(tmp_path: Path) -> None:
    cache = SegmentCache(tmp_path, 10_000)
    cache.put("key", SEGMENT)
    tmp_path.chmod(0o777)
    assert cache.get("key") is None
    cache.put("other", SEGMENT)
    assert [path.name for path in tmp_path.iterdir()] == ["key.segment"]


def test_impossible_folder_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = SegmentCache(tmp_path / "file" / "folder", 10_000)
    cache.put("key", SEGMENT)
    assert cache.get("key") is None
