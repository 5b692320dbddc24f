"""The passages that are found for a question."""

from __future__ import annotations

import pytest

from tests.unit.script.support import request
from transforms.errors import ConfigurationFault
from transforms.script.sources.source_library import (
    MOST_CHARACTERS,
    MOST_PASSAGES,
    SourceLibrary,
    shared_library,
)


@pytest.fixture(scope="module")
def cards() -> SourceLibrary:
    return SourceLibrary(None)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> SourceLibrary:
    folder = tmp_path_factory.mktemp("sources")
    (folder / "fridge.md").write_text(
        "# Fridges\n\nA fridge pumps heat out of a box.\n\n## Parts\n\nThe compressor squeezes gas."
    )
    (folder / "newton.md").write_text("# Newton\n\nOur class measures the second law with carts.")
    (folder / "inflacion.md").write_text("# La inflación\n\nLos precios suben.")
    (folder / "kanji.md").write_text("# 光合成\n\n植物は光のエネルギーで糖を作る。")
    return SourceLibrary(str(folder))


@pytest.mark.parametrize(
    ("question", "card"),
    [
        ("Explain photosynthesis", "Photosynthesis"),
        ("whats newtons 2nd law", "Newton's second law"),
        ("why are leaves green", "Photosynthesis"),
        ("ww1", "World War I"),
        ("explain the first world war", "World War I"),
        ("why did ww1 start", "The causes of World War I"),
        ("bro explain dna like im 5", "DNA and genes"),
    ],
)
def test_best_passage_is_on_the_topic(cards, question, card):
    assert f"“{card}”" in cards.find(request(question))[0].source


@pytest.mark.parametrize(
    "question", ["how do fridges work", "asdf jkl", "???", "¿Qué es la inflación?", "explain it"]
)
def test_unknown_topic_has_no_passages(cards, question):
    assert cards.find(request(question)) == ()


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("how do fridges work", "Fridges (fridge.md)"),
        ("parts of a fridge", "Fridges, Parts (fridge.md)"),
        ("¿Qué es la inflación?", "La inflación (inflacion.md)"),
        ("光合成について", "光合成 (kanji.md)"),
    ],
)
def test_own_files_are_found(own, question, source):
    assert source in [passage.source for passage in own.find(request(question))]


def test_own_files_are_cited_beside_cards(own):
    sources = [passage.source for passage in own.find(request("Newton's second law"))]
    assert "Newton (newton.md)" in sources
    assert any("Concept card" in source for source in sources)


def test_passages_are_bounded(cards):
    found = cards.find(request("Explain photosynthesis, plants, light, energy, sugar and water"))
    assert 1 <= len(found) <= MOST_PASSAGES
    assert sum(len(passage.text) for passage in found) <= MOST_CHARACTERS


def test_grade_chooses_band_of_card(cards):
    question = "Newton's second law"
    lower, higher = (cards.find(request(question, grade_level=grade)) for grade in (6, 12))
    assert {passage.text for passage in lower} != {passage.text for passage in higher}


def test_folder_that_vanished_stops_the_job(tmp_path):
    with pytest.raises(ConfigurationFault, match="is no folder"):
        shared_library(str(tmp_path / "gone"))
