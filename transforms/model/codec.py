"""JSON codec of the model classes."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")

_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(cls: type) -> TypeAdapter[Any]:
    if cls not in _adapters:
        _adapters[cls] = TypeAdapter(cls)
    return _adapters[cls]


def encode(value: object) -> bytes:
    """Return the JSON form of an instance of a model class."""
    return _adapter(type(value)).dump_json(value)


def decode(cls: type[T], data: bytes | str) -> T:
    """Return the instance of `cls` that `encode` wrote.

    Raises:
        pydantic.ValidationError: `data` is not the JSON form of a `cls`.
    """
    value: T = _adapter(cls).validate_json(data)
    return value
