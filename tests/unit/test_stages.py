"""The stages are listed once, in `transforms.model.stages`."""

from __future__ import annotations

from pipeline.commands.dead_letters import PLACES
from transforms.model import MODALITIES, PROGRESS, STAGES, STAGES_OF


def test_each_modality_needs_one_more_stage():
    assert STAGES_OF == {
        "text": ("script",),
        "audio": ("script", "narration"),
        "video": ("script", "narration", "video"),
    }
    assert tuple(STAGES_OF) == MODALITIES
    assert (*STAGES_OF[MODALITIES[-1]], "publish") == STAGES


def test_progress_rises_and_is_never_complete():
    percents = [PROGRESS[stage] for stage in STAGES]
    assert percents == sorted(set(percents))
    assert 0 < percents[0] < percents[-1] < 100


def test_dead_letters_filter_offers_every_stage():
    assert ("parse", "claim", *STAGES) == PLACES
