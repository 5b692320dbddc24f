"""The data model: frozen classes for the elements of the graph and their parts.

Elements carry URIs, never media bytes. One codec (`encode`, `decode`) gives the JSON form that
crosses a shuffle (`transforms.coder`) and is stored in the ledger and the artifact store.
`transforms.model.registry` defines which change of a class needs a new version.
"""

from transforms.model.care import CARE_CATEGORIES, CareCategory, CareFinding, CareLevel
from transforms.model.codec import decode, encode
from transforms.model.lesson import Claim, EntryKey, Lesson
from transforms.model.media import Narration, Sentence, Video
from transforms.model.outcome import (
    Attempt,
    DeadLetter,
    FailedStage,
    Outcome,
    OutcomeStatus,
    Saving,
)
from transforms.model.registry import MODELS, Model, model_of
from transforms.model.request import (
    MODALITIES,
    REPLAY_ATTRIBUTE,
    RESERVED,
    ContentRequest,
    Message,
    Modality,
    Received,
)
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
    "CARE_CATEGORIES",
    "ENGINE_STAGES",
    "LETTERS",
    "MODALITIES",
    "MODELS",
    "PROGRESS",
    "REPLAY_ATTRIBUTE",
    "RESERVED",
    "STAGES",
    "STAGES_OF",
    "THINKING",
    "Artifact",
    "Attempt",
    "CareCategory",
    "CareFinding",
    "CareLevel",
    "Claim",
    "ContentRequest",
    "DeadLetter",
    "EntryKey",
    "FailedStage",
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
