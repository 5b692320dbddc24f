"""Pub/Sub servers: the embedded one, and Google's emulator if present."""

from __future__ import annotations

import pytest

from tests.contract import google_emulator
from tests.contract.pubsub_server.support import Desk


@pytest.fixture(scope="session")
def google_host(tmp_path_factory):
    if reason := google_emulator.missing():
        pytest.skip(reason)
    with google_emulator.running(tmp_path_factory.mktemp("emulator")) as host:
        yield host


@pytest.fixture(params=["embedded", "google"])
def desk(request):
    """A desk on each of both servers."""
    if request.param == "google":
        made = Desk(request.getfixturevalue("google_host"))
    else:
        made = Desk(request.getfixturevalue("pubsub_server").host)
    yield made
    made.close()


@pytest.fixture
def ours(pubsub_server):
    """A desk on the embedded server only, for features that Google's emulator lacks."""
    made = Desk(pubsub_server.host)
    yield made
    made.close()
