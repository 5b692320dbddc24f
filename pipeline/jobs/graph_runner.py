"""GraphRunner runs the graph over lists of messages, for drain and batch.

The graph is translated once and run many times, each time in the calling thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from pipeline.graph import build
from pipeline.jobs.one_stage import OneStage, inspecting_dofns_once
from pipeline.monitoring.health import dependencies
from pipeline.monitoring.readiness import Check
from pipeline.settings.beam_options import VividlyOptions
from pipeline.settings.chosen_engines import script_engine
from transforms.artifacts import ArtifactStore
from transforms.errors import EnvironmentFault
from transforms.ledger import Ledger
from transforms.model import ContentRequest, Message, Outcome
from transforms.script.matching.shared_question import shared_question
from transforms.stage.budget import BudgetMeter, budget_meter
from transforms.stage.lapsed_claims import LapsedClaimsMeter, lapsed_claims_meter


@dataclass
class _Run:
    """The messages and outcomes of the run in progress on a thread."""

    messages: Sequence[Message]
    outcomes: list[Outcome] = field(default_factory=list)


_current = threading.local()


class _Take(beam.DoFn):
    def process(self, _: bytes) -> Iterator[Message]:
        yield from _current.run.messages


class _Report(beam.DoFn):
    def process(self, outcome: Outcome) -> None:
        _current.run.outcomes.append(outcome)


class GraphRunner:
    """Runs the graph over lists of messages, as one executable stage.

    Args:
        options: Settings of the graph.
        ledger: Store of claims and outcomes.
        store: Store of artifacts.
    """

    def __init__(self, options: VividlyOptions, ledger: Ledger, store: ArtifactStore) -> None:
        self._ledger = ledger
        self._store = store
        self._options = options
        with inspecting_dofns_once():
            self._graph = OneStage(_translated(options, ledger, store))

    def run(self, messages: Sequence[Message]) -> list[Outcome]:
        """Run the graph over messages on the calling thread.

        Returns:
            The outcomes; a message without an outcome is not settled.

        Raises:
            EnvironmentFault: A dependency cannot be reached, or this worker or its configuration
                is at fault. The next run finds the outcomes that were committed before.
        """
        _current.run = run = _Run(messages)
        try:
            self._graph.run()
        except EnvironmentFault as fault:
            raise fault.without_step() from None
        finally:
            del _current.run
        return run.outcomes

    def warm_up(self, runs: int) -> None:
        """Build the Beam workers for a number of concurrent runs."""
        with inspecting_dofns_once():
            self._graph.warm_up(runs)

    def checks(self) -> dict[str, Check]:
        """Return a readiness check for each dependency, by its name."""
        return dependencies(self._ledger, self._store)

    def shared_key(self, request: ContentRequest | None) -> Hashable | None:
        """Return a key that requests with shared results have in common; None if nothing is shared.

        Args:
            request: A request; None if the message is invalid.
        """
        reuse = self._options.reuse
        if request is None or reuse == "off":
            return None
        if reuse == "stage" and script_engine(self._options).chosen().paid:
            return None
        shared = shared_question(request)
        return shared.key if shared else None

    @property
    def meter(self) -> BudgetMeter:
        """This process's `BudgetMeter`."""
        return budget_meter(self._ledger)

    @property
    def lapsed_claims(self) -> LapsedClaimsMeter:
        """This process's `LapsedClaimsMeter`."""
        return lapsed_claims_meter(self._ledger)

    @property
    def budget_exhausted(self) -> bool:
        """True if the hourly budget is spent; false while the ledger cannot be read."""
        with contextlib.suppress(EnvironmentFault):
            return self.meter.exceeded(self._options.max_cost_per_hour)
        return False

    def uncount_delivery(self, messages: Sequence[Message]) -> None:
        """Close the messages' stage entries, so that they do not count as worker deaths."""
        self._ledger.close_entries([message.message_id for message in messages])


def _translated(options: VividlyOptions, ledger: Ledger, store: ArtifactStore) -> Any:
    """Return the graph as Beam's proto; it reads and reports the run of the calling thread."""
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    messages = (
        pipeline
        | "Start" >> beam.Impulse()
        | "Take messages" >> beam.ParDo(_Take()).with_output_types(Message)
    )
    outcomes = build(messages, options, ledger, store, may_defer=True, fused=True)
    _ = outcomes | "Report" >> beam.ParDo(_Report())
    return pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())
