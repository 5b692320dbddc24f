"""A request that is being worked on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transforms.model.request import ContentRequest, Message
from transforms.model.stages import Artifact, StageRecord


@dataclass(frozen=True)
class Claim:
    """The right to work on a request: void as soon as the ledger's row carries another token.

    Attributes:
        token: the fencing token.
        attempt: how often the request has been claimed, this time included.
        lease: seconds after which somebody else may take the request over, unless extended.
        alone: its message came before and was not settled; nothing else is to be worked on beside
            it, so that it is known if it is what stops the process.
    """

    token: str
    attempt: int
    lease: float = 120.0
    isolated: bool = False


@dataclass(frozen=True)
class Lesson:
    """A claimed request on its way through the stages, with what each stage has left so far."""

    message: Message
    request: ContentRequest
    claim: Claim
    records: tuple[StageRecord, ...] = ()

    def with_record(self, record: StageRecord) -> Lesson:
        """This lesson, one stage further."""
        return replace(self, records=(*self.records, record))

    def artifact(self, name: str) -> Artifact:
        """The artifact of that name.

        Raises:
            KeyError: no stage has left it.
        """
        for record in self.records:
            for artifact in record.artifacts:
                if artifact.name == name:
                    return artifact
        raise KeyError(name)

    @property
    def cost_usd(self) -> float:
        """What the stages so far cost, in US dollars."""
        return sum(record.cost_usd for record in self.records)
