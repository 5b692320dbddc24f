"""The built-in request runs through every stage, and is recorded as a cost."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.settings.beam_options import VividlyOptions
from pipeline.settings.chosen_engines import (
    script_engine,
    sound_settings,
    video_engine,
    video_settings,
    voice_engine,
)
from transforms.errors import TransientError
from transforms.narration.narrate_script import Narrate
from transforms.process.retry import RetryPolicy
from transforms.script.write_script import WriteScript
from transforms.stage.canary import STUDENT
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.run import _RunStage
from transforms.stage.task import StageRuntime
from transforms.video.render_video import RenderVideo


@pytest.fixture
def runtime(place):
    return StageRuntime(
        RetryPolicy(120.0, 1), EngineLimits("script"), place.store, place.ledger, workers=1
    )


def stage_of(name, runtime):
    options = VividlyOptions([])
    steps: dict[str, Any] = {
        "script": lambda: WriteScript(script_engine(options).chosen(), runtime),
        "narration": lambda: Narrate(
            voice_engine(options).chosen(), runtime, sound_settings(options)
        ),
        "video": lambda: RenderVideo(
            video_engine(options).chosen(), video_settings(options), runtime
        ),
    }
    return _RunStage(steps[name]()._task, runtime)


@pytest.mark.parametrize("name", ["script", "narration", "video"])
def test_canary_passes_offline_stage(place, runtime, name):
    stage_of(name, runtime)._run_canary()
    [row] = place.ledger.requests()
    assert (row.status, row.stage, row.student_id) == ("completed", name, STUDENT)
    [stage] = place.ledger.stages(row.request_id)
    assert (stage.stage, stage.reused) == (name, False)
    assert stage.cost_usd == pytest.approx(row.cost_usd)
    assert not place.root.exists()
    assert place.ledger.totals().received == 0
    assert [each.cost_usd for each in place.ledger.costs("stage")] == [pytest.approx(row.cost_usd)]


def test_failed_canary_is_recorded_with_its_error(place, runtime, monkeypatch):
    stage = stage_of("script", runtime)

    def refuse(*_):
        raise TransientError("503")

    monkeypatch.setattr(type(stage._task), "perform", refuse)
    with pytest.raises(TransientError):
        stage._run_canary()
    [row] = place.ledger.requests()
    assert (row.status, row.error_type, row.error) == ("failed", "TransientError", "503")
    assert place.ledger.stages(row.request_id) == []
