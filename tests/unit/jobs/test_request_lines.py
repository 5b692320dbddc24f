"""Reading files of requests: encodings, compression, FIFOs."""

from __future__ import annotations

import gzip
import os
import threading

import pytest

from pipeline.jobs.request_lines import STDIN, check_readable, read_lines
from pipeline.usage_error import UsageError

TEXT = '{"a": "é"}\n\n{"b": 2}\r\n'
LINES = [(1, '{"a": "é"}'.encode()), (3, b'{"b": 2}')]


def packed(data: bytes) -> bytes:
    """Compress data; its time is fixed, since it is part of the tests' names."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        packed(TEXT.encode()),
        packed(TEXT.encode("utf-8-sig")),
        packed(TEXT[:3].encode()) + packed(TEXT[3:].encode()),
    ],
    ids=["plain", "byte order mark", "gzip", "gzip and mark", "gzip members"],
)
def test_equal_texts_are_the_same_lines(tmp_path, data):
    file = tmp_path / "requests"
    file.write_bytes(data)
    check_readable(file)
    assert list(read_lines(file)) == LINES


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", packed(b"")])
def test_empty_file_has_no_lines(tmp_path, data):
    file = tmp_path / "requests"
    file.write_bytes(data)
    assert list(read_lines(file)) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TEXT.encode("utf-16"), "not UTF-8"),
        (TEXT.encode("utf-16-le"), "not UTF-8"),
        (TEXT.encode("utf-16-be"), "not UTF-8"),
        (TEXT.encode("utf-32"), "not UTF-8"),
        (packed(TEXT.encode("utf-16")), "not UTF-8"),
        (b"PK\x03\x04rest", "a ZIP archive; decompress"),
        ('{"a": "é"}\n'.encode("latin-1"), "not UTF-8 text"),
        ("请解释\n".encode("utf-16-le"), "not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8 text"),
        (b"requests.jsonl" + bytes(498) + b"{}\n", "a binary file"),  # a tar archive
        (b"[\n  {},\n  {}\n]\n", "one JSON array"),
        (packed(TEXT.encode())[:-9], "gzipped file is damaged"),
        (packed(TEXT.encode())[:-8] + b"12345678", "gzipped file is damaged"),
    ],
)
def test_other_files_are_refused_as_a_whole(tmp_path, data, reason):
    file = tmp_path / "requests"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=f"requests: .*{reason}"):
        list(read_lines(file))


def test_later_line_may_be_no_text(tmp_path):
    file = tmp_path / "requests"
    file.write_bytes(b"{}\n\xff\0\n[\n")
    assert list(read_lines(file)) == [(1, b"{}"), (2, b"\xff\0"), (3, b"[")]


def test_fifo_is_read_as_its_lines_arrive(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    check_readable(fifo)  # does not wait for a writer
    first_read = threading.Event()

    def write():
        with fifo.open("wb", buffering=0) as pipe:
            pipe.write(b'{"a": 1}\n')
            assert first_read.wait(20)
            pipe.write(b'{"b": 2}')

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    lines = read_lines(fifo)
    assert next(lines) == (1, b'{"a": 1}')
    first_read.set()
    assert list(lines) == [(2, b'{"b": 2}')]
    writer.join()


@pytest.mark.parametrize("name", ["missing", "."])
def test_unreadable_file_is_reported_at_once(tmp_path, name):
    with pytest.raises(OSError, match=r"No such file|Is a directory"):
        check_readable(tmp_path / name)


def test_standard_input_needs_no_file(monkeypatch):
    check_readable(STDIN)
    monkeypatch.setattr("sys.stdin", None)  # as Python sets it if file descriptor 0 is closed
    with pytest.raises(UsageError, match="standard input is closed"):
        check_readable(STDIN)
