"""Fake of the `generateContent` method of Vertex AI and the Gemini Developer API.

It sends prepared replies in order, repeating the last one, and records the requests. Only the base
URL of the client under test is changed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as received."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def system_instruction(self) -> str:
        """Text of the system instruction."""
        return "".join(part["text"] for part in self.body["systemInstruction"]["parts"])

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Role and text of every turn."""
        return [
            (turn["role"], "".join(part["text"] for part in turn["parts"]))
            for turn in self.body["contents"]
        ]

    @property
    def student_data(self) -> dict[str, Any]:
        """JSON object between the delimiters of the first turn."""
        text = self.turns[0][1]
        opened, closed = "<student_request>\n", "\n</student_request>"
        assert text.startswith(opened)
        assert text.endswith(closed)
        data = text[len(opened) : -len(closed)]
        assert "<" not in data
        return json.loads(data)


@dataclass(frozen=True)
class Reply:
    """Answer to one request.

    Attributes:
        manner: ``"hang"`` sends nothing, ``"stall"`` stops within the body, ``"trickle"`` sends one
            byte at a time, ``"reset"`` closes the connection.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["answer", "hang", "stall", "trickle", "reset"] = "answer"


def _json(value: object, status: int = 200, **headers: str) -> Reply:
    sent = {"Content-Type": "application/json", **headers}
    return Reply(json.dumps(value).encode(), status, sent)


def text_reply(
    text: str,
    finish_reason: str | None = "STOP",
    *,
    tokens: tuple[int, int, int] = (1_000, 800, 200),
    cached: int = 0,
    thought: str = "",
    model: str = "",
) -> Reply:
    """Return a reply with one candidate.

    Args:
        text: Text of the candidate.
        finish_reason: Finish reason; None to leave it out.
        tokens: Tokens of the prompt, the candidate and the thoughts.
        cached: Tokens of the prompt that were cached.
        thought: Text of a thought part before the answer.
        model: The model that answered; empty to leave it out.
    """
    parts = [{"text": thought, "thought": True}] if thought else []
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [*parts, {"text": text}]}}
    if finish_reason:
        candidate["finishReason"] = finish_reason
    usage = _usage(*tokens) | ({"cachedContentTokenCount": cached} if cached else {})
    version = {"modelVersion": model} if model else {}
    return _json({"candidates": [candidate], "usageMetadata": usage, **version})


def _usage(prompt: int, candidates: int, thoughts: int) -> dict[str, int]:
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + candidates + thoughts,
    }


def stopped(finish_reason: str, blocked: str | None = None) -> Reply:
    """Return a reply whose candidate was stopped and has no content."""
    ratings = [{"category": blocked, "probability": "HIGH", "blocked": True}] if blocked else []
    candidate = {"finishReason": finish_reason, "safetyRatings": ratings}
    return _json({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1_000}})


def prompt_blocked(reason: str) -> Reply:
    """Return a reply without candidates, because the prompt was refused."""
    return _json({"promptFeedback": {"blockReason": reason}, "usageMetadata": {}})


def body(value: object) -> Reply:
    """Return a reply of status 200 with any JSON body."""
    return _json(value)


def failure(
    status: int, reason: str, message: str = "it failed", *, retry_delay: str = "", **headers: str
) -> Reply:
    """Return an error in Google's format, with a RetryInfo detail if a delay is given."""
    error: dict[str, Any] = {"code": status, "status": reason, "message": message}
    if retry_delay:
        error["details"] = [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay},
        ]
    return _json({"error": error}, status, **headers)


def page(status: int = 200) -> Reply:
    """Return an HTML page, as proxies and load balancers send it."""
    return Reply(b"<html><body>try later</body></html>", status, {"Content-Type": "text/html"})


HANG = Reply(b"", manner="hang")
RESET = Reply(b"", manner="reset")
STALL = Reply(b'{"candidates": [', manner="stall")
TRICKLE = Reply(b" " * 100_000, manner="trickle")


class VertexServer:
    """The running server.

    Attributes:
        url: Base URL.
        plan: Replies to send; the last one is repeated.
        requests: Requests received since the plan was set.
    """

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.plan: Sequence[Reply] = ()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def set_replies(self, *plan: Reply) -> None:
        """Clear the recorded requests and start a new plan of replies."""
        with self._lock:
            self.requests, self.plan = [], plan

    def close(self) -> None:
        """Stop the server and end hanging requests."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, request: ReceivedRequest) -> Reply:
        with self._lock:
            self.requests.append(request)
            return self.plan[min(len(self.requests), len(self.plan)) - 1]

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(server._next(ReceivedRequest(self.path, headers, json.loads(data))))

            def _send(self, reply: Reply) -> None:
                if reply.manner == "hang":
                    server._closing.wait()
                if reply.manner in ("hang", "reset"):
                    self.close_connection = True
                    return
                length = len(reply.body) + (reply.manner == "stall")
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(length)}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                try:
                    self._send_body(reply)
                except OSError:
                    self.close_connection = True  # the client has closed the connection

            def _send_body(self, reply: Reply) -> None:
                if reply.manner == "trickle":
                    for i in range(len(reply.body)):
                        self.wfile.write(reply.body[i : i + 1])
                        if server._closing.wait(0.02):
                            break
                    return
                self.wfile.write(reply.body)
                if reply.manner == "stall":
                    server._closing.wait()

        return Handler


@contextmanager
def vertex_server() -> Iterator[VertexServer]:
    """Run a server for the length of a block."""
    server = VertexServer()
    try:
        yield server
    finally:
        server.close()
