"""The subscription filter language."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.embedded.pubsub.filters import compile_filter
from pipeline.embedded.pubsub.refusal import Refused

MESSAGES = {
    "none": {},
    "x": {"a": "x"},
    "xy": {"a": "xy"},
    "y, b": {"a": "y", "b": "1"},
    "b": {"b": "1"},
    "spaced": {"a b": "x"},
    "empty, c": {"a": "", "c": "3"},
    "quoted": {"a": 'x"y'},
    "odd": {"1a": "x", "a-b": "x"},
}
WITH_A = {"x", "xy", "y, b", "empty, c", "quoted"}


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("", set(MESSAGES)),
        ("  ", set(MESSAGES)),
        ("attributes:a", WITH_A),
        ("attributes : a", WITH_A),
        ('attributes:"a b"', {"spaced"}),
        ('attributes.a = "x"', {"x"}),
        ('attributes.a="x"', {"x"}),
        ('attributes."a b" = "x"', {"spaced"}),
        ('attributes.a-b = "x"', {"odd"}),
        ('attributes.1a = "x"', {"odd"}),
        ('attributes.a = ""', {"empty, c"}),
        (r'attributes.a = "x\"y"', {"quoted"}),
        (r'attributes.a = "\x78"', {"x"}),
        (r'attributes.a = "\u0078\U00000079"', {"xy"}),
        (r'attributes.a = "\170"', {"x"}),
        ('attributes.a != "x"', set(MESSAGES) - {"x"}),
        ('hasPrefix(attributes.a, "x")', {"x", "xy", "quoted"}),
        ('hasPrefix ( attributes.a , "" )', WITH_A),
        ("NOT attributes:a", set(MESSAGES) - WITH_A),
        ("-attributes:a", set(MESSAGES) - WITH_A),
        ("NOT NOT attributes:a", WITH_A),
        ("-NOT attributes:a", WITH_A),
        ("NOT(attributes:a)", set(MESSAGES) - WITH_A),
        ("attributes:a AND attributes:b", {"y, b"}),
        ("attributes:a AND NOT attributes:b AND NOT attributes:c", {"x", "xy", "quoted"}),
        ("attributes:b OR attributes:c", {"y, b", "b", "empty, c"}),
        ("attributes:a AND (attributes:b OR attributes:c)", {"y, b", "empty, c"}),
        ("NOT (attributes:a OR attributes:b)", {"none", "spaced", "odd"}),
        ("((((attributes:c))))", {"empty, c"}),
    ],
)
def test_matches_what_it_says(text, matching):
    matches = compile_filter(text)
    assert {name for name, attributes in MESSAGES.items() if matches(attributes)} == matching


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "attributes",
        "attributes.a",
        "attributes:",
        "attributes:*",
        'attributes.a = "x',
        "attributes.a = x",
        "attributes.a = 'x'",
        'attributes.a == "x"',
        'attributes.a < "x"',
        'attributes.a.b = "x"',
        'attributes.é = "x"',
        '"attributes":a',
        'data = "x"',
        'hasprefix(attributes.a, "x")',
        "hasPrefix(attributes.a)",
        'hasPrefix("a", "x")',
        "attributes:a AND",
        "attributes:a and attributes:b",
        "attributes:a attributes:b",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a OR attributes:b AND attributes:c",
        "NOTattributes:a",
        "(attributes:a",
        "attributes:a)",
        r'attributes.a = "\q"',
        r'attributes.a = "\UFFFFFFFF"',
        'attributes.a = "' + "x" * 300 + '"',
        "(" * 200,
    ],
)
def test_refuses_what_the_service_refuses(text):
    with pytest.raises(Refused, match="INVALID_ARGUMENT"):
        compile_filter(text)


PIECES = [
    *("attributes", "hasPrefix", "AND", "OR", "NOT", "(", ")", "-", ":", ".", "=", "!=", ","),
    *('"a"', '"', "a", "b", " ", "\\", "'"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    try:
        matches = compile_filter(text)
    except Refused:
        return
    assert matches({}) in {True, False}


@given(st.text(alphabet=string.printable, max_size=40), st.text(max_size=5))
def test_any_value_can_be_quoted(value, other):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    matches = compile_filter(f'attributes.key = "{quoted}"')
    assert matches({"key": value})
    assert not matches({"key": value + other + "."})
