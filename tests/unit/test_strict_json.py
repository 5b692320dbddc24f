"""Strict JSON: which characters are refused, and the cost of finding a repeated name."""

from __future__ import annotations

import re
import unicodedata

import pytest

from transforms.errors import InvalidRequest
from transforms.strict_json import FORBIDDEN_PATTERN, _object


def test_every_control_and_surrogate_is_refused():
    refused = {
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Cc", "Cs") and chr(code) not in "\t\n\r"
    }
    assert {c for c in map(chr, range(0x110000)) if re.search(FORBIDDEN_PATTERN, c)} == refused


def test_repeated_name_is_found_in_linear_time():
    """A message can hold 7,000 names; comparing all pairs would take seconds."""
    compared = []

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            compared.append(other)
            return str.__eq__(self, other)

    names = [Name(number) for number in [*range(300), 299]]
    with pytest.raises(InvalidRequest) as refused:
        _object([(name, 1) for name in names])
    assert refused.value.field == "299"
    assert len(compared) < 10 * len(names)
