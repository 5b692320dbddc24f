"""Registry of model names and versions for the coders.

A name is independent of module paths, so a class can move while a running job holds its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from transforms.model.care import CareFinding
from transforms.model.lesson import Claim, Lesson
from transforms.model.media import Narration, Sentence, Video
from transforms.model.outcome import Attempt, DeadLetter, FailedStage, Outcome, Saving
from transforms.model.request import ContentRequest, Message, Received
from transforms.model.script import QuizQuestion, Scene, Script, Section, Visual
from transforms.model.stages import Artifact, StageRecord, Usage


@dataclass(frozen=True)
class Model:
    """Name and version that encode a model class.

    Attributes:
        name: Part of the coder's payload; keep it when the class is renamed or moved.
        version: 1 to 255, the first byte of every encoded value. Raise it, and that of every model
            that holds this one, when values written before can no longer be read: when a field
            without a default is added, or a field is renamed, removed or changes its type. A new
            field with a default needs no new version.
        cls: The class.
    """

    name: str
    version: int
    cls: type


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            # Elements of PCollections.
            Model("Message", 1, Message),
            Model("Received", 1, Received),
            Model("Lesson", 1, Lesson),
            Model("DeadLetter", 1, DeadLetter),
            Model("Outcome", 1, Outcome),
            # Parts of elements.
            Model("Artifact", 1, Artifact),
            Model("Attempt", 1, Attempt),
            Model("CareFinding", 1, CareFinding),
            Model("Claim", 1, Claim),
            Model("ContentRequest", 1, ContentRequest),
            Model("FailedStage", 1, FailedStage),
            Model("Saving", 1, Saving),
            Model("StageRecord", 1, StageRecord),
            Model("Usage", 1, Usage),
            # Files in the artifact store.
            Model("Narration", 1, Narration),
            Model("QuizQuestion", 1, QuizQuestion),
            Model("Scene", 1, Scene),
            Model("Script", 1, Script),
            Model("Section", 1, Section),
            Model("Sentence", 1, Sentence),
            Model("Video", 1, Video),
            Model("Visual", 1, Visual),
        )
    }
)
"""All models by name."""

_BY_CLASS = {model.cls: model for model in MODELS.values()}


def model_of(cls: type) -> Model:
    """Return the name and version under which a class is encoded.

    Raises:
        KeyError: The class is not registered.
    """
    return _BY_CLASS[cls]
