import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.ledger.jsontext import json_text

texts = st.text(st.characters(codec=None))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_json_text_can_be_stored_by_postgres(value):
    text = json_text(value)
    text.encode("utf-8")
    read = json.dumps(json.loads(text), ensure_ascii=False)
    assert "\\u0000" not in read.replace("\\\\", "")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_ordinary_text_is_unchanged(text):
    assert json.loads(json_text({text: text})) == {text: text}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\0b", r"a\x00b"),
        ("\ud800", r"\ud800"),
        (r"\u0000", r"\u0000"),
        ("\\\0", r"\\x00"),
        ("\\\\\0\\u0000", r"\\\x00\u0000"),
        ("😀", "😀"),
    ],
)
def test_unstorable_characters_are_escaped(text, shown):
    assert json.loads(json_text([text])) == [shown]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"cost_usd": number})
