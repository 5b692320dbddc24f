"""`transcript.txt`: everything that is said, for those who would rather read than listen."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.model import Narration, Script


def transcript(script: Script, narration: Narration) -> str:
    """A narration as plain text: a paragraph for each section, with its heading and when it begins.

    Args:
        script: the words and headings.
        narration: its timing, made from that script.

    Returns:
        Text ending in one newline.
    """
    return "\n\n".join(_paragraphs(script, narration)) + "\n"


def _paragraphs(script: Script, narration: Narration) -> Iterator[str]:
    for index, section in enumerate(script.sections()):
        said = [s.text for s in narration.sentences if s.section == index]
        start = int(narration.sections[index][0])
        heading, words = (" ".join(text.split()) for text in (section.heading, " ".join(said)))
        yield f"[{start // 60}:{start % 60:02d}] {heading}\n{words}".strip()
