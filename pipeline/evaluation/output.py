"""Format an evaluation as JSON, and as tables for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.cli.console import CommandConsole
from pipeline.evaluation.comparison import Change, Comparison
from pipeline.evaluation.results import Evaluation
from pipeline.evaluation.scores import Score, quantile, scores, scores_by_kind, worst
from pipeline.evaluation.second_judges import JUDGES
from transforms.text.hidden import visible


def as_json(evaluation: Evaluation, comparison: Comparison | None) -> str:
    """Return an evaluation as JSON, which `read_baseline` reads again."""
    content = {
        "engine": evaluation.engine,
        "identity": dict(evaluation.identity),
        "golden_set": evaluation.golden_set,
        "scores": [_score(each) for each in scores(evaluation.rows)],
        "cost_usd": sum(row.usd for row in evaluation.rows),
        "judges_usd": sum(row.judges_usd for row in evaluation.rows),
        "seconds": {f"p{at}": _latency(evaluation, at) for at in (50, 95)},
        "comparison": comparison and _comparison(comparison),
        "rows": [asdict(row) for row in evaluation.rows],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def print_tables(evaluation: Evaluation, comparison: Comparison | None) -> None:
    """Print scores, judges, cost, latency, kinds, the comparison and the worst rows."""
    console = CommandConsole(highlight=False)
    console.print(_scores_table(scores(evaluation.rows)))
    cost = sum(row.usd for row in evaluation.rows)
    judges = sum(row.judges_usd for row in evaluation.rows)
    count = max(1, len(evaluation.rows))
    console.print(Text(
        f"cost ${cost:.4f}, ${cost / count:.6f} a question; seconds: median "
        f"{_latency(evaluation, 50):.2f}, 95 % within {_latency(evaluation, 95):.2f}"
        + (f"; judges ${judges:.4f}" if judges else "")
    ))  # fmt: skip
    console.print()
    console.print(_scores_table(scores_by_kind(evaluation.rows), "right, by kind"))
    if comparison:
        console.print()
        _print_comparison(console, comparison)
    wrong = worst(evaluation.rows)
    if wrong:
        console.print(Text(f"\nthe worst {len(wrong)}", "bold"))
    for row in wrong:
        console.print(Text(f"{row.id}: {visible(row.query)}"), soft_wrap=True)
        for detail in row.details:
            console.print(Text(f"    {visible(detail)}", "yellow"), soft_wrap=True)


def _scores_table(rows: Iterable[Score], heading: str = "") -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(heading)
    for name in ("of", "rate", "95 % interval"):
        table.add_column(name, justify="right")
    for row in rows:
        low, high = row.interval
        shown = (_percent(row.rate), f"{100 * low:.1f} – {100 * high:.1f} %")
        nothing = ("not run" if row.name in JUDGES else "–", "")
        table.add_row(row.name, f"{row.hits} / {row.total}", *(shown if row.total else nothing))
    return table


def _print_comparison(console: CommandConsole, comparison: Comparison) -> None:
    console.print(
        Text(f"against the baseline ({comparison.baseline}), on {comparison.shared} shared rows")
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("before", "now", "change"):
        table.add_column(name, justify="right")
    for before, after in zip(comparison.before, comparison.after, strict=True):
        table.add_row(after.name, _percent(before.rate), _percent(after.rate), _step(before, after))
    console.print(table)
    for change in comparison.changes:
        console.print(_change(change), soft_wrap=True)


def _change(change: Change) -> Text:
    if not change.new and not change.gone:
        return Text(f"{change.fault}: no row changed")
    text = f"{change.fault}: {len(change.new)} new ({', '.join(change.new) or 'none'})"
    text += f", {len(change.gone)} gone ({', '.join(change.gone) or 'none'}), p = {change.p:.2f}"
    return Text(text, "bold red" if change.is_regression else "green")


def _step(before: Score, after: Score) -> Text:
    if before.rate is None or after.rate is None:
        return Text("–")
    step = after.rate - before.rate
    good = step > 0 if after.better == "high" else step < 0
    return Text(f"{100 * step:+.1f}", "green" if good else "red" if step else "")


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _latency(evaluation: Evaluation, percent: int) -> float:
    return quantile((row.seconds for row in evaluation.rows), percent / 100)


def _score(score: Score) -> dict[str, Any]:
    low, high = score.interval
    counts = {"name": score.name, "hits": score.hits, "total": score.total}
    is_run = score.total or score.name not in JUDGES
    rate = score.rate if is_run else "not run"
    return {**counts, "rate": rate, "low": low, "high": high}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    def rates(given: Sequence[Score]) -> dict[str, float | None]:
        return {score.name: score.rate for score in given}

    return {
        "baseline": comparison.baseline,
        "shared_rows": comparison.shared,
        "before": rates(comparison.before),
        "after": rates(comparison.after),
        "changes": [{**asdict(change), "p": change.p} for change in comparison.changes],
        "is_regression": comparison.is_regression,
    }
