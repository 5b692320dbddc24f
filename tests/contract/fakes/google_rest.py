"""Fake of Google's REST APIs for `gcloud`: records requests and sends prepared answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.contract.fakes.json_http import JsonHandler, http_server


@dataclass(frozen=True)
class Call:
    """A request; `path` excludes host and parameters."""

    method: str
    path: str
    body: Any


Answer = Callable[[Call], Any]


class NotFound(Exception):
    """The requested resource does not exist; sent as status 404."""


@dataclass
class GoogleRest:
    """The fake server.

    Attributes:
        url: URL of the server; used as a proxy for plain HTTP, it answers for any host.
        calls: Requests in order of arrival.
        routes: Pairs of ``METHOD pattern`` and answer; the first match is used.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    routes: list[tuple[str, Answer]] = field(default_factory=list)

    def on(self, route: str, answer: Answer | dict[str, Any]) -> None:
        """Add an answer to requests whose whole ``METHOD path`` matches a pattern."""
        self.routes.append((route, answer if callable(answer) else lambda _: answer))

    def answer(self, call: Call) -> Any:
        """Record a request and return its answer.

        Raises:
            NotFound: no route matches.
        """
        self.calls.append(call)
        for route, answer in self.routes:
            if re.fullmatch(route, f"{call.method} {call.path}"):
                return answer(call)
        raise NotFound(f"{call.method} {call.path}")

    def calls_by(self, method: str) -> list[Call]:
        """Return the requests with a method."""
        return [call for call in self.calls if call.method == method]


@contextmanager
def serving() -> Iterator[GoogleRest]:
    """Run a server without routes for the length of a block."""
    rest = GoogleRest()
    with http_server(partial(_Handler, rest)) as url:
        rest.url = f"{url}/"
        yield rest


class _Handler(JsonHandler):
    def __init__(self, rest: GoogleRest, *arguments: Any) -> None:
        self._rest = rest
        super().__init__(*arguments)

    def _serve(self) -> None:
        path = re.sub(r"^http://[^/]+|\?.*$", "", self.path)
        data = self.body()
        try:
            status, answer = 200, self._rest.answer(
                Call(self.command, path, json.loads(data) if data else None)
            )  # fmt: skip
        except NotFound as missing:
            status, answer = 404, {"error": {"code": 404, "message": f"not found: {missing}"}}
        self.reply(status, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve
