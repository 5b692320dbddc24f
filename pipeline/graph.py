"""Build the Beam graph that streaming, drain and batch jobs run.

A running streaming job can be updated only while labels and coders stay: a golden test holds them.
"""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from pipeline.settings.beam_options import VividlyOptions
from pipeline.settings.chosen_engines import (
    claim_checker,
    expected_usd,
    prices,
    script_engine,
    script_fallbacks,
    sound_settings,
    video_engine,
    video_settings,
    voice_engine,
)
from pipeline.settings.student_quota import student_quota
from transforms.artifacts import ArtifactStore
from transforms.care import CareForStudents
from transforms.claim import ClaimRequests, Refusal
from transforms.dead_letters import RepeatDeadLetters, WriteDeadLetters
from transforms.deduplicate import DeduplicateRequests, SettleDuplicates
from transforms.ledger import Ledger
from transforms.modality import BranchByModality
from transforms.narration.narrate_script import Narrate
from transforms.narration.voice_languages import VoiceLanguages
from transforms.parse import ParseRequests
from transforms.process.retry import RetryPolicy
from transforms.publish import PublishResults
from transforms.script.write_script import WriteScript
from transforms.shuffle import Shuffle
from transforms.stage.budget import Budget, RequestCost
from transforms.stage.rate_limit import EngineLimits
from transforms.stage.sharing import shared_script
from transforms.stage.task import StageRuntime
from transforms.video.picture_layouts import find_layout_problems
from transforms.video.render_video import RenderVideo

DEAD_LETTER_SHARDS = 2
"""Few, so that a bundle holds many dead letters: its ledger statement costs hardly more."""


class HeavyShards(NamedTuple):
    """Number of shards for narration and for video: lessons in work at the same time."""

    narration: int = 1
    video: int = 1


def build(
    messages: beam.PCollection,
    options: VividlyOptions,
    ledger: Ledger,
    store: ArtifactStore,
    may_defer: bool = False,
    fused: bool = False,
    shards: HeavyShards = HeavyShards(),  # noqa: B008  (immutable)
) -> beam.PCollection:
    """Add the graph to a pipeline: messages in, outcomes out.

    Args:
        messages: PCollection[Message].
        options: the graph's settings.
        ledger: ledger for claims and outcomes.
        store: store for artifacts.
        may_defer: the runner runs messages again whose decision is deferred; see
            `transforms.stage.failure_streak`.
        fused: the runner removes the shuffles; elements never wait between steps.
        shards: keyed shards before the heavy stages.

    Returns:
        PCollection[Outcome]: one for every message, emitted after it was committed to the ledger.
    """
    table = prices(options)
    limited = options.max_cost_per_request, options.max_cost_per_hour
    budget = Budget(ledger, *limited) if any(limited) else None
    queue_lease = None if fused else options.queue_lease

    def runtime(
        stage: str, engine: str, *, timeout: float, concurrency: int | None, per_minute: int | None
    ) -> StageRuntime:
        return StageRuntime(
            policy=RetryPolicy(timeout, options.max_tries),
            limits=EngineLimits(stage, engine, concurrency, per_minute, ledger),
            store=store,
            ledger=ledger,
            force=options.force,
            budget=budget,
            workers=options.workers,
            may_defer=may_defer,
            queue_lease=queue_lease,
            max_deliveries=options.max_deliveries,
            prices=table,
            reuse=options.reuse,
        )

    voice = voice_engine(options).chosen()
    verify = claim_checker(options)
    refusals: list[Refusal] = [VoiceLanguages(voice)]
    if options.max_cost_per_request:
        expected = expected_usd(options, table)
        refusals.append(RequestCost(ledger, options.max_cost_per_request, expected))
    parsed = messages | "Parse" >> ParseRequests()
    unique = parsed.requests | "Deduplicate" >> DeduplicateRequests(options.deduplicate_ttl)
    repeated = unique.duplicates | "Duplicates" >> SettleDuplicates(ledger)
    cared = (
        (unique.requests, repeated.requests)
        | "Requests" >> beam.Flatten()
        | "Care" >> CareForStudents(ledger, options.lease, options.care_region, options.care_topic)
    )
    claimed = cared.requests | "Claim" >> ClaimRequests(
        ledger, options.lease, queue_lease, refusals, student_quota(options)
    )
    branches = claimed.lessons | "By modality" >> BranchByModality()
    write_script = WriteScript(
        engine=script_engine(options).chosen(),
        runtime=runtime(
            "script",
            options.script_engine,
            timeout=options.script_timeout,
            concurrency=options.script_concurrency,
            per_minute=options.script_per_minute,
        ),
        fallbacks=[each.chosen() for each in script_fallbacks(options)],
        sources=options.sources,
        claim_checker=verify.chosen() if verify else None,
        layouts=find_layout_problems,
    )
    texts = branches.texts | "Text script" >> write_script
    scripted = branches.heavy | "Script" >> write_script
    queued = scripted.onward | "Before narration" >> Shuffle(shards.narration, shared_script)
    narrated = queued | "Narration" >> Narrate(
        engine=voice,
        sound=sound_settings(options),
        runtime=runtime(
            "narration",
            options.voice_engine,
            timeout=options.narration_timeout,
            concurrency=options.narration_concurrency,
            per_minute=options.narration_per_minute,
        ),
    )
    spoken = narrated.onward | "Before video" >> Shuffle(shards.video, shared_script)
    rendered = spoken | "Video" >> RenderVideo(
        engine=video_engine(options).chosen(),
        settings=video_settings(options),
        runtime=runtime(
            "video",
            options.video_engine,
            timeout=options.video_timeout,
            concurrency=options.video_concurrency,
            per_minute=options.video_per_minute,
        ),
    )
    published = (
        (texts.finished, narrated.finished, rendered.finished)
        | "Finished lessons" >> beam.Flatten()
        | "Publish"
        >> PublishResults(
            store,
            ledger,
            {"narration": options.voice_engine, "video": options.video_engine},
            options.workers,
            may_defer,
            queue_lease,
            options.max_deliveries,
            table,
        )
    )
    stages = (texts, scripted, narrated, rendered)
    dead = (
        [step.dead_letters for step in (parsed, claimed, *stages, published)]
        | "All dead letters" >> beam.Flatten()
        | "Before dead letters" >> Shuffle(DEAD_LETTER_SHARDS)
        | "Dead letters" >> WriteDeadLetters(ledger, options.dead_letter_topic)
    )
    again = claimed.outcomes | "Delivered again" >> RepeatDeadLetters(
        ledger, options.dead_letter_topic
    )
    settled = [step.outcomes for step in (repeated, cared, *stages, published)]
    return [*settled, again, dead] | "All outcomes" >> beam.Flatten()
