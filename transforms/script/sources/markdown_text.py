"""Converter of Markdown to plain text, by section."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from transforms.text.hidden import without_hidden


@dataclass
class Section:
    """A heading and the paragraphs below it; the first section of a file may have no heading.

    Attributes:
        level: 1-6; 0 without a heading.
    """

    heading: str = ""
    level: int = 0
    paragraphs: list[str] = field(default_factory=list)


def read_sections(text: str) -> list[Section]:
    """Split a Markdown document into sections of plain text.

    Paragraphs, items of lists and rows of tables are paragraphs. HTML, comments, code blocks,
    pictures and the addresses of links are left out, as are hidden and control characters.
    """
    sections = [Section()]
    row: list[str] = []
    tokens = _parser().parse(_without_front_matter(text))
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            sections[-1].paragraphs.append(" | ".join(row))
        if token.type != "inline":
            continue
        plain = _plain(_text(token.children or ()))
        before = tokens[at - 1]
        if before.type == "heading_open":
            sections.append(Section(plain, int(before.tag[1:])))
        elif before.type in ("th_open", "td_open"):
            row.append(plain)
        elif plain:
            sections[-1].paragraphs.append(plain)
    return sections


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _text(tokens: Sequence[Token]) -> str:
    """Strip the markup of a line; leave pictures out."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFC", without_hidden(text))
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co") else c for c in text)
    return " ".join("".join(kept).split())


def _without_front_matter(text: str) -> str:
    """Remove the front matter, a block of metadata at the start, from a document."""
    if not text.startswith(("---\n", "---\r\n")):
        return text
    _, _, rest = text.partition("\n")
    end = rest.find("\n---")
    return rest[end + 4 :].partition("\n")[2] if end >= 0 else text
