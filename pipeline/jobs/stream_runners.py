"""The Beam runners that can run the streaming job: those that read Pub/Sub from Python."""

from __future__ import annotations

from apache_beam.options.pipeline_options import StandardOptions

from pipeline.usage_error import UsageError

DATAFLOW = "DataflowRunner"
LOCAL = "DirectRunner"

_ALIASES = {"BundleBasedDirectRunner": LOCAL}
"""Names by which a runner of `vividly run` is known too; that engine is what it always uses."""

_OTHER_RUNNERS = ("BundleBasedDirectRunner", "FnApiRunner", "DaskRunner", "RayRunner")
"""Runners that Beam has and does not list."""


def stream_runner(given: str | None) -> str | None:
    """Return the runner of a streaming job by its usual name; None if none is given.

    Args:
        given: value of `--runner`, spelled as Beam accepts it: in any case, with its module, or
            without the ending ``Runner``.

    Raises:
        UsageError: the runner cannot read Pub/Sub from Python, or Beam has none of that name.
    """
    if given is None:
        return None
    name = _name(given)
    name = _ALIASES.get(name or "", name)
    if name in (DATAFLOW, LOCAL):
        return name
    if name is None:
        raise UsageError(f"Beam has no runner {given}; --runner must be {DATAFLOW} or {LOCAL}")
    raise UsageError(
        f"--runner={name} cannot read Pub/Sub from Python "
        f"(https://github.com/apache/beam/issues/27443): give --runner={DATAFLOW}, or run "
        "`vividly drain`, which pulls the subscription itself and needs no cluster; "
        "`vividly batch` runs the same graph over a file"
    )


def _name(given: str) -> str | None:
    """Return the class name of a runner, or None if Beam has none of that name."""
    listed = [path.rpartition(".")[2] for path in StandardOptions.ALL_KNOWN_RUNNERS]
    known = {name.lower(): name for name in (*listed, *_OTHER_RUNNERS)}
    asked = given.rpartition(".")[2].lower()
    return known.get(asked) or known.get(f"{asked}runner")
