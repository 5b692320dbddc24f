"""Checks of the settings of help for students in danger; most of them only warn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pipeline.jobs.preflight_check import Check
from transforms.crisis import help_text

MAX_AGE = timedelta(days=365)
"""Age of a telephone number from which it has to be compared with its source again."""


def care_checks(region: str | None, topic: str | None) -> Iterator[Check]:
    """Yield the checks of help for students in danger.

    Args:
        region: Setting `--care-region`.
        topic: Setting `--care-topic`.
    """
    if topic:
        yield Check(
            "care topic", lambda: _topic(topic),
            "create it, or correct --care-topic; the account needs the role Pub/Sub Publisher",
        )  # fmt: skip
    else:
        yield Check(
            "care topic", _no_topic,
            "give --care-topic, so that staff learn of students who need care (docs/care.md)",
            warns=True,
        )  # fmt: skip
    if region:
        yield Check(
            "care region", lambda: _region(region),
            "add the region to transforms/crisis/lines.toml, or correct --care-region", warns=True,
        )  # fmt: skip
    yield Check(
        "help numbers", _numbers,
        "compare the numbers in transforms/crisis/lines.toml with their sources, and enter date "
        "and name", warns=True,
    )  # fmt: skip


def _topic(topic: str) -> str:
    from transforms.pubsub_client import check_topic

    check_topic(topic)
    return topic


def _no_topic() -> str:
    raise ValueError("no person is told of students who need care")


def _region(region: str) -> str:
    if region not in help_text.regions():
        known = ", ".join(sorted(help_text.regions()))
        raise ValueError(f"there are no numbers for {region}; there are for {known}")
    return region


def _numbers() -> str:
    today = datetime.now(UTC).date()
    numbers = list(help_text.numbers())
    problems = [
        *_listed("older than a year", [c for c, n in numbers if today - n.date > MAX_AGE]),
        *_listed("confirmed by no person", [c for c, n in numbers if not n.checked_by]),
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return f"{len(numbers)} of {len(help_text.regions())} regions, all within a year"


def _listed(problem: str, codes: Sequence[str]) -> list[str]:
    return [f"{problem}: {', '.join(dict.fromkeys(codes))}"] if codes else []
