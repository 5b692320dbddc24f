"""Fake of Google's OAuth 2.0 token endpoint, with refreshes that hang or fail on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from google.oauth2.credentials import Credentials

from tests.contract.fakes.json_http import JsonHandler, http_server


@dataclass
class TokenServer:
    """The endpoint.

    Attributes:
        url: Its address, for the credentials.
        manner: ``"answer"`` with a token, ``"fail"`` with 503, or ``"refuse"`` the grant.
        refreshes: Number of requests received.
        asked: Set at the first request.
        held: While clear, answers wait.
    """

    url: str = ""
    manner: Literal["answer", "fail", "refuse"] = "answer"
    refreshes: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def credentials(self, expires_in: float = -60.0) -> Credentials:
        """Return a user's credentials; by default their token has expired."""
        expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=expires_in)
        return Credentials(
            token="old-token", refresh_token="r", token_uri=self.url, client_id="c",
            client_secret="s", expiry=expiry,
        )  # fmt: skip

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Count a request and return its answer."""
        with self._lock:
            self.refreshes += 1
        self.asked.set()
        self.held.wait(30)
        if self.manner == "fail":
            return 503, {"error": "temporarily_unavailable"}
        if self.manner == "refuse":
            return 400, {"error": "invalid_grant", "error_description": "account disabled"}
        return 200, {"access_token": f"token-{self.refreshes}", "expires_in": 3600}


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Run the endpoint on a free loopback port."""
    tokens = TokenServer()
    tokens.held.set()

    class Handler(JsonHandler):
        def do_POST(self) -> None:
            self.body()
            self.reply(*tokens.answer())

    with http_server(Handler) as url:
        tokens.url = f"{url}/token"
        try:
            yield tokens
        finally:
            tokens.held.set()
