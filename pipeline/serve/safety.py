"""Safety: ASGI middleware that refuses requests from other machines and from other sites.

A page of another site can make a browser send requests to a loopback port, under its own host name
too (DNS rebinding). So the `Host` and `Origin` headers must name this server, and forms carry a
token that only its pages hold.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from transforms.strict_json import MAX_BYTES

MAX_BODY = 2 * MAX_BYTES
"""Most bytes of a request's body; a larger message is refused with its size."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

_READING = ("GET", "HEAD", "OPTIONS")


def content_policy(media: Iterable[str] = ()) -> str:
    """Return the content security policy of the pages.

    Args:
        media: Further origins of pictures and recordings.
    """
    sources = " ".join(("'self'", "data:", *media))  # data: holds captions and chapters
    return "; ".join((
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        f"img-src {sources}",
        f"media-src {sources}",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types default",
    ))  # fmt: skip


class CsrfToken:
    """Secret in the forms of this process; another site cannot read it."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def matches(self, given: str) -> bool:
        """Return whether a form's token is the secret of this process."""
        return hmac.compare_digest(given.encode(), self.value.encode())


class TooLarge(Exception):
    """The body has more than `MAX_BODY` bytes; the application answers with `too_large`."""


class Safety:
    """ASGI middleware that refuses foreign hosts and origins and large bodies.

    Args:
        app: Application that gets what is accepted.
        port: Port that the server listens on.
        policy: Content security policy of every answer that has none of its own.
    """

    def __init__(self, app: ASGIApp, port: int, policy: str) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in LOOPBACK_NAMES}
        self._headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",  # `no-referrer` would make the origin of forms `null`
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse an HTTP request, or pass it on to the application."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))
        body = _Bounded(receive)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal:
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, body, with_headers)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("this server answers on this machine only", 421)
        if method not in _READING and not self._is_own(headers):
            return PlainTextResponse("requests of other sites are refused", 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY:
            return too_large()
        return None

    def _is_own(self, headers: Headers) -> bool:
        """Return whether a request comes from a page of this server, or from no browser page."""
        origin = headers.get("origin")
        if origin is not None:
            parts = urlsplit(origin)
            return parts.scheme == "http" and parts.netloc.lower() == headers["host"].lower()
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


class _Bounded:
    """Receives the body of a request; raises if it exceeds `MAX_BODY` bytes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY:
            raise TooLarge
        return message


def too_large(*_: object) -> PlainTextResponse:
    """Return the 413 response to a body that is too large.

    The connection stays open: closing it with bytes unread would reset it, and lose the answer.
    The server reads and drops the rest.
    """
    return PlainTextResponse(f"a request has at most {MAX_BODY:,} bytes", 413)
