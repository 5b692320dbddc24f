"""Reference page and JSON Schema of the request message."""

from __future__ import annotations

import json

from transforms.message_schema import schema

INTRODUCTION = """\
A request is one JSON object in the data of a Pub/Sub message, UTF-8, at most 64 KiB. The message's
attributes are kept. [content-request.schema.json](content-request.schema.json) states the same
rules as a JSON Schema (draft 2020-12), for publishers to check against; its description lists the
few that a schema cannot state. Its patterns are ECMAScript regular expressions with the `u` flag.

Unknown fields are kept unchanged. A message that breaks a rule becomes a dead letter that names the
field and the reason. So does a message that is not UTF-8, not JSON or not an object, repeats a name
in an object, is nested more than 32 levels deep, or contains NaN, a number beyond the range of a
64-bit float, a lone surrogate or a control character (other than tab and line ends in text).

White space around `student_id`, `student_query`, `interest` and `correlation_id` counts towards
their length, and is then removed. So are hidden characters in `student_id`, `student_query`,
`interest` and `environment`: tags, zero-width characters, bidirectional controls and other default
ignorable characters of Unicode. Joiners and variation selectors stay where a script or an emoji
needs them.
"""


def page() -> str:
    """Return a table of every field with its rule, as Markdown."""
    rows = [
        f"| `{name}` | {'yes' if name in schema()['required'] else ''} | {field['description']} |"
        for name, field in schema()["properties"].items()
    ]
    return "\n".join([INTRODUCTION, "| field | required | rule |", "|---|---|---|", *rows, ""])


def schema_text() -> str:
    """Return the JSON Schema as the text of a file."""
    return json.dumps(schema(), indent=2) + "\n"
