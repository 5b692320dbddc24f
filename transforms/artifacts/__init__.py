"""The artifact store: write-once files per request, on Cloud Storage or in a local folder."""

from transforms.artifacts.backend import (
    ArtifactConflict,
    ArtifactCorrupt,
    Source,
    SourceGone,
    Stored,
    StoredFile,
)
from transforms.artifacts.store import ArtifactStore, File

__all__ = [
    "ArtifactConflict",
    "ArtifactCorrupt",
    "ArtifactStore",
    "File",
    "Source",
    "SourceGone",
    "Stored",
    "StoredFile",
]
