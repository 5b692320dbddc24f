"""Format the untrusted bytes of a message for display."""

from __future__ import annotations

import json
from dataclasses import dataclass

HEX_BYTES = 512
"""Bytes shown of a payload that is not text."""


@dataclass(frozen=True)
class Payload:
    """The payload of a message, formatted for display.

    Attributes:
        kind: ``JSON``, ``text`` or ``bytes``.
        text: indented JSON, unchanged text or a hex dump.
    """

    kind: str
    text: str


def readable(data: bytes, whole: bool = True) -> Payload:
    """Format a payload as indented JSON, text or hexadecimal digits.

    Args:
        whole: False if it was truncated, possibly within a character.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if whole or error.start < len(data) - 4:
            return Payload("bytes", _hex(data[:HEX_BYTES]))
        text = data[: error.start].decode("utf-8")
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return Payload("text", text)
    return Payload("JSON", indented)


def _hex(data: bytes) -> str:
    rows = (data[start : start + 16] for start in range(0, len(data), 16))
    return "\n".join(
        f"{row.hex(' '):<47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}"
        for row in rows
    )
