"""Pages of the sections of a script: which of its texts a slide shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from transforms.model import Script, Section, Visual
from transforms.pictures.picture import picture_labels, standing_picture
from transforms.text.capitals import capitalize_first
from transforms.text.drawable_text import clean
from transforms.text.labels import labels_for
from transforms.text.language import primary_subtag
from transforms.text.sentences import split_sentences
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import PLAIN, Look, Page
from transforms.video.plan.visual_texts import is_drawn


class Content(NamedTuple):
    """What a slide shows below its heading."""

    lines: tuple[str, ...]
    visual: Visual


def section_pages(script: Script, typesetter: Typesetter, look: Look = PLAIN) -> list[Page]:
    """Return the page of each section.

    Args:
        script: the lesson.
        typesetter: drops characters without a glyph.
        look: appearance that all slides share.
    """
    sections = script.sections()
    contents = zip(sections, slide_contents(sections), strict=True)
    return [
        _page(script, section, index, content, typesetter, look)
        for index, (section, content) in enumerate(contents)
    ]


def slide_contents(sections: Sequence[Section]) -> Iterator[Content]:
    """Yield what the slide of each section shows below its heading.

    Beside a visual, no line repeats a sentence of the narration. A slide that would show nothing
    but sentences of its narration shows the latest picture, as it last stood.
    """
    latest = Visual()
    for section in sections:
        content = _content(section)
        if latest.kind == "picture" and _only_repeats(section, content):
            content = Content((), latest)
        if content.visual.kind == "picture":
            latest = replace(content.visual, text=standing_picture(content.visual.text))
        yield content


def _content(section: Section) -> Content:
    """Return lines and visual of a section's slide, without regard to the slide before."""
    if section.kind == "title":
        return Content((section.narration,), section.visual)
    lines, visual = section.bullets, section.visual
    if visual.kind == "picture":
        if picture_labels(visual.text):
            return Content((), visual)  # the picture takes the whole slide
        visual = Visual()
    if section.kind == "scene" and is_drawn(visual):
        said = split_sentences(section.narration)
        lines = tuple(line for line in lines if line not in (*visual.items, *said))
    return Content(lines, visual)


def _only_repeats(section: Section, content: Content) -> bool:
    if section.kind != "scene" or content.visual.kind not in ("bullets", "quote"):
        return False
    texts = {*content.lines, content.visual.text, *content.visual.items} - {""}
    return texts <= {*split_sentences(section.narration)}


def _page(
    script: Script, section: Section, index: int, content: Content, typesetter: Typesetter,
    look: Look,
) -> Page:  # fmt: skip
    question, (lines, visual) = section.question, content
    return Page(
        section.kind,
        script.subject,
        script.language,
        typesetter.prepare(_label(script, section, index)),
        typesetter.prepare(question.question if question else section.heading),
        # A choice without drawable characters stays, empty, so that the others keep their letters.
        tuple(map(typesetter.prepare, lines)) if question else prepare_all(lines, typesetter),
        replace(
            visual,
            text=_visual_text(visual, typesetter),
            items=prepare_all(visual.items, typesetter),
        ),
        question.answer if question else 0,
        typesetter.prepare(question.explanation) if question else "",
        look,
    )


def _label(script: Script, section: Section, index: int) -> str:
    """Return the position in the lesson; subjects and grades are added in English only."""
    english = primary_subtag(script.language) == "en"
    subject = capitalize_first(script.subject.replace("-", " ").replace("_", " ").strip())
    of = "of" if english else "/"
    detail = {
        "title": f"Grade {script.grades}" if english else "",
        "scene": f"{index} {of} {len(script.scenes)}",
    }.get(section.kind, "")
    if section.question:
        detail = labels_for(script.language).quiz
    return " · ".join(part for part in (subject if english else "", detail) if part)


def _visual_text(visual: Visual, typesetter: Typesetter) -> str:
    """Return the text of a visual without undrawable characters; a formula has its own fonts."""
    if visual.kind == "picture":
        return visual.text
    formula = visual.kind in ("formula", "worked")
    return clean(visual.text) if formula else typesetter.prepare(visual.text)


def prepare_all(texts: Sequence[str], typesetter: Typesetter) -> tuple[str, ...]:
    """Return texts as they can be set, without those that have no drawable character."""
    return tuple(text for text in map(typesetter.prepare, texts) if text)
