"""The offline script engine as the script stage sees it."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.script.support import request
from transforms.errors import PermanentError
from transforms.model import Script, decode, encode
from transforms.script.cards.concept_card import Library, load_cards
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.script.engines.script_engine import ScriptEngine
from transforms.script.script_markdown import to_markdown
from transforms.stage.direct_calls import DirectCalls

ENGINE: ScriptEngine = OfflineScriptEngine()


def write(query: str, **fields) -> Script:
    return ENGINE.write(request(query, **fields), calls=DirectCalls(5)).script


def test_question_becomes_a_script() -> None:
    written = ENGINE.write(
        request("Explain photosynthesis for basketball fans"), calls=DirectCalls(5)
    )
    assert written.script.topic == "Photosynthesis"
    assert written.script.subject == "biology"
    assert [usage.sku for usage in written.usage] == ["cpu-seconds"]
    assert 0 <= written.usage[0].quantity < 5
    assert decode(Script, encode(written.script)) == written.script


def test_interest_comes_from_request_or_question() -> None:
    by_field = write("what is gravity", interest="NBA")
    by_query = write("Explain gravity for basketball fans")
    assert by_field == by_query
    assert by_field.title == "Gravity for basketball fans"


def test_interest_in_question_wins() -> None:
    script = write("Explain gravity for basketball fans", interest="music")
    assert script.title == "Gravity for basketball fans"


def test_words_of_the_topic_are_no_interest() -> None:
    assert write("how do cells divide in animals").title == write("mitosis").title


def test_disliked_interest_is_omitted() -> None:
    assert write("what is gravity", interest="I hate soccer") == write("what is gravity")


def test_unknown_interest_is_omitted() -> None:
    script = write("what is gravity", interest="zorbing & <b>curling</b>")
    assert script == write("what is gravity")
    assert "zorbing" not in encode(script).decode()


def test_student_text_is_not_repeated() -> None:
    script = write("hey can u plz explain gravity to my grandma ASAP??", student_id="Robert'); --")
    text = encode(script).decode() + to_markdown(script)
    for word in ("grandma", "ASAP", "Robert"):
        assert word not in text


def test_grade_and_language_come_from_request() -> None:
    script = write("gravity", grade_level=16, language="en-GB")
    assert (script.grade_level, script.language) == (16, "en-GB")


@pytest.mark.parametrize("language", ["en", "EN", "en-US", "en_GB", "en-Latn-AU"])
def test_every_english_locale_is_accepted(language: str) -> None:
    assert write("gravity", language=language).language == language


@pytest.mark.parametrize("language", ["es", "de-DE", "enm", "zh-Hans", "x-en", ""])
def test_other_language_error_names_remedy(language: str) -> None:
    with pytest.raises(PermanentError, match=r"English only.*en-US.*gemini"):
        write("gravity", language=language)


def test_unknown_topic_is_refused() -> None:
    with pytest.raises(PermanentError, match="the nearest topics are “"):
        write("quantum chromodynamics")


def test_identity_changes_with_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ENGINE.identity
    assert before == OfflineScriptEngine().identity
    assert before["cards"] == load_cards().digest
    other = dataclasses.replace(load_cards(), digest="another")
    monkeypatch.setattr(
        "transforms.script.engines.offline.offline_writer.load_cards",
        lambda: Library(**vars(other)),
    )
    assert OfflineScriptEngine().identity != before


def test_one_engine_serves_many_threads() -> None:
    queries = ["gravity", "photosynthesis", "newtons 2nd law", "mean median mode"] * 10
    expected = [write(query) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, queries)) == expected


@given(
    st.text(min_size=1, max_size=200),
    st.text(max_size=100),
    st.integers(1, 16),
)
def test_any_question_gives_script_or_refusal(query: str, interest: str, grade: int) -> None:
    for text in (query, f"photosynthesis {query}", query + " for " + interest):
        try:
            script = write(text, interest=interest, grade_level=grade)
        except PermanentError:
            continue
        assert script.topic in {card.title for card in load_cards().cards.values()}
        assert 150 <= script.spoken_words <= 450
