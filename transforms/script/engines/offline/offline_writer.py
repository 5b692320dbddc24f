"""The offline script engine, which composes lessons from reviewed concept cards."""

from __future__ import annotations

import time
from collections.abc import Mapping

from transforms.errors import PermanentError
from transforms.model import ContentRequest, Usage
from transforms.script.cards.concept_card import load_cards
from transforms.script.engines.offline.comparison import compose_comparison
from transforms.script.engines.offline.compose import compose
from transforms.script.engines.script_engine import Repair, Written
from transforms.script.matching.asked_interest import asked_interest
from transforms.script.matching.topics import load_topic_index
from transforms.stage.paid_call import PaidCalls
from transforms.text.language import primary_subtag

VERSION = 3
"""Increased when the same card and request give another script."""


class OfflineScriptEngine:
    """Composes scripts from the cards that ship with this package.

    It is deterministic: with equal `identity` the same request gives the same script.

    Raises:
        CardError: a card breaks the format.
    """

    name = "offline"

    def __init__(self) -> None:
        self._library = load_cards()
        self._index = load_topic_index()

    @property
    def identity(self) -> Mapping[str, str | int | float | None]:
        """Return the version of the composer and the digest (SHA-256) of the cards."""
        return {"version": VERSION, "cards": self._library.digest}

    def check(self) -> str:
        """Return the number of cards."""
        return f"{len(self._library.cards)} concept cards"

    def write(
        self, request: ContentRequest, *, calls: PaidCalls, repair: Repair | None = None
    ) -> Written:
        """Compose the script for a request from the card that covers it.

        Args:
            request: a validated request.
            calls: the deadline; a few milliseconds are enough.
            repair: never given, because an equal request gives an equal script.

        Raises:
            PermanentError: no card covers the question, several do that it does not compare, or
                the language is not English.
        """
        started = time.thread_time()
        if primary_subtag(request.language) != "en":
            raise PermanentError(
                f"the offline script engine writes English only, not {request.language!r}: "
                "ask for language en-US, or use the gemini script engine"
            )
        cards = self._index.find(request.student_query, request.interest)
        if len(cards) == 2:
            script = compose_comparison(*cards, request)
        else:
            script = compose(cards[0], request, asked_interest(request, cards[0]))
        return Written(script, (Usage("cpu-seconds", time.thread_time() - started),))
