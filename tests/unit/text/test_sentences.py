"""The sentence splitter splits between sentences and keeps every character."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.every_row import for_all
from transforms.text.sentences import LONGEST, split_sentences


@for_all(
    [
        ["Newton's 2nd law.", "It holds."],
        ["Pi is 3.14.", "It never ends."],
        ["Dr. Smith met Mr. Lee.", "They spoke."],
        ["Eat fruit, e.g. apples.", "Enjoy i.e. like it."],
        ["Cats vs. dogs.", "Who wins?"],
        ["Water, salt, etc. dissolve.", "Oil does not."],
        ["Water, salt, etc.", "Oil does not dissolve."],
        ["He lives in the U.S.", "The country is big."],
        ["The U.S. Army won.", "It was 1945."],
        ["Brown v. Board came in 1954.", "It changed much."],
        ["J. K. Rowling wrote it.", "Isaac B. Newton did not."],
        ["Oranges hold vitamin C.", "Great."],
        ["The force is 3 N.", "Mass is 2 kg."],
        ["See Fig. 2 and No. 5 below.", "Then go on."],
        ["It was Jan. 5 already.", "Snow fell."],
        ["Meet at 5 p.m.", "The bus leaves then."],
        ['He said "Stop."', "Then he left."],
        ['"Really?" she asked.', "Nobody knew."],
        ["Wow!", "Great!", "Why?"],
        ["Is that so?!", "Yes."],
        ["Wait... what?", "Well… yes.", "Go on…", "Then stop."],
        ["(It works.)", "Good."],
        ["1. Gather data.", "2. Plot it."],
        ["What is acidity?", "pH measures it."],
        ["It costs 5.", "6 is too much."],
        ["Use version 1.2.3 today.", "Thanks."],
        ["Visit www.nasa.gov for more.", "Enjoy."],
        ["光合作用は植物の働きです。", "とても大切です！", "そうですか？"],
        ["यह पहला है।", "यह दूसरा है।"],
        ["هل هذا صحيح؟", "نعم."],
        ["No end mark here"],
    ]
)
def test_text_is_split_between_sentences_only(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == tuple(sentences)


def test_cjk_marks_split_without_spaces() -> None:
    assert split_sentences("光は速い。音は遅い。") == ("光は速い。", "音は遅い。")


def test_paragraphs_and_list_items_end_sentences() -> None:
    text = "A heading\n\nText that\ngoes on\n- one\n- two\n1. three"
    assert split_sentences(text) == (
        "A heading", "Text that goes on", "- one", "- two", "1. three",
    )  # fmt: skip


def test_piece_without_word_joins_its_neighbour() -> None:
    assert split_sentences("🎉 Well done! 🎉🎉 Go on.") == ("🎉 Well done!", "🎉🎉 Go on.")
    assert split_sentences("Well done! 🎉") == ("Well done! 🎉",)


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n"])
def test_blank_text_has_no_sentences(nothing: str) -> None:
    assert split_sentences(nothing) == ()


def test_long_sentence_is_split_between_clauses() -> None:
    clause = "the light reaches the leaf and is caught by chlorophyll"
    pieces = split_sentences(", ".join([clause] * 9) + ".")
    assert len(pieces) == 2
    assert all(piece.startswith("the light") for piece in pieces)
    assert pieces[0].endswith("chlorophyll,")


def test_long_clause_is_split_evenly_between_words() -> None:
    pieces = split_sentences(" ".join(["word"] * 65))
    assert [len(piece) for piece in pieces] in ([164, 159], [159, 164])


def test_long_word_is_split_between_graphemes() -> None:
    pieces = split_sentences("e\u0301" * 400)
    assert "".join(pieces) == "e\u0301" * 400
    assert all(piece.startswith("e") and piece.endswith("\u0301") for piece in pieces)
    family = "👩\u200d👩\u200d👧"
    for piece in split_sentences(family * 200):
        assert not piece.startswith("\u200d")
        assert not piece.endswith("\u200d")


_TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["Plants", "make", "sugar.", "Dr.", "U.S.", "3.14", "e.g.", '"Yes!"', "etc.", "A.", "I",
             "光。", "🎉", "...", "?!", "word,", "x" * 400, "\n\n", "\n- ", "e\u0301" * 200]
        )
    ).map(" ".join),
)  # fmt: skip


@given(_TEXT)
def test_split_keeps_every_character(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@given(_TEXT)
def test_short_words_are_not_split(text: str) -> None:
    assume(all(len(word) <= LONGEST for word in text.split()))
    assume(not set(text) & set("。！？｡，、；："))
    assert " ".join(split_sentences(text)).split() == text.split()


@given(_TEXT, st.integers(8, 400))
def test_every_sentence_fits_the_limit(text: str, limit: int) -> None:
    pieces = split_sentences(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(piece == " ".join(piece.split()) for piece in pieces)
