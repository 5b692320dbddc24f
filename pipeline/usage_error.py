"""Errors of the launchers; those of elements are in `transforms.errors`."""

from __future__ import annotations


class UsageError(Exception):
    """The command cannot be carried out as it was given; says what would be right."""
