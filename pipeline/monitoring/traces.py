"""Set up traces at the start of a command, and send them at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.usage_error import UsageError


@contextmanager
def traced(endpoint: str | None) -> Iterator[None]:
    """Record OpenTelemetry spans during the block and send them at its end.

    Args:
        endpoint: Base URL of the collector; None for no traces.

    Raises:
        UsageError: The extra `traces` is not installed.
    """
    if not endpoint:
        yield
        return
    from transforms.telemetry import tracing

    try:
        tracing.configure(endpoint)
    except ModuleNotFoundError as error:
        from transforms.installation import install_extra

        raise UsageError(
            f"--otlp-endpoint needs the package {error.name}: {install_extra('traces')}"
        ) from error
    try:
        yield
    finally:
        tracing.close()
