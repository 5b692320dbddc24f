"""Writer of the help text for a student in danger.

The text is put together from `help.toml` and the lines of the student's region in `lines.toml`. It
holds nothing that the student wrote.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.model import CARE_CATEGORIES, CareCategory, CareFinding
from transforms.text.language import region_subtag

ENGLISH = "en"


@dataclass(frozen=True)
class HelpLine:
    """A telephone number of a help service, with its source and last check.

    Attributes:
        name: Name of the service; empty for emergencies.
        number: The number as it is dialled in the region.
        source: Address at which it is published.
        date: Day on which it was compared with the source.
        checked_by: Name of the person who confirmed it; empty if no person has.
        categories: What it is for.
    """

    name: str
    number: str
    source: str
    date: date
    checked_by: str
    categories: tuple[CareCategory, ...] = CARE_CATEGORIES


@dataclass(frozen=True)
class Region:
    """Emergency number and help lines of one region."""

    emergency: HelpLine
    lines: tuple[HelpLine, ...]


def region_of(language: str, default: str | None) -> str:
    """Return a student's region, from the language tag in the message or the default.

    Args:
        language: The tag in the message; empty if it has none. Never a default of the pipeline.
        default: Region that the operator states for students without one.

    Returns:
        The region's code; empty if it is not known. It may be one without numbers.
    """
    return region_subtag(language) or (default or "").upper()


def help_text(finding: CareFinding, region: str) -> str:
    """Write the help text for a finding, with the numbers of a region.

    Args:
        finding: What was found; decides language, opening and lines.
        region: Region as `region_of` returns it; one without numbers gives a text without any.
    """
    words = _texts().get(finding.language) or _texts()[ENGLISH]
    found = regions().get(region)
    parts = [words["opening" if finding.level == "urgent" else "opening_unsure"]]
    if finding.category == "abuse":
        parts.append(words["abuse"])
    if found:
        parts.append(words["danger"].format(emergency=found.emergency.number))
        parts += [
            words["line"].format(line=line.name, number=line.number)
            for line in found.lines
            if finding.category in line.categories
        ]
    else:
        parts.append(words["danger_anywhere"])
    return " ".join((*parts, words["closing"]))


def numbers() -> Iterator[tuple[str, HelpLine]]:
    """Yield every help line with the code of its region."""
    for code, region in regions().items():
        yield from ((code, line) for line in (region.emergency, *region.lines))


@cache
def regions() -> Mapping[str, Region]:
    """Return the emergency number and help lines of each region, by code."""
    return {
        code: Region(_line(entry["emergency"]), tuple(map(_line, entry["lines"])))
        for code, entry in _table("lines.toml").items()
    }


def _line(entry: Mapping[str, Any]) -> HelpLine:
    return HelpLine(
        entry.get("name", ""),
        entry["number"],
        entry["source"],
        entry["date"],
        entry["checked_by"],
        tuple(entry.get("for", CARE_CATEGORIES)),
    )


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return _table("help.toml")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text("utf-8"))
