"""The command `cards`: new cards, checks, previews and coverage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.cli import app
from tests.unit.script.cards.good_card import GOOD, SHIPPED, SOURCE, changed
from transforms.script.card_coverage import coverage, load_curricula
from transforms.script.cards.concept_card import load_cards
from transforms.script.matching.topics import TopicIndex, load_topic_index


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run `cards`; return its exit status and both output streams."""
    status = app.main(["cards", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "physics").mkdir()
    (tmp_path / SOURCE).write_text(text)
    return tmp_path


def test_new_card_lists_all_unwritten_texts(capsys, tmp_path):
    new = ("new", "physics/magnetism", "--title", 'The "magnet"', "--folder", tmp_path)
    assert said(capsys, *new)[0] == 0
    status, out, _ = said(capsys, "check", "--folder", tmp_path)
    assert status == 1
    lines = out.splitlines()
    assert all(": is not written yet; replace the […]" in line for line in lines[:-1])
    for key in ("hook", "middle.facts.text.0", "high.terms.0.meaning", "quiz.2.explanation"):
        assert any(f"magnetism.toml: {key}: " in line for line in lines), key
    status, _, err = said(capsys, *new)
    assert status != 0
    assert "exists" in err


@pytest.mark.parametrize(
    ("grades", "bands"),
    [(("4", "8"), ["middle"]), (("9", "12"), ["high"]), (("6", "12"), ["middle", "high"])],
)
def test_new_card_has_the_bands_of_its_grades(capsys, tmp_path, grades, bands):
    said(capsys, "new", "maths/x", "--title", "X", "--folder", tmp_path, "--grades", *grades)
    text = (tmp_path / "maths" / "x.toml").read_text()
    assert [band for band in ("middle", "high") if f"[{band}.facts]" in text] == bands


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("new", "astrology/x", "--title", "X", "--folder", "x"), "SUBJECT/ID"),
        (("new", "physics/../x", "--title", "X", "--folder", "x"), "SUBJECT/ID"),
        (("new", "physics/x", "--title", "X"), "--folder and --title"),
        (("new", "physics/x", "--title", "X", "--folder", "x", "--grades", 9, 6), "lower"),
        (("new",), "`new` needs CARD"),
        (("check", "gravity"), "`check` takes no CARD"),
        (("preview", "gravty"), "did you mean gravity?"),
        (("check", "--folder", "/nonexistent"), "there is no folder"),
    ],
)
def test_wrong_arguments_are_explained(capsys, arguments, reason):
    status, out, err = said(capsys, *arguments)
    assert (status, out) == (2, "")
    assert reason in err


def test_check_accepts_a_good_card(capsys, tmp_path):
    status, out, _ = said(capsys, "check", "--folder", folder_with(tmp_path, GOOD))
    assert (status, out) == (0, "1 cards, 0 problems\n0 of 12 scenes draw\n")


def test_two_cards_must_not_share_a_picture(capsys, tmp_path):
    folder = folder_with(tmp_path, SHIPPED)
    other = SHIPPED.replace('id = "newtons-second-law"', 'id = "pushing"', 1)
    renamed = other.replace('"push", on', '"pull", on').replace("merge push", "merge pull")
    other = renamed.replace("[[push]]", "[[pull]]")
    (folder / "physics" / "pushing.toml").write_text(other)
    status, out, _ = said(capsys, "check", "--folder", folder)
    assert status == 1
    assert "pushing.toml: pictures.0: 'newtons-second-law' shows the same template and data" in out


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[high.definition]", "[high.definiton]", "high.definiton"),
        ("Lifting a small apple", "lifting = 1; a small apple", "middle.facts.text.2"),
        ('"F = ma",', '"bubble sort",', "aliases.2"),
    ],
)
def test_check_names_file_key_and_remedy(capsys, tmp_path, old, new, key):
    folder = folder_with(tmp_path, changed(old, new))
    status, out, _ = said(capsys, "check", "--folder", folder, "--json")
    problems = json.loads(out)
    assert status == 1
    assert {problem["file"] for problem in problems} == {SOURCE}
    assert key in {problem["key"] for problem in problems}


def test_check_goes_on_after_an_unreadable_card(capsys, tmp_path):
    folder = folder_with(tmp_path, GOOD.replace("title = ", "title ", 1))
    (folder / "physics" / "latin.toml").write_bytes(b"id = '\xe9'")
    status, out, _ = said(capsys, "check", "--folder", folder)
    assert status == 1
    assert "physics/latin.toml: is not UTF-8" in out
    assert f"{SOURCE}: " in out
    assert "2 cards, 2 problems\n" in out


def test_preview_prints_the_lesson_of_a_grade(capsys):
    low = said(capsys, "preview", "gravity", "--grade", 6, "--interest", "NBA")[1]
    high = said(capsys, "preview", "gravity", "--grade", 12)[1]
    assert low.startswith("# Gravity for basketball fans")
    assert "grade 12" in high
    assert low != high
    marked = said(capsys, "preview", "newtons-second-law", "--grade", 6)[1]
    assert re.search(r"\n[1-6] of 6 scenes draw\n", marked)
    assert re.search(r"  \S.*: bodies, [1-9] beats, labels spoken: .*push 50\sN, ", marked)


def test_coverage_names_what_has_no_card(capsys):
    status, out, _ = said(capsys, "coverage", "--json")
    assert status == 0
    rows = {(row["curriculum"], row["code"]): row["cards"] for row in json.loads(out)["topics"]}
    lessons = {(row["card"], row["band"]): row for row in json.loads(out)["pictures"]}
    assert lessons["newtons-second-law", "middle"]["drawn"] >= 1
    assert 0 < lessons["newtons-second-law", "middle"]["on_slides"] <= 0.2
    science = load_curricula()[0].name
    assert rows[science, "LS4.B"] == {"natural selection": "natural-selection"}
    assert rows[science, "LS2.D"] == {"why do animals live in groups": None}
    text = said(capsys, "coverage")[1]
    assert f"{science}: " in text
    assert "LS2.D" in text
    assert "LS4.B" not in text
    assert load_curricula()[0].url in text
    assert re.search(r"\n  [1-6] of 6  [ 1]\d\.\d%  newtons-second-law \(middle\)\n", text)
    assert re.search(r"\nWords on slides: median 1\d\.\d%, 0 of 166 lessons above 20%\n$", text)


def test_coverage_falls_with_missing_cards():
    science = load_curricula()[0]
    cards = [card for card in load_cards().cards.values() if card.id != "natural-selection"]
    all_cards, fewer = coverage(science, load_topic_index()), coverage(science, TopicIndex(cards))
    [gone] = [topic for topic in fewer if topic.topic.code == "LS4.B"]
    assert gone.missing == ("natural selection",)
    assert sum(len(topic.missing) for topic in fewer) > sum(len(t.missing) for t in all_cards)


def test_every_curriculum_names_its_source():
    for curriculum in load_curricula():
        assert curriculum.url.startswith("https://")
        assert "(20" in curriculum.source
        codes = [topic.code for topic in curriculum.topics]
        assert len(codes) == len(set(codes))
