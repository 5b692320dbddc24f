"""Reader of an operator's folder of Markdown files into passages.

Links that leave the folder, files that are no text and folders that are too large are errors.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from transforms.script.sources.markdown_text import Section, read_sections
from transforms.script.sources.passage import Passage
from transforms.text.sentences import split_sentences

SUFFIXES = (".md", ".markdown")
MOST_FILES = 2_000
MOST_ENTRIES = 50_000
FILE_BYTES = 1_000_000
TOTAL_BYTES = 5_000_000
PASSAGE = 900
"""Characters of a passage, at most; a longer paragraph is split between sentences."""

TITLE = 120
"""Characters of a title and of a heading in the name of a source."""


class SourcesError(ValueError):
    """A folder of sources cannot be used; the message names the file and the remedy."""


def read_folder(folder: Path) -> list[tuple[Passage, str]]:
    """Read the passages of a folder, each with the text to search it by.

    Files are read in the order of their names; hidden files and folders are left out.

    Raises:
        SourcesError: A file or the folder cannot be used.
    """
    found: list[tuple[Passage, str]] = []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        found += _passages(_read(file), name)
    if not found:
        raise SourcesError(
            f"{folder}: holds no text in files named *.md: put Markdown files there, or leave "
            "--sources out"
        )
    return found


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SourcesError(f"{folder}: is no folder: give a folder of Markdown files")
    files: list[Path] = []
    entries = size = 0
    for parent, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        entries += len(folders) + len(names)
        if entries > MOST_ENTRIES:
            raise SourcesError(
                f"{folder}: holds more than {MOST_ENTRIES:,} files and folders: give a folder that "
                "has the Markdown files only"
            )
        for name in names:
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                files.append(Path(parent, name))
                size += _size(files[-1], folder)
        if len(files) > MOST_FILES or size > TOTAL_BYTES:
            raise SourcesError(
                f"{folder}: holds more than {MOST_FILES:,} Markdown files or "
                f"{TOTAL_BYTES // 1_000_000} MB of them: give a smaller folder"
            )
    return sorted(files)


def _size(file: Path, folder: Path) -> int:
    """Return the size of a file in bytes; raise if it must not be read.

    A link may lead to a file in the same folder, as in volumes of Kubernetes.
    """
    try:
        target = Path(os.path.realpath(file, strict=True))
        if not target.is_relative_to(folder.resolve()):
            raise SourcesError(f"{file}: is a link that leaves the folder: copy the file there")
        about = target.stat()
    except OSError as error:
        raise SourcesError(f"{file}: {error.strerror}: mend or remove it") from error
    if not stat.S_ISREG(about.st_mode):
        raise SourcesError(f"{file}: is no regular file: remove it")
    if about.st_size > FILE_BYTES:
        raise SourcesError(
            f"{file}: has {about.st_size:,} bytes, more than {FILE_BYTES:,}: split it"
        )
    return about.st_size


def _read(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourcesError(f"{file}: {error.strerror}: let the job's user read it") from error
    if len(data) > FILE_BYTES:
        raise SourcesError(f"{file}: grew while it was read: give files that do not change")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourcesError(
            f"{file}: is not UTF-8 (byte 0x{data[error.start]:02x} at {error.start:,}): save it "
            "with that encoding, for example with iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    if "\0" in text:
        raise SourcesError(f"{file}: holds NUL bytes, so it is no text: remove it, or save it anew")
    return text


def _unreadable(error: OSError) -> None:
    raise SourcesError(f"{error.filename}: {error.strerror}: let the job's user read it") from error


def _passages(text: str, name: str) -> Iterator[tuple[Passage, str]]:
    sections = read_sections(text)
    title = next((each.heading for each in sections if each.level == 1), "") or Path(name).stem
    title = title[:TITLE]
    for section in sections:
        heading = section.heading[:TITLE]
        parts = [title, *([heading] if heading and heading != title else [])]
        source = f"{', '.join(parts)} ({name})"
        for chunk in _chunks(section):
            yield Passage(chunk, source), f"{title} {heading} {chunk}"


def _chunks(section: Section) -> Iterator[str]:
    """Join or split the paragraphs of a section into passages of a useful length."""
    chunk = ""
    for paragraph in section.paragraphs:
        for sentence in [paragraph] if len(paragraph) <= PASSAGE else split_sentences(paragraph):
            if chunk and len(chunk) + 1 + len(sentence) > PASSAGE:
                yield chunk
                chunk = ""
            chunk = f"{chunk} {sentence}".strip()
    if chunk:
        yield chunk
