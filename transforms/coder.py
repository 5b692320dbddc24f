"""The one coder of every element that crosses a step boundary."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from transforms.model import DeadLetter, Lesson, Message, Outcome, Received, decode, encode

VERSION = 1
"""First byte of every encoded element. Raise it when an old reader could misread a new element;
a field added with a default does not need it."""


class ModelCoder(beam.coders.Coder):
    """A version byte and then the JSON of `transforms.model`.

    A running streaming job holds elements written by the code it was started with, so an update in
    place works as long as this class, its module and `VERSION` stay what they are.
    """

    def __init__(self, cls: type) -> None:
        self.cls = cls

    @classmethod
    def from_type_hint(cls, typehint: Any, registry: Any) -> ModelCoder:
        return cls(typehint)

    def encode(self, value: object) -> bytes:
        return bytes((VERSION,)) + encode(value)

    def decode(self, encoded: bytes) -> Any:
        """Raises: ValueError: it was written by another version."""
        if not encoded or encoded[0] != VERSION:
            found = encoded[0] if encoded else "nothing"
            raise ValueError(
                f"{self.cls.__name__} element of coder version {found}, expected {VERSION}: drain "
                "the job and start it anew instead of updating it in place"
            )
        return decode(self.cls, encoded[1:])

    def is_deterministic(self) -> bool:
        return False  # maps keep the publisher's order; no element is ever a key

    def to_type_hint(self) -> type:
        return self.cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelCoder) and other.cls is self.cls

    def __hash__(self) -> int:
        return hash((ModelCoder, self.cls))

    def __repr__(self) -> str:
        return f"ModelCoder[{self.cls.__name__} v{VERSION}]"


for _cls in (Message, Received, Lesson, DeadLetter, Outcome):
    beam.coders.registry.register_coder(_cls, ModelCoder)
