"""A local server that speaks `generateContent`, as Vertex AI and the Gemini Developer API do.

Give it a plan of replies; it plays them in order (the last one again and again) and records what
was asked. Nothing of the client under test is replaced: only the address it talks to.
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
class Asked:
    """One request as it came over the wire."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def system_instruction(self) -> str:
        """The text of the system instruction."""
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
        """The JSON object between the delimiters of the first turn."""
        text = self.turns[0][1]
        opened, closed = "<student_request>\n", "\n</student_request>"
        assert text.startswith(opened)
        assert text.endswith(closed)
        data = text[len(opened) : -len(closed)]
        assert "<" not in data
        return json.loads(data)


@dataclass(frozen=True)
class Reply:
    """Answer of the server to one request.

    Attributes:
        manner: ``"hang"`` never answers, ``"stall"`` stops within the body, ``"trickle"`` sends a
            byte now and then, ``"reset"`` hangs up.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["answer", "hang", "stall", "trickle", "reset"] = "answer"


def _json(value: object, status: int = 200, **headers: str) -> Reply:
    sent = {"Content-Type": "application/json", **headers}
    return Reply(json.dumps(value).encode(), status, sent)


def says(
    text: str,
    finish_reason: str | None = "STOP",
    *,
    tokens: tuple[int, int, int] = (1_000, 800, 200),
    thought: str = "",
) -> Reply:
    """A candidate with this text.

    Args:
        tokens: of the prompt, the candidate and the thoughts.
        thought: text of a thought part in front of the answer.
    """
    parts = [{"text": thought, "thought": True}] if thought else []
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [*parts, {"text": text}]}}
    if finish_reason:
        candidate["finishReason"] = finish_reason
    return _json({"candidates": [candidate], "usageMetadata": _usage(*tokens)})


def _usage(prompt: int, candidates: int, thoughts: int) -> dict[str, int]:
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + candidates + thoughts,
    }


def stopped(finish_reason: str, blocked: str | None = None) -> Reply:
    """A candidate without content, stopped for a reason of its content."""
    ratings = [{"category": blocked, "probability": "HIGH", "blocked": True}] if blocked else []
    candidate = {"finishReason": finish_reason, "safetyRatings": ratings}
    return _json({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1_000}})


def prompt_blocked(reason: str) -> Reply:
    """No candidate: the prompt itself was refused."""
    return _json({"promptFeedback": {"blockReason": reason}, "usageMetadata": {}})


def body(value: object) -> Reply:
    """A 200 with any JSON body."""
    return _json(value)


def failure(
    status: int, reason: str, message: str = "it failed", *, retry_delay: str = "", **headers: str
) -> Reply:
    """An error in Google's form, with a RetryInfo detail if a delay is given."""
    error: dict[str, Any] = {"code": status, "status": reason, "message": message}
    if retry_delay:
        error["details"] = [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay},
        ]
    return _json({"error": error}, status, **headers)


def page(status: int = 200) -> Reply:
    """An HTML page, as a proxy or load balancer sends."""
    return Reply(b"<html><body>try later</body></html>", status, {"Content-Type": "text/html"})


HANG = Reply(b"", manner="hang")
RESET = Reply(b"", manner="reset")
STALL = Reply(b'{"candidates": [', manner="stall")
TRICKLE = Reply(b" " * 100_000, manner="trickle")


class VertexServer:
    """The running server: `url`, the `plan` still to be played, and what was `asked`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
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

    def plays(self, *plan: Reply) -> None:
        """Forget what was asked and play `plan` from now on."""
        with self._lock:
            self.asked, self.plan = [], plan

    def close(self) -> None:
        """Stop the server and release calls that still wait."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            return self.plan[min(len(self.asked), len(self.plan)) - 1]

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(server._next(Asked(self.path, headers, json.loads(data))))

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
                    self.close_connection = True  # the client did not wait

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
    """A server for the length of a block."""
    server = VertexServer()
    try:
        yield server
    finally:
        server.close()
