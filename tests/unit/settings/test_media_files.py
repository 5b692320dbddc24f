"""A logo or music that cannot be used is one error before any message."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from pipeline.settings.media_files import check_media_files
from pipeline.usage_error import UsageError


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", data)


TEXT_BOMB = b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 9)

LOGOS = {
    "too many pixels": png(5000, 5000),
    "decompression bomb": png(100_000, 100_000),
    "text bomb": png(9, 9, chunk(b"zTXt", TEXT_BOMB), data=zlib.compress(b"\0" * 999)),
    "damaged data": png(9, 9, data=b"\0" * 20),
    "damaged chunk": png(9, 9, b"\0\0\xff\xffIDAT"),
    "no picture": b"no picture",
    "empty": b"",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
    "PDF": b"%PDF-1.4\n",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


def options(**chosen: str) -> SimpleNamespace:
    return SimpleNamespace(**{"video_logo": None, "music": None, "sources": None, **chosen})


@pytest.mark.parametrize("name", LOGOS)
def test_unusable_logo_is_one_error(name: str, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(LOGOS[name])
    with pytest.raises(UsageError, match=r"--video-logo: .*logo\.png"):
        check_media_files(options(video_logo=str(logo)))


def test_playlist_as_music_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "music.wav").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with pytest.raises(UsageError, match=r"--music: music\.wav cannot be decoded"):
        check_media_files(options(music=str(tmp_path)))


def test_unusable_sources_are_one_error(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes("Überall".encode("latin-1"))
    with pytest.raises(UsageError, match=r"--sources: .*page\.md: is not UTF-8"):
        check_media_files(options(sources=str(tmp_path)))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_usual_pictures_are_accepted(form: str, tmp_path: Path) -> None:
    logo = tmp_path / "logo"
    Image.new("RGB", (40, 20), "red").save(logo, form)
    check_media_files(options(video_logo=str(logo)))
    check_media_files(options())
