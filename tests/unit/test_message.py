"""Ids of messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from transforms.model import Message

NOW = datetime(2026, 5, 31, tzinfo=UTC)


def message(message_id, data=b"{}", **attributes):
    return Message(data, attributes, message_id, NOW)


@pytest.mark.parametrize("missing", ["", None])
def test_missing_id_is_derived_from_content(missing):
    first = message(missing, a="1", b="2")
    assert first.message_id.startswith("derived-")
    again = Message(b"{}", {"b": "2", "a": "1", "googclient_x": "3"}, missing, datetime.now(UTC), 2)
    assert again.message_id == first.message_id
    assert replace(first, delivery_attempt=3).message_id == first.message_id
    others = [
        message(missing, b"[]", a="1", b="2"),
        message(missing, a="1", b="3"),
        message(missing, a="1"),
        message(missing, a="1b2"),
        message(missing),
    ]
    assert len({each.message_id for each in [first, *others]}) == 1 + len(others)


def test_given_id_is_kept():
    assert message("17").message_id == "17"
