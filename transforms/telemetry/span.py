"""Span: interface of trace spans, and the no-op implementation."""

from __future__ import annotations

from types import TracebackType
from typing import Self

Attribute = str | float | bool | None
"""Value of an attribute of a span."""


class Span:
    """No-op span, and the interface of recorded ones."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Mark the span as failed if there is an error, and end it."""
        if error:
            self.fail(error)
        self.end()

    def end(self) -> None:
        """End the span."""

    def set(self, **attributes: Attribute) -> None:
        """Add attributes; None and empty values are left out."""

    def fail(self, error: BaseException) -> None:
        """Mark the span as failed, with the error's type."""


OFF = Span()
