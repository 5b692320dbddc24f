"""Find pictures of a script whose layout is not legible; what draws is imported only then."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.model import Script


def find_layout_problems(script: Script) -> Sequence[tuple[int, str]]:
    """Return number of the scene and problem of each picture whose layout is not legible."""
    pictures = [
        (at, scene.visual.text)
        for at, scene in enumerate(script.scenes)
        if scene.visual.kind == "picture"
    ]
    if not pictures:
        return ()
    from transforms.video.templates.layout_check import layout_problems

    return [
        (at, problem)
        for at, text in pictures
        for problem in layout_problems(text, script.language, script.subject)
    ]
