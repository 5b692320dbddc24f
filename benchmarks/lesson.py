"""Benchmark lesson for renderers: a minute long, six scenes, three with a visual."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from transforms.model import Narration, Scene, Script, Visual
from transforms.narration.engines.offline.offline_voice import OfflineVoice
from transforms.narration.recording import record_narration
from transforms.stage.direct_calls import DirectCalls

_SCENES = (
    Scene(
        "What a plant needs",
        "A plant needs three things. Light from the sun, water from the soil, and carbon dioxide "
        "from the air.",
        ("Light from the sun", "Water from the soil", "Carbon dioxide from the air"),
    ),
    Scene(
        "Where it happens",
        "It happens in leaves. Inside their cells, small green chloroplasts catch the light. "
        "Tiny pores let the air in.",
        ("In the cells of leaves", "Chloroplasts catch the light", "Pores let the air in"),
    ),
    Scene(
        "Step by step",
        "Light splits water. The hydrogen is kept, the oxygen leaves, and sugar is built. "
        "None of it works in the dark.",
        (),
        Visual("process", "", ("Light splits water", "Oxygen leaves", "Sugar is built")),
    ),
    Scene(
        "In one line",
        "Six molecules of water and six of carbon dioxide make one of sugar and six of oxygen. "
        "Count the atoms: none is lost.",
        ("Six of each make one of sugar",),
        Visual("formula", r"6\,CO_2 + 6\,H_2O \rightarrow C_6H_{12}O_6 + 6\,O_2"),
    ),
    Scene(
        "Plants and animals",
        "Plants store energy in sugar, and give off oxygen. Animals use up both, "
        "and breathe out what plants take in.",
        (),
        Visual(
            "comparison", "", ("Plants | Animals", "Store energy | Use it", "Give oxygen | Take it")
        ),
    ),
    Scene(
        "Why it matters",
        "Nearly all food begins here. So does the oxygen that you are breathing right now. "
        "And wood, and cotton, and coal.",
        ("Nearly all food begins here", "So does the oxygen you breathe"),
    ),
)
SCRIPT = Script(
    title="Photosynthesis in a minute",
    hook="How does a plant make its food from nothing but light, air and water?",
    scenes=_SCENES,
    key_takeaways=(
        "Light, water and carbon dioxide go in.",
        "Sugar and oxygen come out.",
        "It happens in chloroplasts.",
    ),
    quiz=(),
    topic="photosynthesis",
    subject="biology",
    grade_level=8,
    sources=("A school book",),
)


def narrate_lesson(folder: Path, times: int = 1) -> tuple[Script, Narration]:
    """Narrate the lesson, its scenes repeated `times` times, into ``narration.m4a`` in a folder."""
    return narrate(replace(SCRIPT, scenes=_SCENES * times), folder)


def narrate(script: Script, folder: Path) -> tuple[Script, Narration]:
    """Narrate a script into ``narration.m4a`` in a folder."""
    narration, _ = record_narration(script, OfflineVoice(), folder, calls=DirectCalls(3600.0))
    return script, narration
