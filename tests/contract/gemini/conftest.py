"""A fake of Gemini, without settings of the developer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.fakes.vertex import VertexServer, text_reply, vertex_server
from tests.contract.gemini.support import GOOD


@pytest.fixture(autouse=True)
def _without_developer_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT",
                 "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_USE_VERTEXAI",
                 "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_HTTP_CLIENT",
                 "GOOGLE_APPLICATION_CREDENTIALS"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def _running() -> Iterator[VertexServer]:
    with vertex_server() as running:
        yield running


@pytest.fixture
def server(_running: VertexServer) -> VertexServer:
    _running.set_replies(text_reply(GOOD))
    return _running
