"""What flows through the graph: frozen values, written and read by one codec (`encode`, `decode`).

Elements carry URIs, never media bytes. Every class here is plain data; the JSON form made by
`encode` is what crosses a shuffle (`transforms.coder`), what the ledger keeps and what the artifact
store holds. `transforms.model.registry` says which change of a class needs a new version.
"""

from transforms.model.codec import decode, encode
from transforms.model.lesson import Claim, Lesson
from transforms.model.media import Narration, Sentence, Video
from transforms.model.outcome import Attempt, DeadLetter, Outcome, OutcomeStatus, Saving
from transforms.model.registry import MODELS, Model, model_of
from transforms.model.request import MODALITIES, ContentRequest, Message, Modality, Received
from transforms.model.script import (
    LETTERS,
    THINKING,
    QuizQuestion,
    Scene,
    Script,
    Section,
    Visual,
    VisualKind,
)
from transforms.model.stages import (
    ENGINE_STAGES,
    PROGRESS,
    STAGES,
    STAGES_OF,
    Artifact,
    StageRecord,
    Usage,
)

__all__ = [
    "ENGINE_STAGES",
    "LETTERS",
    "MODALITIES",
    "MODELS",
    "PROGRESS",
    "STAGES",
    "STAGES_OF",
    "THINKING",
    "Artifact",
    "Attempt",
    "Claim",
    "ContentRequest",
    "DeadLetter",
    "Lesson",
    "Message",
    "Modality",
    "Model",
    "Narration",
    "Outcome",
    "OutcomeStatus",
    "QuizQuestion",
    "Received",
    "Saving",
    "Scene",
    "Script",
    "Section",
    "Sentence",
    "StageRecord",
    "Usage",
    "Video",
    "Visual",
    "VisualKind",
    "decode",
    "encode",
    "model_of",
]
