"""The whole graph on one screen. Stream, drain and batch all build it here.

Labels and coders are part of what a running streaming job can be updated to: a test holds them.
"""

from __future__ import annotations

import apache_beam as beam

from pipeline.settings.beam_options import VividlyOptions, script_settings, voice_settings
from transforms.artifacts import ArtifactStore
from transforms.claim import ClaimRequests
from transforms.dead_letters import RepeatDeadLetters, WriteDeadLetters
from transforms.deduplicate import DeduplicateRequests, SettleDuplicates
from transforms.ledger import Ledger
from transforms.narration.narrate_script import Narrate
from transforms.narration.sound_settings import INTRO_SECONDS, SoundSettings
from transforms.parse import ParseRequests
from transforms.process.retry import RetryPolicy
from transforms.publish import PublishResults
from transforms.script.write_script import WriteScript
from transforms.stage.budget import Budget
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.task import StageRuntime
from transforms.video.engines.video_engine import VideoSettings
from transforms.video.plan.pages import Look
from transforms.video.render_video import RenderVideo


def build(
    messages: beam.PCollection,
    options: VividlyOptions,
    ledger: Ledger,
    store: ArtifactStore,
) -> beam.PCollection:
    """Turn messages into outcomes.

    Args:
        messages: PCollection[Message], from wherever the launcher takes them.
        options: the graph's settings.
        ledger: where claims and outcomes are kept.
        store: where artifacts are kept.

    Returns:
        PCollection[Outcome]: one for every message, emitted after it was committed to the ledger.
    """

    limited = options.max_cost_per_request, options.max_cost_per_hour
    budget = Budget(ledger, *limited) if any(limited) else None

    def runtime(stage: str, timeout: float) -> StageRuntime:
        at_once = getattr(options, f"{stage}_concurrency")
        limits = EngineLimits(stage, at_once, getattr(options, f"{stage}_per_minute"))
        policy = RetryPolicy(timeout, options.max_tries)
        return StageRuntime(
            policy, limits, store, ledger, options.force, budget=budget, workers=options.workers
        )

    width, height = options.video_size
    look = Look(options.video_theme, options.video_logo)
    sound = SoundSettings(options.music, intro=INTRO_SECONDS if options.video_intro else 0.0)

    parsed = messages | "Parse" >> ParseRequests()
    unique = parsed.requests | "Deduplicate" >> DeduplicateRequests(options.deduplicate_ttl)
    repeated = unique.duplicates | "Duplicates" >> SettleDuplicates(ledger)
    claimed = (
        (unique.requests, repeated.requests)
        | "Requests" >> beam.Flatten()
        | "Claim" >> ClaimRequests(ledger, options.lease, options.max_deliveries)
    )
    scripted = claimed.lessons | "Script" >> WriteScript(
        options.script_engine,
        script_settings(options),
        runtime("script", options.script_timeout),
    )
    narrated = scripted.onward | "Narration" >> Narrate(
        options.voice_engine,
        voice_settings(options),
        runtime("narration", options.narration_timeout),
        sound,
    )
    rendered = narrated.onward | "Video" >> RenderVideo(
        options.video_engine,
        VideoSettings(
            width,
            height,
            options.render_workers,
            options.constant_frame_rate,
            options.segment_cache,
            options.segment_cache_size * 1_000_000,
            look,
            options.video_intro,
            options.burn_captions,
            options.time_words,
        ),
        runtime("video", options.video_timeout),
    )
    published = (
        (scripted.finished, narrated.finished, rendered.finished)
        | "Finished lessons" >> beam.Flatten()
        | "Publish"
        >> PublishResults(
            store,
            ledger,
            {"narration": options.voice_engine, "video": options.video_engine},
            options.workers,
        )
    )
    steps = (parsed, claimed, scripted, narrated, rendered, published)
    dead = (
        [step.dead_letters for step in steps]
        | "All dead letters" >> beam.Flatten()
        | "Dead letters" >> WriteDeadLetters(ledger, options.dead_letter_topic)
    )
    again = claimed.outcomes | "Delivered again" >> RepeatDeadLetters(
        ledger, options.dead_letter_topic
    )
    settled = [step.outcomes for step in (repeated, scripted, narrated, rendered, published)]
    return [*settled, again, dead] | "All outcomes" >> beam.Flatten()
