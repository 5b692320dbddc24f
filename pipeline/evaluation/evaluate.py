"""Evaluate an engine on a golden set."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import track

from pipeline.evaluation.ask import Answered, ask
from pipeline.evaluation.cached_calls import open_cache
from pipeline.evaluation.golden_set import GoldenSet
from pipeline.evaluation.judge import judge
from pipeline.evaluation.results import Evaluation
from pipeline.evaluation.second_judges import SecondJudges
from transforms.engine_plugin import ChosenEngine
from transforms.prices import Prices
from transforms.script.engines.script_engine import ScriptEngine


def evaluate(
    golden: GoldenSet,
    chosen: ChosenEngine,
    prices: Prices,
    cache: Path,
    sources: str | None,
    judges: SecondJudges | None,
) -> Evaluation:
    """Ask an engine all questions of a golden set, and judge its answers.

    Args:
        golden: The set.
        chosen: The engine and its settings.
        prices: The price table.
        cache: Folder of the answers of paid calls.
        sources: Folder of Markdown files that lessons may cite, besides the cards.
        judges: Judge the lessons by a second model; None for none.

    Raises:
        EnvironmentFault: The engine cannot be used.
    """
    engine: ScriptEngine = chosen.make()
    engine.check()
    if judges:
        judges.check()
    answers: Iterable[Answered] = ask(
        golden.rows, engine, open_cache(cache), chosen.paid, sources, judges
    )
    shown = Console(file=sys.stderr)
    if (chosen.paid or judges) and shown.is_terminal:
        answers = track(answers, "asking", total=len(golden.rows), console=shown, transient=True)
    rows = tuple(judge(answered, prices) for answered in answers)
    return Evaluation(chosen.name, dict(engine.identity), golden.digest, rows)
