"""The artifact store: write-once files by request, on Cloud Storage or on disk."""

from transforms.artifacts.backend import ArtifactConflict, ArtifactCorrupt, Stored
from transforms.artifacts.store import ArtifactStore, File

__all__ = ["ArtifactConflict", "ArtifactCorrupt", "ArtifactStore", "File", "Stored"]
