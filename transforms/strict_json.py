"""Strict JSON of messages: no repeated names, no forbidden characters, limited depth."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import Any, NoReturn

from transforms.errors import InvalidRequest
from transforms.text.hidden import visible

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_NUMBER = sys.float_info.max
"""Largest number of a 64-bit float; readers of JSON differ on larger ones (RFC 8259, section 6)."""
_MAX_INTEGER_CHARACTERS = 310  # those of -MAX_NUMBER; Python refuses to convert very long integers

# Lone surrogates and control characters other than tab and line breaks: Postgres cannot store
# NUL, UTF-8 cannot encode surrogates, and the others act on terminals and players.
FORBIDDEN_PATTERN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
_FORBIDDEN = re.compile(FORBIDDEN_PATTERN)


def load_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a message.

    Raises:
        InvalidRequest: The bytes are too many, not UTF-8 or not one JSON object, or it is nested
            too deep, names a field twice, or holds a number or character that is not accepted.
    """
    if len(data) > MAX_BYTES:
        raise InvalidRequest(
            "message", f"has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest("message", f"is not UTF-8: byte {error.start} is invalid") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            "message", f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        _too_deep("message")
    if not isinstance(value, dict):
        raise InvalidRequest("message", f"is a JSON {kind_name(value)}; it must be an object")
    _check_strings(value, "message", depth=0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = next(name for name, count in counts.items() if count > 1)
        raise InvalidRequest(_shown(repeated), "appears more than once in the same object")
    return fields


def _constant(name: str) -> NoReturn:
    raise InvalidRequest("message", f"holds {name}, which is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if abs(value) > MAX_NUMBER:
        _too_large()
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_CHARACTERS or abs(int(digits)) > MAX_NUMBER:
        _too_large()
    return int(digits)


def _too_large() -> NoReturn:
    raise InvalidRequest("message", "holds a number too large for a 64-bit float")


def _too_deep(path: str) -> NoReturn:
    raise InvalidRequest(_shown(path), f"is nested more than {MAX_DEPTH} levels deep")


def _check_strings(value: object, path: str, depth: int) -> None:
    """Raise for forbidden characters in the strings of a JSON value, field names included."""
    if depth > MAX_DEPTH:
        _too_deep(path)
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_strings(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name, f"a field's name in {path}")
            inside = name or _EMPTY_NAME
            _check_strings(item, f"{path}.{inside}" if depth else inside, depth + 1)


def _check_text(text: str, path: str) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        code = ord(found[0])
        what = "a lone surrogate" if code >= 0xD800 else f"the control character U+{code:04X}"
        raise InvalidRequest(_shown(path), f"holds {what} at position {found.start()}; remove it")


_EMPTY_NAME = '""'
_MAX_SHOWN = 100
"""Maximum length of a field's path in an error, in characters."""


def _shown(path: str) -> str:
    """Return the path of a field as errors name it: printable, not empty, of limited length."""
    shown = (
        "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in visible(path)) or _EMPTY_NAME
    )
    return shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 1] + "…"


def kind_name(value: object) -> str:
    """Return the JSON name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return kinds[type(value)]
