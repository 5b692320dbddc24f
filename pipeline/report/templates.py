"""Jinja environment of the pages, which escapes untrusted text and spells out invisible letters."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report.wording import FILTERS
from transforms.pictures.picture import picture_labels
from transforms.text.hidden import visible
from transforms.text.labels import unchecked_label


@cache
def templates(*packages: str) -> Environment:
    """Return the Jinja environment for the folders `page` of packages, searched in order."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "page") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        FILTERS, picture_labels=picture_labels, unchecked_label=unchecked_label
    )
    return environment


def _finalize(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
