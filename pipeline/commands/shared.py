"""Show or delete the results that requests share.

With `--reuse`, requests on one topic whose grades and interests are alike share scripts, narrations
and videos. `stats` prints number, size and original cost of the results by stage. `purge` deletes
those on one topic, for example after its card was corrected; lessons that have copies keep them.
Results older than 30 days are deleted by `vividly db prune`, or by the lifecycle of the bucket.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from transforms.model import StageRecord

HELP = "show or delete results that requests share"
EXAMPLES = """examples:
  vividly shared stats
  vividly shared stats --topic photosynthesis --json
  vividly shared purge --topic photosynthesis
"""
SETTINGS = ["artifacts"]


@dataclass(frozen=True)
class StageTotal:
    """Number, size and cost of one stage's shared results.

    Attributes:
        stage: The stage.
        results: Their number.
        topics: Number of their topics.
        bytes: Size of their files.
        made_for_usd: US dollars that making them has cost.
    """

    stage: str
    results: int
    topics: int
    bytes: int
    made_for_usd: float


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action and the topic."""
    parser.add_argument("action", choices=("stats", "purge"), help="show, or delete")
    parser.add_argument(
        "--topic", metavar="ID",
        help="id of a concept card, or of two compared ones joined by +; required by `purge`",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(chosen: argparse.Namespace) -> int:
    """Print the totals, or delete the results of a topic.

    Raises:
        UsageError: `purge` has no topic.
    """
    from pipeline.jobs.resources import artifact_store
    from transforms.artifacts.shared import SharedResults

    if chosen.action == "purge" and not chosen.topic:
        raise UsageError("`purge` takes --topic")
    shared = SharedResults(artifact_store(chosen))
    if chosen.action == "purge":
        purged = shared.purge(chosen.topic)
        text = f"{purged:,} results on {chosen.topic} deleted"
        print(json.dumps({"purged": purged}) if chosen.json else text)
        return 0
    records = (each for each in shared.records() if chosen.topic in (None, each.topic))
    totals = list(_totals(records))
    if chosen.json:
        print(json.dumps([asdict(each) for each in totals], indent=2))
    else:
        for each in totals:
            print(
                f"{each.stage}: {each.results:,} results on {each.topics:,} topics, "
                f"{each.bytes / 1e6:,.1f} MB, made for ${each.made_for_usd:,.6f}"
            )
        if not totals:
            print("no shared results")
    return 0


def _totals(records: Iterable[StageRecord]) -> Iterator[StageTotal]:
    by_stage: dict[str, list[StageRecord]] = {}
    for record in records:
        by_stage.setdefault(record.stage, []).append(record)
    for stage, found in by_stage.items():
        yield StageTotal(
            stage,
            len(found),
            len({record.topic for record in found}),
            sum(artifact.size for record in found for artifact in record.artifacts),
            round(sum(record.cost_usd for record in found), 8),
        )
