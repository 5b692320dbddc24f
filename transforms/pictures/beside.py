"""A picture with other inputs, for the verb ``beside``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from transforms.pictures.quantities import Quantity

_CHANGE = re.compile(r"(?:([a-z][a-z0-9_-]*)\.)?([a-z0-9_.]+)=(.+)")
_PROBLEM = "beside names inputs that the picture has, as in cart.mass=40"


def with_changes(data: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return the inputs of a picture with other values.

    Args:
        data: inputs, which are copied.
        changes: each ``id.input=value``, ``table.input=value`` for a table without an id, or
            ``input=value`` for an input of the picture itself.

    Raises:
        ValueError: a change names no input that is set, or its value is of another type.
    """
    copy = _copied(data)
    if not changes:
        raise ValueError(_PROBLEM)
    for change in changes:
        match = _CHANGE.fullmatch(change)
        if not match:
            raise ValueError(_PROBLEM)
        owner = (_with_id(copy, match[1]) or copy.get(match[1])) if match[1] else copy
        if owner is None or match[2] == "template":
            raise ValueError(_PROBLEM)
        *way, last = match[2].split(".")
        for step in way:
            owner = _step(owner, step)
        old = _step(owner, last)
        if isinstance(owner, list):
            owner[int(last)] = _value(match[3], old)
        else:
            owner[last] = _value(match[3], old)
    return copy


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) and not isinstance(value, Quantity):
        return [_copied(inner) for inner in value]
    return value


def _with_id(value: object, wanted: str) -> dict[str, Any] | None:
    if isinstance(value, dict):
        if value.get("id") == wanted:
            return value
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, (_with_id(inner, wanted) for inner in value)), None)
    return None


def _step(owner: object, key: str) -> Any:
    try:
        return owner[int(key)] if isinstance(owner, list) else owner[key]  # type: ignore[index]
    except (LookupError, TypeError, ValueError):
        raise ValueError(_PROBLEM) from None


def _value(text: str, old: object) -> object:
    """Return a value of the type of the old one."""
    try:
        if isinstance(old, Quantity):
            return Quantity(float(text), old.unit)
        if isinstance(old, bool):
            return {"true": True, "false": False}[text]
        if isinstance(old, int | float):
            return type(old)(text)
        if isinstance(old, list):
            return [_value(part, old[0]) for part in text.split(",")]
    except (LookupError, ValueError):
        raise ValueError("a value that beside changes is of another type") from None
    return text
