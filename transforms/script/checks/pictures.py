"""Check of the visuals of a script: inputs that cannot be drawn, and illegible layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from transforms.model import ContentRequest, Script, Visual
from transforms.script.engines.script_engine import Problem, Severity
from transforms.script.visual_rules import visual_problem

FindLayoutProblems = Callable[[Script], Sequence[tuple[int, str]]]
"""Returns number of the scene and problem of each picture whose layout is not legible.

Drawing belongs to another stage, so the pipeline passes the function in.
"""


def check_pictures(script: Script) -> Sequence[Problem]:
    """Return a problem for each visual that cannot be drawn; a note if most can be drawn."""
    broken = {
        f"scenes.{at}.visual: {scene.visual.kind} cannot be drawn": problem
        for at, scene in enumerate(script.scenes)
        if (problem := visual_problem(scene.visual))
    }
    severity: Severity = "repair" if 2 * len(broken) > len(script.scenes) else "note"
    return [Problem(f"{visual}: {problem}", severity) for visual, problem in broken.items()]


class LayoutCheck:
    """Check that asks for a repair of each picture whose layout is not legible.

    Args:
        find: finds these pictures.
    """

    def __init__(self, find: FindLayoutProblems) -> None:
        self._find = find

    def __call__(
        self, script: Script, request: ContentRequest, passages: Sequence[str] = ()
    ) -> Sequence[Problem]:
        return [
            Problem(f"scenes.{at}.picture: {problem}", "repair", "pictures")
            for at, problem in self._find(script)
        ]

    def without_illegible(self, script: Script) -> Script:
        """Replace the illegible pictures of a script with bullets."""
        illegible = {at for at, _ in self._find(script)}
        scenes = (
            replace(scene, visual=Visual()) if at in illegible else scene
            for at, scene in enumerate(script.scenes)
        )
        return replace(script, scenes=tuple(scenes)) if illegible else script
