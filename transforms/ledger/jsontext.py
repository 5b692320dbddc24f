"""Encode values as JSON that Postgres can store."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_ESCAPE = re.compile(r"\\(u0000|.)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def json_text(value: Any) -> str:
    r"""Encode a value as JSON, with NUL as the text ``\x00`` and lone surrogates as ``\udc80``.

    Postgres can store neither; in a dead letter the escapes show what was in the message.

    Args:
        value: plain JSON values; every mapping becomes an object.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    if "\\u0000" in text:
        text = _ESCAPE.sub(lambda m: r"\\x00" if m[1] == "u0000" else m[0], text)
    return _SURROGATE.sub(lambda m: rf"\\u{ord(m[0]):04x}", text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
