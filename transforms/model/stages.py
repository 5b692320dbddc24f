"""The stages, and what each of them leaves."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("script", "narration", "video", "publish")
"""The stages in the order data takes."""


@dataclass(frozen=True)
class Usage:
    """Something a stage consumed: `quantity` of `sku`, as `transforms.prices` lists it."""

    sku: str
    quantity: float


@dataclass(frozen=True)
class Artifact:
    """A file that a stage left in the artifact store.

    Attributes:
        alt: what a picture shows, in words, for those who do not see it.
    """

    name: str
    uri: str
    size: int
    sha256: str
    content_type: str
    alt: str = ""


@dataclass(frozen=True)
class StageRecord:
    """How one stage went.

    Attributes:
        fingerprint: hex digest of everything that shaped the result.
        seconds: wall time of the work itself; for a reused result, of the work that made it.
        reused: true when a valid result was found and no engine was called.
        attempts: tries it took, the successful one included.
    """

    stage: str
    engine: str
    fingerprint: str
    seconds: float
    cost_usd: float
    usage: tuple[Usage, ...]
    artifacts: tuple[Artifact, ...]
    attempts: int = 1
    reused: bool = False
