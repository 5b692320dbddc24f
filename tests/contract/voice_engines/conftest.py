"""A fake of Google's speech service, over either transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import pytest

from tests.contract.fakes.texttospeech import FakeSpeech, connected, serve
from transforms.narration.engines.google.google_tts import GoogleVoice


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest) -> Literal["grpc", "rest"]:
    return request.param


@pytest.fixture
def google(transport: Literal["grpc", "rest"]) -> Iterator[FakeSpeech]:
    with serve(transport) as fake:
        yield fake


@pytest.fixture
def connect(google: FakeSpeech, transport: Literal["grpc", "rest"]) -> Callable[..., GoogleVoice]:
    return partial(connected, google, transport)
