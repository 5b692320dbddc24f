"""A lesson rendered by each video engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.video_engines.support import ENGINES, Rendered, render
from transforms.video.engines.video_engine import VideoEngine, VideoSettings


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[[VideoSettings], VideoEngine]:
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def lesson(
    engine: Callable[[VideoSettings], VideoEngine], tmp_path_factory: pytest.TempPathFactory
) -> Rendered:
    settings = VideoSettings(workers=2)
    return render(engine, tmp_path_factory.mktemp("lesson"), settings=settings)
