"""Lesson: a claimed request on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transforms.model.request import ContentRequest, Message
from transforms.model.stages import Artifact, StageRecord


@dataclass(frozen=True)
class Claim:
    """The right to process a request, valid while the ledger's row carries its token.

    Attributes:
        token: Fencing token.
        attempt: Number of claims of the request so far, this one included.
        lease: Seconds until another worker can take the request over, unless it is renewed.
        isolated: True for a redelivered message that is not settled. It is processed alone, to
            find out whether it crashes the worker.
    """

    token: str
    attempt: int
    lease: float = 120.0
    isolated: bool = False


@dataclass(frozen=True)
class Lesson:
    """A claimed request with the records of the stages it has passed."""

    message: Message
    request: ContentRequest
    claim: Claim
    records: tuple[StageRecord, ...] = ()

    def with_record(self, record: StageRecord) -> Lesson:
        """Return a copy with the record of one more stage."""
        return replace(self, records=(*self.records, record))

    def artifact(self, name: str) -> Artifact:
        """Return the artifact of a name.

        Raises:
            KeyError: No stage has produced it.
        """
        for record in self.records:
            for artifact in record.artifacts:
                if artifact.name == name:
                    return artifact
        raise KeyError(name)

    @property
    def cost_usd(self) -> float:
        """Cost of the stages so far in US dollars."""
        return sum(record.cost_usd for record in self.records)
