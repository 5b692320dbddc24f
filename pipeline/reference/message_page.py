"""The reference of the message that asks for a lesson, and its JSON Schema."""

from __future__ import annotations

import json

from transforms.message_schema import schema

INTRODUCTION = """\
A request is one JSON object in the data of a Pub/Sub message, UTF-8, at most 64 KiB. Its attributes
are kept. [content-request.schema.json](content-request.schema.json) is the same as a JSON Schema
(draft 2020-12), for publishers to check against.

Fields that are not listed are kept as they are. A message that breaks a rule becomes a dead letter
that names the field and the reason, as does one that is not UTF-8, not JSON or not an object, has
the same name twice in an object, is nested more than 32 levels deep, or holds NaN, an infinite
number, a lone surrogate or a control character (other than tab and line ends in text).
"""


def page() -> str:
    """Every field with its rule, as Markdown."""
    rows = [
        f"| `{name}` | {'yes' if name in schema()['required'] else ''} | {field['description']} |"
        for name, field in schema()["properties"].items()
    ]
    return "\n".join([INTRODUCTION, "| field | required | rule |", "|---|---|---|", *rows, ""])


def schema_text() -> str:
    """The JSON Schema, as a file holds it."""
    return json.dumps(schema(), indent=2) + "\n"
