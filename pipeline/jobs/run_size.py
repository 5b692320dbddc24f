"""Size of the scheduler's runs of light messages, which follows the duration of the last one."""

from __future__ import annotations

MAX_RUN = 250
"""Most light messages in one run; the fixed cost of a run is negligible at this size."""

MIN_RUN = 16
"""Initial and smallest limit of light messages in one run, if there are fewer workers."""

RUN_SECONDS = 2.0
"""Target duration of a run of light messages, in seconds.

Outcomes are committed and acknowledged at the end of a run."""


class RunSize:
    """Limits the light messages of one run.

    Args:
        workers: Number of requests processed in parallel; a run may have one message for each.

    Attributes:
        limit: Most light messages in the next run.
    """

    def __init__(self, workers: int) -> None:
        self._least = max(MIN_RUN, workers)
        self._most = max(MAX_RUN, self._least)
        self.limit = self._least

    def record(self, messages: int, seconds: float) -> None:
        """Adjust the limit to `RUN_SECONDS`, by a factor of 0.5 to 4, after a full run.

        Args:
            messages: Number of messages in a run that has ended.
            seconds: Duration of that run.
        """
        if messages < self.limit:
            return
        factor = min(4.0, max(0.5, RUN_SECONDS / seconds))
        self.limit = min(self._most, max(self._least, int(self.limit * factor)))
