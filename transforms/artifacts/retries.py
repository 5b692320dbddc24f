"""Retries of calls of a store's backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from transforms.artifacts.backend import StoreForbidden, StoreUnreachable, StoreUnusable
from transforms.errors import ConfigurationFault, DependencyDown, StageTimeout
from transforms.faults import outage_fault
from transforms.process import retry
from transforms.process.backoff import Backoff

T = TypeVar("T")

_PATIENCE = retry.RetryPolicy(timeout=5.0, tries=1_000, backoff=Backoff(0.1, longest=1.0))
_REMEDY = (
    "create the bucket or folder, or correct --artifacts; the account needs the role Storage "
    "Object User, or the right to write there"
)


def with_retries(work: Callable[[], T]) -> T:
    """Call the backend, with retries for some seconds.

    Raises:
        DependencyDown: the backend still fails.
        ConfigurationFault: it refuses.
    """
    try:
        return retry.retry_until_deadline(lambda _: work(), _PATIENCE, [])
    except StoreForbidden as error:
        raise ConfigurationFault("artifacts", f"{error} ({_REMEDY})") from error
    except (StoreUnreachable, StoreUnusable, StageTimeout) as error:
        raise outage_fault(error, DependencyDown("artifacts", str(error))) from error
