"""Lesson: a claimed request on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple

from pydantic import Field

from transforms.model.request import ContentRequest, Message
from transforms.model.stages import Artifact, StageRecord


@dataclass(frozen=True)
class Claim:
    """The right to process a request, valid while the ledger's row carries its token.

    Attributes:
        token: Fencing token.
        attempt: Number of claims of the request so far, this one included.
        lease: Seconds until another worker can take the request over, unless it is renewed.
        isolated: True for a redelivered message whose worker may have died. It is processed alone,
            to find out whether it crashes the worker.
        entry: Number of the stage's entry that this worker made; 0 before it enters. It is not
            encoded: a worker that receives the element has to enter by itself.
    """

    token: str
    attempt: int
    lease: float = 120.0
    isolated: bool = False
    entry: Annotated[int, Field(exclude=True)] = field(default=0, compare=False)


class EntryKey(NamedTuple):
    """Request id, claim token and entry number, which fence every write about a lesson."""

    request_id: str
    token: str
    entry: int


@dataclass(frozen=True)
class Lesson:
    """A claimed request with the records of the stages it has passed."""

    message: Message
    request: ContentRequest
    claim: Claim
    records: tuple[StageRecord, ...] = ()

    @property
    def entry_key(self) -> EntryKey:
        """Key with which this worker's writes about the lesson are fenced."""
        return EntryKey(self.request.request_id, self.claim.token, self.claim.entry)

    def with_entry(self, number: int) -> Lesson:
        """Return a copy with the number of an entry; 0 for none."""
        return replace(self, claim=replace(self.claim, entry=number))

    def with_record(self, record: StageRecord) -> Lesson:
        """Return a copy with the record of one more stage."""
        return replace(self, records=(*self.records, record))

    def artifact(self, name: str) -> Artifact:
        """Return the artifact with a name; raise if no stage has made it.

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
        return sum(record.paid_usd for record in self.records)
