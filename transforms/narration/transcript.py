"""Renderer of a narration as plain text, the artifact `transcript.txt`."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.maths.markup import shown_text
from transforms.model import Narration, Script


def transcript(script: Script, narration: Narration) -> str:
    """Render a paragraph for each section of a narration, with its start time and heading.

    Args:
        script: the script with the headings.
        narration: the narration of that script.

    Returns:
        Text ending in one newline.
    """
    return "\n\n".join(_paragraphs(script, narration)) + "\n"


def _paragraphs(script: Script, narration: Narration) -> Iterator[str]:
    for index, section in enumerate(script.sections()):
        said = [s.text for s in narration.sentences if s.section == index]
        start = int(narration.sections[index][0])
        heading, words = (
            " ".join(text.split()) for text in (shown_text(section.heading), " ".join(said))
        )
        yield f"[{start // 60}:{start % 60:02d}] {heading}\n{words}".strip()
