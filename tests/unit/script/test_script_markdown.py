"""Tests of `script.md`: order, completeness, tables and escaping of hostile text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.unit.script.support import request
from transforms.model import QuizQuestion, Scene, Script, Visual
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine
from transforms.script.script_markdown import to_markdown
from transforms.stage.direct_calls import DirectCalls

RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render
TAGS = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")
ALLOWED = {"h1", "h2", "p", "em", "strong", "ul", "ol", "li", "code"} | {
    *("table", "thead", "tbody", "tr", "th", "td")
}


def hostile(text: str) -> Script:
    """Return a script with the same text in every field."""
    return Script(
        title=text,
        hook=text,
        scenes=(
            Scene(text, text, (text,)),
            Scene(text, text, (text,), Visual("comparison", text, (f"{text} | {text}", text))),
            Scene(text, text, (), Visual("formula", text)),
            Scene(text, text, (text,), Visual("steps", text, (text, text))),
            Scene(text, text, (text,), Visual("plot", text, (text, text))),
            Scene(text, text, (text,), Visual("quote", text)),
        ),
        key_takeaways=(text,),
        quiz=(QuizQuestion(text, (text, text), 1, text),),
        topic=text,
        subject=text,
        grade_level=9,
        sources=(text,),
    )


def headings(html: str) -> list[str]:
    return re.findall(r"<h[1-6]>", html)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                [
                    "<script>",
                    "<!--",
                    "](javascript:x)",
                    "![x](http://y)",
                    "[a]: /b",
                    "&lt;",
                    "**b**",
                    "__b__",
                    "~~s~~",
                    "`c`",
                    "```",
                    "\n\n# h",
                    "\n---\n",
                    "\n> q",
                    "\n1. x",
                    "1. x",
                    "- x",
                    "+ x",
                    "| a | b |",
                    "\\",
                    "https://x.y",
                    "<https://x.y>",
                    "    code",
                    "\r",
                    "\u2028",
                ]
            ),
        ),
        min_size=1,
        max_size=5,
    ).map("".join)
)
def test_hostile_text_adds_no_markup(text: str) -> None:
    html = RENDER(to_markdown(hostile(text)))
    for _, tag, attributes in TAGS.findall(html):
        assert tag in ALLOWED, html
        assert not attributes or attributes.startswith(" style=") or tag == "ol", html
    plain = RENDER(to_markdown(hostile("plain")))
    if text.strip():
        assert headings(html) == headings(plain)
        for tag in ("<strong>", "<table>", "<li>"):
            assert html.count(tag) == plain.count(tag), (tag, html)


def test_sections_run_from_hook_to_sources() -> None:
    script = OfflineScriptEngine().write(request(), calls=DirectCalls(5)).script
    text = to_markdown(script)
    order = [
        f"# {script.title}",
        script.hook,
        *(f"## {scene.heading}" for scene in script.scenes),
        "## Key takeaways",
        "## Quiz",
        "## Answers",
        "## Sources",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.endswith("\n")
    assert "\n\n\n" not in text
    assert "Grade" not in text.split("\n")[0]


def test_answers_follow_the_quiz() -> None:
    script = OfflineScriptEngine().write(request(), calls=DirectCalls(5)).script
    quiz, answers = to_markdown(script).split("## Answers")
    for question in script.quiz:
        assert question.explanation in answers
        assert question.explanation not in quiz
        assert question.choices[question.answer] in answers


def test_comparison_is_table_and_steps_numbered() -> None:
    script = OfflineScriptEngine().write(request("speed vs velocity"), calls=DirectCalls(5)).script
    html = RENDER(to_markdown(script))
    assert html.count("<table>") == 1
    steps = OfflineScriptEngine().write(request("newtons second law"), calls=DirectCalls(5)).script
    assert "1. Draw the forces on the object\n2. Add them" in to_markdown(steps)


def test_script_without_extras_has_no_empty_sections() -> None:
    bare = Script("T", "Hook.", (Scene("S", "Text.", ()),), ("A.",), (), "t", "physics", 9)
    text = to_markdown(bare)
    assert "Quiz" not in text


def test_lesson_says_that_no_source_was_checked() -> None:
    bare = Script("T", "Hook.", (Scene("S", "Text.", ()),), ("A.",), (), "t", "physics", 9, "de-DE")
    assert to_markdown(bare).endswith("## Sources\n\nKeine Quelle geprüft\n")


def test_scenes_name_their_sources_by_number() -> None:
    scenes = (Scene("S", "Text.", (), sources=(1, 2)), Scene("R", "More.", ()))
    script = Script("T", "H.", scenes, ("A.",), (), "t", "physics", 9, sources=("Book", "1. <b>"))
    text = to_markdown(script)
    assert "Text. \\[1, 2\\]" in text
    assert "More.\n" in text
    assert text.endswith("## Sources\n\n1. Book\n2. 1\\. \\<b\\>\n")
