"""Valid answers become lessons; invalid ones give messages for the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.fakes.lessons import CART, answer, lesson, with_picture
from tests.unit.pictures.test_picture import changed as changed_picture
from transforms.errors import PermanentError
from transforms.model import ContentRequest, Script, Visual, decode, encode
from transforms.pictures.picture import read_picture
from transforms.script.engines.gemini.gemini_answer import LessonAnswer
from transforms.script.engines.gemini.gemini_reading import find_json, read_answer
from transforms.script.engines.script_engine import Problem, Severity, UnusableAnswer
from transforms.script.sources.passage import Passage


def request_in(language: str = "en-US", grade: int = 10) -> ContentRequest:
    return ContentRequest(
        request_id="7f0f4a7e-5c0e-4bb4-9c49-6f2b6f1f6a01",
        student_id="s-1",
        student_query="How does photosynthesis work?",
        grade_level=grade,
        correlation_id="c-1",
        language=language,
    )


def read(value: object, request: ContentRequest | None = None) -> Script:
    return read_answer(json.dumps(value), request or request_in(), "gemini-test")[0]


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    written = lesson()
    change(written)
    return answer(written)


def test_lesson_becomes_encodable_script():
    script = read(answer(lesson()), request_in(grade=7))
    assert decode(Script, encode(script)) == script
    assert script.topic == "photosynthesis"
    assert script.grade_level == 7
    assert script.language == "en-US"
    assert script.sources == ()
    assert len(script.scenes) == 4
    assert len(script.quiz) == 2
    assert script.quiz[0].answer == 2
    assert script.scenes[1].visual.kind == "steps"


def test_scenes_cite_passages_by_number():
    written = lesson()
    for scene, numbers in zip(written["scenes"], ([2], [], [1, 3], [7]), strict=True):
        scene["sources"] = numbers
    passages = (Passage("a", "Book"), Passage("b", "Page"), Passage("c", "Book"))
    script, problems = read_answer(json.dumps(answer(written)), request_in(), "m", passages)
    assert script.sources == ("Page", "Book")
    assert [scene.sources for scene in script.scenes] == [(1,), (), (2,), ()]
    assert [(each.severity, each.text.split(";")[0]) for each in problems] == [
        ("note", "lesson.scenes.3.sources: no passage has the number 7")
    ]


@pytest.mark.parametrize(
    ("language", "tag"), [("en", "en-GB"), ("fr", "fr-FR"), ("ar", "ar"), ("ja", "ja-JP")]
)
def test_script_has_requested_language(language: str, tag: str):
    assert read(answer(lesson(language)), request_in(tag)).language == tag


def test_languages_without_spaces_are_measured_in_characters():
    short = lesson("ja")
    for scene in short["scenes"]:
        scene["narration"] = scene["narration"][:8]
    short["hook"] = short["hook"][:8]
    with pytest.raises(UnusableAnswer, match="characters together; write 300 to 1100"):
        read(answer(short), request_in("ja-JP"))
    with pytest.raises(UnusableAnswer, match="8 spoken words"):
        read(answer(lesson("ja")), request_in("en-US"))


def repeat_narration(times: int) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        for scene in written["scenes"]:
            scene["narration"] = " ".join([scene["narration"]] * times)

    return change


def shorten(written: dict[str, Any]) -> None:
    for scene in written["scenes"]:
        scene["narration"] = "Too short."


RULES: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("too long", repeat_narration(3), r"have \d+ spoken words together; write 150 to 450"),
    ("too short", shorten, r"have \d+ spoken words together; write 150 to 450"),
    (
        "two scenes",
        lambda w: w["scenes"].__delitem__(slice(2, None)),
        "lesson.scenes: .*at least 3",
    ),
    ("nine scenes", lambda w: w["scenes"].extend(w["scenes"] + w["scenes"][:1]), "lesson.scenes"),
    ("one bullet", lambda w: w["scenes"][0]["bullets"].pop(), "scenes.0.bullets: .*at least 2"),
    ("five bullets", lambda w: w["scenes"][0].update(bullets=list("abcde")), "scenes.0.bullets"),
    ("long bullet", lambda w: w["scenes"][1].update(bullets=["x", "y" * 91]), "at most 90.*has 91"),
    ("one question", lambda w: w["quiz"].pop(), "lesson.quiz"),
    ("three questions", lambda w: w["quiz"].append(w["quiz"][0]), "lesson.quiz"),
    ("answer 4", lambda w: w["quiz"][0].update(answer=4), "quiz.0.answer"),
    ("equal choices", lambda w: w["quiz"][0].update(choices=["A", "a", "b", "c"]), "differ"),
    ("two takeaways", lambda w: w["key_takeaways"].pop(), "lesson.key_takeaways"),
    ("unknown subject", lambda w: w.update(subject="alchemy"), "lesson.subject"),
    ("no title", lambda w: w.pop("title"), "lesson.title: Field required"),
    ("blank title", lambda w: w.update(title=" \n "), "lesson.title: .*empty"),
    ("null hook", lambda w: w.update(hook=None), "lesson.hook"),
    ("control character", lambda w: w.update(hook="a\x00b"), "lesson.hook: .*control"),
    ("hidden only", lambda w: w.update(hook="\u200b\U000e0041"), "lesson.hook: .*empty"),
    ("hidden in markup", lambda w: w.update(hook="<\u200bb>a"), "lesson.hook: .*plain text"),
]


@pytest.mark.parametrize(
    ("change", "told"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_broken_rule_names_its_place(change: Callable[..., object], told: str):
    with pytest.raises(UnusableAnswer, match=told):
        read(changed(change))


@pytest.mark.parametrize(
    "markup",
    [
        "**bold** words",
        "some `code`",
        "# A heading",
        "- an item",
        "1. an item",
        "a [link](x)",
        "__two words__",
        "* an item",
        "2) Light is caught",
        "<speak>Hello",
        "<p>Hello",
        "<a href='x'>here",
        "<b>bold</b>",
        "<break time='1s'/>",
        "<script>alert(1)</script>",
        "fish &amp; chips",
        "see https://example.com",
    ],
)
def test_markup_is_refused(markup: str):
    with pytest.raises(UnusableAnswer, match="plain text"):
        read(changed(lambda w: w.update(hook=markup)))


@pytest.mark.parametrize(
    "plain",
    [
        *("2 < 3 and 5 > 4", "2 * 3 = 6", "Q & A", "−5 °C", "snake_case", "(a) [b] #1", "don't"),
        *("<p>", "The tag <b>bold</b> makes text bold", "from <p> to </p>", "a <b and c> d"),
        *("List<String>", "Map<String, List<Integer>> m", "vector<int> v", "x<y>z", "#include <b>"),
        *("__init__", "__name__ and __main__", "2**3", "2**3**2 = 512", "f(**a, **b)", "f[0](x)"),
        *("- 5 + 3", "- x + 3 = 5", "+ 5 °C", "AT&T; then R&D;", "14. Juli 1789", "1. Mai", "2. 5"),
        *("2. Weltkrieg", "3. Newtonsches Gesetz", "1) 2 + 2"),
    ],
)
def test_everyday_characters_are_accepted(plain: str):
    assert read(changed(lambda w: w.update(title=plain))).title == plain


def test_web_address_may_stand_in_lesson_on_computing():
    def about_addresses(written: dict[str, Any]) -> None:
        written.update(subject="computing", title="What https://example.com means")

    assert read(changed(about_addresses)).title == "What https://example.com means"


def test_line_breaks_become_spaces_and_accents_are_composed():
    script = read(changed(lambda w: w.update(title="  Cafe\u0301\n and\tmore ")))
    assert script.title == "Caf\u00e9 and more"


@pytest.mark.parametrize(
    ("visual", "shown"),
    [
        ({"kind": "formula", "text": "F = m a", "items": []}, Visual("formula", "F = m a")),
        ({"kind": "formula", "text": r"\frac{1}", "items": []}, Visual()),
        ({"kind": "formula", "text": "", "items": []}, Visual()),
        ({"kind": "quote", "text": "Be kind.", "items": []}, Visual("quote", "Be kind.")),
        ({"kind": "quote", "text": "<b>x</b>", "items": []}, Visual()),
        ({"kind": "steps", "text": "", "items": ["a", "b"]}, Visual("steps", items=("a", "b"))),
        ({"kind": "steps", "text": "", "items": ["a"]}, Visual()),
        ({"kind": "process", "text": "", "items": ["a", "x" * 91]}, Visual()),
        ({"kind": "timeline", "text": "", "items": ["1687", "1905"]}, Visual()),
        ({"kind": "comparison", "text": "", "items": ["a | b | c", "d | e"]}, Visual()),
        (
            {"kind": "timeline", "text": "x", "items": ["1687: Principia", "1905: Relativity"]},
            Visual("timeline", "x", ("1687: Principia", "1905: Relativity")),
        ),
        (
            {"kind": "comparison", "text": "", "items": ["Plant | Animal", "makes | eats"]},
            Visual("comparison", items=("Plant | Animal", "makes | eats")),
        ),
        ({"kind": "bullets", "text": "x", "items": ["a", "b"]}, Visual()),
    ],
)
def test_undrawable_visual_becomes_bullets(visual: dict[str, Any], shown: Visual):
    script = read(changed(lambda w: w["scenes"][0].update(visual=visual)))
    assert script.scenes[0].visual == shown


@pytest.mark.parametrize(
    ("decline", "told"),
    [
        ("unsafe", "not safe"),
        ("not_a_topic", "nothing that can be taught"),
        ("unclear", "understood"),
    ],
)
def test_declined_request_is_permanent_with_reason(decline: str, told: str):
    with pytest.raises(PermanentError, match=told):
        read(answer(None, decline))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Invalid JSON"),
        ("Sure! Here is your lesson:", "Invalid JSON"),
        ('{"decline": null, "lesson": {"title": "Photo', "Invalid JSON"),
        ("[]", "answer"),
        ("null", "answer"),
        ("{}", "lesson: Field required"),
        ('{"decline": null, "lesson": null}', "must be set unless"),
        ('{"decline": "because", "lesson": null}', "decline"),
    ],
)
def test_malformed_answer_names_its_fault(text: str, told: str):
    with pytest.raises(UnusableAnswer, match=told):
        read_answer(text, request_in(), "gemini-test")


def test_error_does_not_quote_offending_text():
    secret = "my name is Robin"
    broken = changed(lambda w: w.update(hook=f"**{secret}**", subject=secret, scenes=secret))
    with pytest.raises(UnusableAnswer) as caught:
        read(broken)
    assert secret not in str(caught.value)
    assert len(caught.value.repair.problems) >= 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*lesson(), "lesson", "decline", "x"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from([*lesson(), None]))
def test_any_answer_gives_script_or_error(value: object, key: str | None):
    written = answer({**lesson(), key: value}) if key else value
    try:
        script = read(written)
    except (UnusableAnswer, PermanentError):
        return
    assert 150 <= script.spoken_words <= 450


@given(st.text(max_size=300))
def test_any_text_gives_script_or_error(text: str):
    with pytest.raises((UnusableAnswer, PermanentError)):
        read_answer(text, request_in(), "gemini-test")


WHOLE = json.dumps(answer(lesson()))


@given(st.text(max_size=80), st.text(max_size=80))
def test_text_around_answer_is_skipped(before: str, after: str):
    assert find_json(before + WHOLE + after) == WHOLE


@given(st.integers(1, len(WHOLE) - 1), st.sampled_from(["", "}", "}}", "]}}", "```"]))
def test_truncated_answer_is_never_completed(length: int, end: str):
    cut = WHOLE[:length] + end
    if json.loads(WHOLE) == _parsed(cut):
        return
    with pytest.raises(UnusableAnswer):
        read_answer(cut, request_in(), "gemini-test")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize("depth", [1, 100_000])
def test_answer_of_nested_brackets_is_unusable(depth: int):
    with pytest.raises(UnusableAnswer):
        read_answer('{"lesson": ' + "[" * depth, request_in(), "gemini-test")


def test_two_different_answers_are_unusable():
    other = json.dumps(answer({**lesson(), "title": "Another"}))
    with pytest.raises(UnusableAnswer):
        read_answer(f"{WHOLE}\n{other}", request_in(), "gemini-test")
    assert find_json(f"{WHOLE}\n{WHOLE}") == WHOLE


def test_problems_of_form_length_and_picture_are_named_together():
    def broken(written: dict[str, Any]) -> None:
        shorten(written)
        written["quiz"].pop()
        written["scenes"][0]["visual"].update(kind="formula", text="\\unknown")
        written["scenes"][1]["visual"] = {"kind": "none"}

    with pytest.raises(UnusableAnswer) as caught:
        read(changed(broken))
    text = "\n".join(caught.value.repair.problems)
    for place in (
        "lesson.quiz: ",
        "lesson: hook",
        "scenes.0.visual: formula",
        "scenes.1.visual.kind",
    ):
        assert place in text


@pytest.mark.parametrize(("broken", "severity"), [(1, "note"), (2, "note"), (3, "repair")])
def test_undrawable_pictures_are_repaired_if_most(broken: int, severity: Severity):
    bad = {"kind": "steps", "text": "", "items": ["a"]}
    written = changed(lambda w: [scene.update(visual=bad) for scene in w["scenes"][:broken]])
    _, problems = read_answer(json.dumps(written), request_in(), "gemini-test")
    text = "visual: steps cannot be drawn: `items` must have 2 to 6 entries, has 1"
    assert problems == tuple(
        Problem(f"lesson.scenes.{at}.{text}", severity, "pictures") for at in range(broken)
    )


@pytest.mark.parametrize(
    "visual",
    [
        Visual("formula", "F = m a", ("F: force", "m: mass", "a: acceleration")),
        Visual("quote", "If I have seen further …", ("Isaac Newton, 1675",)),
        Visual("definition", "How fast velocity changes.", ("acceleration",)),
        Visual("steps", "How to solve it", ("add", "divide")),
        Visual("cycle", "Water", ("rain", "river", "sea")),
        Visual("comparison", "Two cells", ("plant | animal", "wall | none")),
        Visual("worked", "F = m a", ("F = 2 kg · 3 m/s²", "F = 6 N")),
    ],
)
def test_visual_keeps_all_its_fields(visual: Visual):
    given = {"kind": visual.kind, "text": visual.text, "items": list(visual.items)}
    script = read(changed(lambda w: w["scenes"][0].update(visual=given)))
    assert script.scenes[0].visual == visual


def test_marks_of_picture_become_beats_and_are_not_spoken():
    written = with_picture(with_picture(lesson()), marks="[[cart.rub]][[net]]", scene=3)
    plain, script = read(answer(lesson())), read(answer(written))
    assert [s.narration for s in script.scenes] == [s.narration for s in plain.scenes]
    first, second = (read_picture(scene.visual.text) for scene in script.scenes[2:])
    assert [(beat.show, beat.sentence, beat.share) for beat in first.beats] == [("push", 0, 0.0)]
    assert first.later == ("rub", "net")
    assert second.before == ("push",)
    assert [beat.show for beat in second.beats] == ["rub", "net"]


def test_marks_count_neither_as_words_nor_as_characters():
    written = lesson()
    least = sum(len(text.split()) for text in LessonAnswer(**written).spoken_texts())
    marked = with_picture(written, marks="[[push]] [[rub]] ")
    texts = LessonAnswer(**marked).spoken_texts()
    assert sum(len(text.split()) for text in texts) == least
    long = with_picture(written)
    long["scenes"][2]["narration"] = "[[push]]" + "x" * 1_500
    assert LessonAnswer(**long).scenes[2].narration.startswith("[[push]]")


@pytest.mark.parametrize(
    ("path", "value", "marks", "problem"),
    [
        ("forces.1.size", "ten", "[[push]]", "picture.forces.1.size: must be [number, "),
        ("forces.1.size", [-3, "N"], "[[push]]", "picture: a size must be above 0"),
        ("forces.1.on", "secret", "[[push]]", "picture: a force or a result is on no body"),
        ("forces.0.label", "**secret**", "[[push]]", "picture.forces.0.label: must be plain text"),
        ("forces.0.label", "se\u202ecret", "[[push]]", "picture.forces.0.label: must be plain"),
        ("states", {"net": "secret"}, "[[push]]", "picture: a state begins with an unknown verb"),
        ("template", "secret", "[[push]]", "picture: `template` must be one of"),
        ("template", "bodies", "[[secret]]", "narration: a mark names neither"),
        ("template", "bodies", "", "narration: a picture needs a mark"),
        ("template", "bodies", "[[push]][[rub]][[net]]", "narration: a sentence may have at most"),
    ],
)
def test_repair_names_path_in_picture_without_values(
    path: str, value: object, marks: str, problem: str
):
    picture = changed_picture(CART, path, value)
    written = with_picture(lesson(), picture, marks)
    script, problems = read_answer(json.dumps(answer(written)), request_in(), "gemini-test")
    [found] = problems
    assert (found.severity, found.check) == ("repair", "pictures")
    assert found.text.startswith(f"lesson.scenes.2.{problem}")
    assert "secret" not in found.text
    assert "[[" not in script.scenes[2].narration
    assert (script.scenes[2].visual.kind == "picture") == ("narration: " in found.text)


def test_marks_without_picture_are_named_and_removed():
    written = lesson()
    written["scenes"][0]["narration"] = "[[push]]" + written["scenes"][0]["narration"]
    script, problems = read_answer(json.dumps(answer(written)), request_in(), "gemini-test")
    assert "marks need a visual of the kind picture" in problems[0].text
    assert script == read(answer(lesson()))


def test_draft_of_unusable_answer_has_no_marks():
    written = with_picture(lesson()) | {"title": ""}
    with pytest.raises(UnusableAnswer) as caught:
        read(answer(written))
    assert caught.value.draft
    assert "[[" not in str(caught.value.draft)
    written["scenes"][2]["narration"] = "[[Push it]] secret"
    with pytest.raises(
        UnusableAnswer, match=r"scenes\.2\.narration: .*a mark is written"
    ) as caught:
        read(answer(written))
    assert "secret" not in str(caught.value)
