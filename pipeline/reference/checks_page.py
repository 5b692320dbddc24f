"""Reference page of the checks of scripts."""

from __future__ import annotations

from transforms.script.checks import CHECKS

INTRODUCTION = """\
Every script passes these checks before it is stored or spoken.
[Checks of scripts](../semantics.md#checks-of-scripts) says what severities lead to. The metric of a
check is `vividly_check_problems_total{check="NAME"}` in Prometheus, and `check_NAME` on Dataflow.
"""


def page() -> str:
    """Return a table of every check, as Markdown."""
    rows = [f"| `{each.name}` | `{each.severity}` | {each.finds} |" for each in CHECKS]
    return "\n".join([INTRODUCTION, "| check | severity | finds |", "|---|---|---|", *rows, ""])
