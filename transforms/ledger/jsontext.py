"""Values as JSON that Postgres accepts, whatever text they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_ESCAPE = re.compile(r"\\(u0000|.)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def json_text(value: Any) -> str:
    r"""JSON in which NUL stands as the visible text ``\x00`` and a lone surrogate as ``\udc80``.

    Neither can be stored in Postgres; in a dead letter they are what a reader wants to see.

    Args:
        value: plain JSON values; any mapping counts as an object.

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
