"""Texts that stand on the slides of a lesson; what sets type is imported only then."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.model import Script


def slide_texts(script: Script) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what each scene says, and the texts that its slide shows below the heading."""
    from transforms.pictures.picture import picture_labels
    from transforms.video.plan.pages import MAX_BULLETS
    from transforms.video.plan.section_pages import slide_contents

    sections = script.sections()
    for section, (lines, visual) in zip(sections, slide_contents(sections), strict=True):
        if section.kind == "scene":
            drawn = visual.kind == "picture"
            labels = picture_labels(visual.text, script.language) if drawn else (visual.text,)
            yield section.narration, (*lines[:MAX_BULLETS], *labels, *visual.items)
