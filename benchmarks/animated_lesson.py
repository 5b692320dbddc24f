"""Benchmark lesson for renderers in which every scene has a moving picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.lesson import SCRIPT
from transforms.model import Scene, Script
from transforms.pictures.examples import EXAMPLES
from transforms.script.cards.pictures import Picture
from transforms.script.engines.offline.scene_pictures import show_pictures

_TOLD = {
    "bodies": "[[push]]You push a cart, and [[rub]]friction pulls it back. "
    "What is left is the [[net]]net force. [[heavy]]Beside it stands a heavier cart. "
    "[[go]]Both start to roll, and the lighter one gets away faster with every second.",
    "cells": "[[list]]Here is a sorted list. [[one]]Look in the middle, and drop the left half. "
    "[[two]]Look in the middle of the rest. [[three]]Now it is found.",
    "plot": "[[curve]]The parabola opens upward. It [[roots]]meets the axis twice. "
    "[[one]]Raise it until it touches the axis once. [[none]]Raise it more, and it meets none.",
    "bars": "[[first]]One shop takes off a quarter. "
    "[[second]]Another one takes off thirty percent.",
    "timeline": "[[war]]The war lasted four years. [[marne]]It stalled at the Marne.",
}


def animated_script() -> Script:
    """Return a lesson of about a minute, in which a picture moves in every scene."""
    scenes = [Scene(f"A picture of {name}", text, ("",)) for name, text in _TOLD.items()]
    pictures = [_picture(name, dict(EXAMPLES[name])) for name in _TOLD]
    shown = tuple(show_pictures(_named(scenes), pictures, {}))
    return replace(SCRIPT, title="Pictures in a minute", scenes=shown, subject="physics")


def _picture(name: str, example: dict[str, Any]) -> Picture:
    states = example.pop("states", {})
    return Picture(name, example.pop("template"), example, states)


def _named(scenes: list[Scene]) -> list[Scene]:
    """Prefix the marks of scenes with their picture's name, as some pictures have equal states."""
    return [
        replace(scene, narration=scene.narration.replace("[[", f"[[{name}."))
        for scene, name in zip(scenes, _TOLD, strict=True)
    ]
