"""`Ledger`: what the rest of the project knows of Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from transforms.ledger import cancel, costs, reads, records, replays
from transforms.ledger import claim_statement as claims
from transforms.ledger.costs import CostKey
from transforms.ledger.database import Database
from transforms.ledger.values import (
    CancelState,
    ClaimRequest,
    ClaimResult,
    ClaimStatus,
    CompletedLesson,
    CostRow,
    DeadLetterDetail,
    DeadLetterRow,
    LedgerStatus,
    ReplayState,
    RequestRow,
    StageRow,
    Totals,
)
from transforms.model import DeadLetter, Lesson, Message


@dataclass(frozen=True)
class Ledger(Database):
    """The truth about requests: who works on what, what has become of each message.

    Holds settings only. Connections are made when first needed, once per process and settings.
    Every method may be called from any thread, and raises `transforms.errors.DependencyDown` when
    Postgres cannot be reached; calling it again with the same values is then safe.
    """

    def unsettled(self, message_ids: Sequence[str]) -> set[str]:
        """The messages among these that were claimed before, and neither settled nor released."""
        return claims.unsettled(self, message_ids)

    def reset_deliveries(self, message_id: str) -> None:
        """A message has stopped nobody: its deliveries do not count towards `max_deliveries`."""
        claims.reset_deliveries(self, message_id)

    def claim(
        self, lessons: Sequence[ClaimRequest], lease: timedelta, max_deliveries: int
    ) -> list[ClaimResult]:
        """Decide for each message whether this caller works on its request.

        Args:
            lease: how long each claim holds unless it is extended.
            max_deliveries: a message received more often than this, deliveries that were released
                in order not counted, is poisoned.

        Returns:
            A result for each, in order.
        """
        return claims.claim(self, lessons, lease, max_deliveries)

    def heartbeat(self, claims: Sequence[tuple[str, str]], lease: float) -> set[str]:
        """Extend leases.

        Args:
            claims: pairs of request id and claim token.
            lease: seconds from now.

        Returns:
            The request ids for which none of the tokens given is good any more.
        """
        return records.heartbeat(self, claims, lease)

    def release(self, lessons: Sequence[Lesson]) -> set[str]:
        """Hand claims back unfinished, so that anybody may claim their requests at once.

        The deliveries do not count towards `max_deliveries`: for a shutdown, or when a dependency
        is down. The claims are void afterwards.

        Returns:
            The request ids that were still held.
        """
        return records.release(self, lessons)

    def uncount_delivery(self, message_ids: Sequence[str]) -> None:
        """Leave the last delivery of each message out of what counts towards `max_deliveries`.

        For messages that are worked on again, or handed back, though no worker died of them.
        """
        records.uncount_delivery(self, message_ids)

    def progress(self, updates: Sequence[tuple[Lesson, str, int]]) -> ClaimStatus:
        """Write down how far lessons have come, with a row for each finished stage.

        Also extends each lease by the claim's own length.

        Args:
            updates: lesson with its records so far, the stage it is in now, percent done.

        Returns:
            Whose claim is lost, and who is to stop because the request is to be cancelled.
        """
        return records.progress(self, updates)

    def complete(self, lessons: Sequence[CompletedLesson]) -> list[bool]:
        """Complete requests and settle their messages, in one transaction.

        Returns:
            For each whether it is completed under this claim; False: the claim is lost, or the
            request is to be cancelled (`progress` tells which).
        """
        return records.complete(self, lessons)

    def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Keep letters, fail their requests and settle their messages, in one transaction each.

        A letter without a claim fails the request only if its message owns it. A message that is
        settled already is left as it is.

        Returns:
            For each whether its message is settled; False: the claim is lost, nothing was written.
        """
        return records.dead_letter(self, letters)

    def duplicates(self, messages: Sequence[tuple[Message, str]]) -> list[bool]:
        """Settle messages of which the caller knows that another one asked for the same request.

        Args:
            messages: each with its request id.

        Returns:
            For each whether it is settled; False: this message itself owns the request, or nobody
            does yet, so it must be claimed.
        """
        return records.duplicates(self, messages)

    def cancel(self, request_ids: Sequence[str]) -> list[CancelState]:
        """Have requests stop where they are; what has ended, or is cancelled, stays as it is.

        Args:
            request_ids: canonical UUIDs, which need not have been received yet.

        Returns:
            What each is now, in order.
        """
        return cancel.cancel(self, request_ids)

    def requests(
        self,
        request_id: str | None = None,
        limit: int | None = 100,
        status: str | None = None,
        since: datetime | None = None,
    ) -> list[RequestRow]:
        """Requests, newest first.

        Args:
            limit: at most so many; None for all.
            since: created then or later.
        """
        return reads.requests(self, request_id, limit, status, since)

    def stages(self, request_id: str) -> list[StageRow]:
        """The stages of a request, in the order they ended."""
        return reads.stages(self, request_id)

    def dead_letters(
        self,
        request_id: str | None = None,
        stage: str | None = None,
        error: str | None = None,
        retryable: bool | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
    ) -> list[DeadLetterRow]:
        """Dead letters without their payload, newest first.

        Args:
            error: a part of the error's type, field or text, in any case.
            since: recorded then or later.
            limit: at most so many; None for all.
        """
        return reads.dead_letters(self, request_id, stage, error, retryable, since, limit)

    def dead_letter_detail(self, number: int) -> DeadLetterDetail | None:
        """A dead letter, whole, or None if there is none of that id."""
        return reads.dead_letter(self, number)

    def dead_letter_of(self, request_id: str, message_id: str) -> DeadLetterDetail | None:
        """The latest dead letter that a message left, or None if it left none."""
        return replays.letter_of(self, request_id, message_id)

    def replay_states(self, numbers: Sequence[int]) -> list[ReplayState]:
        """What has become of dead letters since; those that do not exist are left out."""
        return replays.states(self, numbers)

    def replayed(self, number: int, message_id: str) -> None:
        """Write down that a dead letter was published again, and as which message."""
        replays.replayed(self, number, message_id)

    def costs(
        self, key: CostKey, since: datetime | None = None, until: datetime | None = None
    ) -> list[CostRow]:
        """What was spent and saved, by what the stages have in common.

        Args:
            since: stages that ended then or later.
            until: stages that ended before then.
        """
        return costs.costs(self, key, since, until)

    def spent(self, within: timedelta) -> float:
        """US dollars that all workers have spent on stages within so long from now."""
        return costs.spent(self, within)

    def totals(self, since: datetime | None = None) -> Totals:
        """The accounts of all messages received, and of the requests created, since then."""
        return reads.totals(self, since)

    def check(self) -> LedgerStatus:
        """Reach the server and read the revision of its tables."""
        from transforms.ledger import migrate

        return migrate.check(self)
