"""Names of the stages, with their records and artifacts."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.model.request import MODALITIES, Modality

ENGINE_STAGES = ("script", "narration", "video")
"""The stages that run an engine, in order; each modality needs one more of them."""

STAGES = (*ENGINE_STAGES, "publish")
"""All stages, in order."""

STAGES_OF: dict[Modality, tuple[str, ...]] = {
    modality: ENGINE_STAGES[: depth + 1] for depth, modality in enumerate(MODALITIES)
}
"""The engine stages that a modality needs, in order."""

PROGRESS = dict(zip(STAGES, (25, 50, 90, 99), strict=True))
"""Percent of a request that is done after each stage; completion makes it 100."""


@dataclass(frozen=True)
class Usage:
    """A resource that a stage consumed.

    Attributes:
        sku: Name of the resource in the price table, `transforms.prices`.
        quantity: Number of units.
        priced_as: Name of the resource whose price counts if `sku` has none; empty for no other.
    """

    sku: str
    quantity: float
    priced_as: str = ""


@dataclass(frozen=True)
class Artifact:
    """A file that a stage left in the artifact store.

    Attributes:
        alt: Alternative text of a picture, for screen readers.
    """

    name: str
    uri: str
    size: int
    sha256: str
    content_type: str
    alt: str = ""


@dataclass(frozen=True)
class StageRecord:
    """The result of one stage of one lesson.

    Attributes:
        fingerprint: Hex digest of the stage's inputs (`transforms.process.fingerprints`).
        seconds: Wall time of the work; for a reused result, of the work that made it.
        cost_usd: Cost of the usage in US dollars.
        usage: Resources that the result took, also those of reused answers.
        reused: True if a valid stored result was used and no engine was called.
        calls_usd: Part of the cost that is recorded as paid calls.
        attempts: Number of tries, the successful one included.
        model: The model that answered; empty if the engine has none.
        fallback: True if the engine or model that was chosen first did not do the work.
        problems: Names of the checks that found something with which the result can be used.
        topic: Topic of a result that other requests may share, because it holds topic, grade band
            and interest only; empty for one that they may not.
        shared: Fingerprint under which the result was found among the shared ones; empty if it was
            made for this request.
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
    model: str = ""
    fallback: bool = False
    calls_usd: float = 0.0
    problems: tuple[str, ...] = ()
    topic: str = ""
    shared: str = ""

    @property
    def paid_usd(self) -> float:
        """US dollars that the result has cost this request: nothing if it is shared."""
        return 0.0 if self.shared else self.cost_usd
