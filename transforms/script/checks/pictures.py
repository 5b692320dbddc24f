"""Find visuals that cannot be drawn."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.model import Script
from transforms.script.engines.script_engine import Problem, Severity
from transforms.script.visual_rules import visual_problem


def check_pictures(script: Script) -> Sequence[Problem]:
    """Return the visuals that cannot be drawn; they are notes if most scenes can be drawn."""
    broken = {
        f"scenes.{at}.visual: {scene.visual.kind} cannot be drawn": problem
        for at, scene in enumerate(script.scenes)
        if (problem := visual_problem(scene.visual))
    }
    severity: Severity = "repair" if 2 * len(broken) > len(script.scenes) else "note"
    return [Problem(f"{visual}: {problem}", severity) for visual, problem in broken.items()]
