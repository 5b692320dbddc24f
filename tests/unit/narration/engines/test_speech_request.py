"""Sentences are packed into requests to Google Text-to-Speech."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.narration.engines.google.speech_request import (
    FULL_REQUEST,
    LONGEST_REQUEST,
    Kind,
    input_kind,
    pack,
    speech_input,
)
from transforms.narration.speech_length import is_speakable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
KINDS = st.sampled_from(["text", "markup", "ssml"])


@pytest.mark.parametrize(
    ("voice", "kind"),
    [
        ("en-US-Chirp3-HD-Kore", "markup"),
        ("cs-CZ-Chirp3-HD-Kore", "text"),
        ("en-US-Neural2-A", "ssml"),
        ("en-US-Studio-O", "ssml"),
    ],
)
def test_voice_determines_input_field(voice: str, kind: Kind) -> None:
    assert input_kind(voice) == kind


@given(st.lists(st.lists(TEXTS, max_size=6), max_size=8), KINDS)
def test_speakable_sentences_are_packed_in_order(sections: list[list[str]], kind: Kind) -> None:
    packed = list(pack(sections, kind))
    pieces = [piece for request in packed for piece in request]
    assert [(piece.section, piece.sentence) for piece in pieces] == [
        (number, index)
        for number, section in enumerate(sections)
        for index, text in enumerate(section)
        if is_speakable(text)
    ]
    for request in packed:
        content = speech_input([piece.text for piece in request], kind).content
        assert len(content.encode()) <= LONGEST_REQUEST
        assert len(content) <= FULL_REQUEST or len({piece.section for piece in request}) == 1


@given(st.lists(TEXTS.filter(is_speakable), min_size=2, max_size=6))
def test_texts_never_act_as_markup(texts: list[str]) -> None:
    markup = speech_input(texts, "markup").content
    assert re.findall(r"\[.*?\]", markup, re.DOTALL) == ["[pause long]"] * (len(texts) - 1)


@given(st.lists(st.text("a<&>\"' /[]", min_size=1, max_size=40), min_size=2, max_size=6))
def test_texts_never_act_as_ssml(texts: list[str]) -> None:
    root = ET.fromstring(speech_input(texts, "ssml").content)
    assert [child.tag for child in root] == ["break"] * (len(texts) - 1)
    assert [root.text, *(child.tail for child in root)] == texts


def test_sections_share_a_request() -> None:
    sections = [["A sentence of about forty characters here."] * 5] * 9
    requests = list(pack(sections, "markup"))
    assert [len({piece.section for piece in request}) for request in requests] == [3, 3, 3]
