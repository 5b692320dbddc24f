"""Any answer of a model is a script without hidden text, or is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from tests.contract.fakes.lessons import answer, lesson, with_picture
from tests.fuzz.fuzz import fuzz
from tests.fuzz.texts import encodable
from tests.unit.script.engines.test_gemini_answer import request_in
from transforms.errors import PermanentError
from transforms.model import Script, decode, encode
from transforms.pictures.examples import EXAMPLES
from transforms.script.engines.gemini.gemini_reading import read_answer
from transforms.script.engines.script_engine import UnusableAnswer
from transforms.script.script_markdown import to_markdown
from transforms.text.hidden import visible
from transforms.video.templates.layout_check import layout_problems

LANGUAGES = {"en": "en-US", "fr": "fr-FR", "ar": "ar", "ja": "ja-JP"}
VALID = {language: answer(lesson(language)) for language in LANGUAGES}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a JSON value."""
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(place for key, part in inside for place in _places(part, (*path, key)))]


_leaves = st.none() | st.booleans() | st.integers(-9, 9) | encodable
_kinds = st.sampled_from(
    [
        "formula",
        "worked",
        "quote",
        "definition",
        "steps",
        "timeline",
        "comparison",
        "picture",
        "none",
    ]
)


@st.composite
def answers(draw):
    """Return the language and the text of a valid answer with a few hostile parts."""
    language = draw(st.sampled_from(list(LANGUAGES)))
    value = copy.deepcopy(VALID[language])
    for _ in range(draw(st.integers(0, 4))):
        *path, last = draw(st.sampled_from([place for place in _places(value) if place]))
        parent = value
        for key in path:
            parent = parent[key]
        new = draw(_kinds | _leaves | st.lists(_leaves, max_size=3))
        is_added = isinstance(parent[last], str) and isinstance(new, str) and draw(st.booleans())
        parent[last] = f"{parent[last]} {new}" if is_added else new
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    return LANGUAGES[language], text[: draw(st.none() | st.integers(0, len(text)))]


@fuzz(answers(), count=150)
def test_answer_is_clean_script_or_refused(drawn):
    language, text = drawn
    try:
        script, _ = read_answer(text, request_in(language), "m")
    except (UnusableAnswer, PermanentError):
        return
    assert decode(Script, encode(script)) == script
    whole = encode(script).decode()
    assert visible(whole) == whole
    assert "\n# " not in to_markdown(script)
    assert all(section.narration for section in script.sections())


_numbers = st.floats() | st.integers(-(10**20), 10**20)


@st.composite
def pictures(draw):
    """Return a picture of a template with a few hostile parts, and marks for its narration."""
    value = copy.deepcopy(dict(EXAMPLES[draw(st.sampled_from(sorted(EXAMPLES)))]))
    for _ in range(draw(st.integers(0, 3))):
        *path, last = draw(st.sampled_from([place for place in _places(value) if place]))
        parent = value
        for key in path:
            parent = parent[key]
        parent[last] = draw(_leaves | _numbers | st.lists(_leaves | _numbers, max_size=3))
    names = [*value["states"]] if isinstance(value.get("states"), dict) else []
    marks = draw(st.lists(st.sampled_from([*names, "push", "list", "other"]), max_size=3))
    return value, "".join(f"[[{mark}]]" for mark in marks)


@fuzz(pictures(), count=150)
def test_picture_is_drawn_or_named(drawn):
    picture, marks = drawn
    written = answer(with_picture(lesson(), picture, marks))
    try:
        script, problems = read_answer(json.dumps(written), request_in("en-US"), "m")
    except (UnusableAnswer, PermanentError):
        return
    scene = script.scenes[2]
    assert "[[" not in scene.narration
    assert scene.visual.kind == "picture" or problems
    layout_problems(scene.visual.text)  # draws every state of it
    whole = encode(script).decode()
    assert visible(whole) == whole
