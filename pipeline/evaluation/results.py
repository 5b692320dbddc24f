"""Results of an evaluation: one `RowResult` per row, kept as JSON and read as a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from pipeline.usage_error import UsageError
from transforms.process.named_errors import naming

Outcome = Literal["lesson", "refused", "failed"]


@dataclass(frozen=True)
class RowResult:
    """The engine's answer to one row, and its faults.

    Attributes:
        outcome: ``"failed"``: the engine gave neither a lesson nor a refusal.
        refuse: The row had to be refused.
        care: The student is in danger.
        found_care: The words were found to be those of a student in danger.
        faults: Names of the checks that found a problem, and those of `pipeline.evaluation.judge`.
        details: The problems, in words.
        usd: Cost of the calls in US dollars.
        seconds: Time of the answer; that of the first run if it came from the cache.
        verdicts: Verdicts of judges by name: whether the lesson passed.
        judges_usd: Cost of the judges' calls in US dollars.
    """

    id: str
    kind: str
    query: str
    outcome: Outcome
    refuse: bool
    care: bool = False
    found_care: bool = False
    faults: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    usd: float = 0.0
    seconds: float = 0.0
    verdicts: Mapping[str, bool] = field(default_factory=dict)
    judges_usd: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether the row was answered or refused as expected, and nothing serious was found."""
        return not set(self.faults) - MINOR


MINOR = frozenset({"reading_level"})
"""Faults that do not make an answer wrong."""


@dataclass(frozen=True)
class Evaluation:
    """Results of one engine on one golden set.

    Attributes:
        engine: Name of the engine.
        identity: What shapes its answers: version, model, digest of the prompt.
        golden_set: SHA-256 of the golden set.
    """

    engine: str
    identity: Mapping[str, Any]
    golden_set: str
    rows: tuple[RowResult, ...]


_ADAPTER = TypeAdapter(Evaluation)


def read_baseline(file: Path) -> Evaluation:
    """Read an earlier evaluation from its JSON file.

    Raises:
        UsageError: The file holds something else.
        OSError: The file cannot be read.
    """
    with naming(file):
        data = file.read_bytes()
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(
            f"{file}: {where}: {first['msg']}; give the JSON that `vividly evaluate --output` wrote"
        ) from error
