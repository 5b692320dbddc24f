"""The list of fields tells an engine what each template takes."""

from __future__ import annotations

import pytest

from transforms.pictures.field_list import field_list


@pytest.mark.parametrize(
    "told",
    [
        'size [number, "unit"]',
        "at 1-16 of [number, number]",
        "bodies 1-3 of {id text, icon apple | atom | ball",
        "states? {name: text that begins with look | round | place | shift | beside}",
    ],
)
def test_field_list_tells_types_and_verbs(told: str) -> None:
    assert told in field_list()
    assert "stated" not in field_list()
