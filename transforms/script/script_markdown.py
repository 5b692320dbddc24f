"""Renderer of a script as Markdown, the artifact `script.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transforms.maths.markup import shown_formula, shown_text
from transforms.model import QuizQuestion, Scene, Script, Visual
from transforms.pictures.picture import picture_labels
from transforms.text.capitals import capitalize_first
from transforms.text.labels import unchecked_label
from transforms.text.pace import pace_for

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_BLOCK_START = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=:])")


def to_markdown(script: Script) -> str:
    """Render hook, scenes, takeaways, quiz, answers and sources of a script as Markdown.

    Args:
        script: its text is escaped, so that hostile text can neither add markup nor leave its
            paragraph.

    Returns:
        CommonMark with GitHub tables, ending in one newline.
    """
    return "\n\n".join(_blocks(script)) + "\n"


def _blocks(script: Script) -> Iterator[str]:
    subject = capitalize_first(script.subject.replace("-", " "))
    minutes = max(1, round(script.spoken_words / pace_for(script.grade_level).words_per_minute))
    yield f"# {_text(script.title)}"
    yield f"*{_text(subject)} · grade {script.grades} · about {minutes} min*"
    yield f"**{_text(script.hook)}**"
    for scene in script.scenes:
        yield from _scene(scene, script.language)
    yield "## Key takeaways"
    yield _list(script.key_takeaways)
    if script.quiz:
        yield "## Quiz"
        for number, question in enumerate(script.quiz, start=1):
            yield f"**{number}.** {_text(question.question)}"
            yield "\n".join(
                f"- {_letter(index)}) {_text(choice)}"
                for index, choice in enumerate(question.choices)
            )
        yield "## Answers"
        yield "\n".join(
            f"{number}. {_answer(question)}" for number, question in enumerate(script.quiz, start=1)
        )
    yield "## Sources"
    if script.sources:
        yield "\n".join(f"{number}. {_text(each)}" for number, each in enumerate(script.sources, 1))
    else:
        yield _text(unchecked_label(script.language))


def _scene(scene: Scene, language: str) -> Iterator[str]:
    yield f"## {_text(scene.heading)}"
    cited = f" \\[{', '.join(map(str, scene.sources))}\\]" if scene.sources else ""
    yield _text(scene.narration) + cited
    bullets = [
        bullet
        for bullet in scene.bullets
        if bullet not in scene.visual.items and bullet not in scene.narration
    ]
    if bullets:
        yield _list(bullets)
    yield from _visual(scene.visual, language)


def _visual(visual: Visual, language: str) -> Iterator[str]:
    if visual.kind == "definition":  # the narration states it already
        return
    if visual.kind == "picture":
        yield _list(picture_labels(visual.text, language))
        return
    if visual.kind in ("formula", "worked") and visual.text:
        yield f"Formula: {_text(shown_formula(visual.text))}"
    elif visual.kind == "quote":  # without an author, the narration states it already
        if visual.items:
            yield f"> {_text(visual.text)}\n>\n> – {_text(', '.join(visual.items))}"
        return
    elif visual.text:
        yield f"*{_text(visual.text)}*"
    if visual.kind == "comparison" and visual.items:
        yield _table(visual.items)
    elif visual.kind in ("steps", "process", "cycle", "worked") and visual.items:
        yield "\n".join(
            f"{number}. {_text(item)}" for number, item in enumerate(visual.items, start=1)
        )
    elif visual.items:
        yield _list(visual.items)


def _table(rows: Sequence[str]) -> str:
    cells = [[_text(cell) for cell in row.split(" | ")] for row in rows]
    width = max(map(len, cells))
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
    return "\n".join((lines[0], f"|{' --- |' * width}", *lines[1:]))


def _answer(question: QuizQuestion) -> str:
    correct = question.choices[question.answer]
    return f"**{_letter(question.answer)}) {_text(correct)}** – {_text(question.explanation)}"


def _letter(index: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 26]


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {_text(item)}" for item in items)


def _text(text: str) -> str:
    """Escape a text as one line of Markdown, with plain-text formulas; a dash if empty."""
    line = _SPECIAL.sub(r"\\\1", " ".join(shown_text(text).split()))
    return _BLOCK_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line) or "–"
