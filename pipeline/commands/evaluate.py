"""Measure a script engine on a golden set of questions.

Each row of the set is a question with the words that a right lesson holds, or one that has to be
refused. The lessons are scored by all checks of scripts as the engine wrote them, before any
repair. Answers of paid engines are kept in the folder `evaluation` of --state, so that a second run
pays only for what changed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exit_status import FAILED, OK
from pipeline.settings.arguments import checked
from pipeline.settings.parsers import output_file

if TYPE_CHECKING:
    from pipeline.evaluation.second_judges import SecondJudges
    from transforms.prices import Prices

HELP = "measure a script engine on a set of questions"
EXAMPLES = """examples:
  vividly evaluate                               # the offline engine, on the set that is included
  vividly evaluate --engine gemini --gemini-model gemini-2.5-flash --output flash.json
  vividly evaluate --engine gemini --gemini-thinking high --against flash.json
  vividly evaluate --set golden.toml --judge gemini-2.5-pro --json
"""
SETTINGS = ["script-engine", "sources", "state", "prices", "allow-unpriced"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the golden set, the engine, the baseline and the output."""
    from pipeline.settings import find_setting
    from pipeline.settings.arguments import argument_type

    engine = find_setting("script-engine")
    assert engine is not None
    parser.add_argument(
        "--set", type=Path, metavar="FILE.toml", help="golden set [default the included one]"
    )
    parser.add_argument(
        "--engine", dest=engine.dest, type=argument_type(engine), default=argparse.SUPPRESS,
        metavar="NAME", help="short for --script-engine",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=Path, metavar="FILE.json",
        help="baseline, written by --output of an earlier run: exit status 1 if safety, care, "
        "topic or language got worse",
    )  # fmt: skip
    parser.add_argument(
        "--judge", metavar="MODEL",
        help="second model, such as gemini-2.5-pro, which judges each lesson by paid calls: can "
        "its quiz be solved from the narration, and is a claim contradicted?",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=checked(output_file), metavar="FILE.json",
        help="file for the results, or - for standard output",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead")


def run(chosen: argparse.Namespace) -> int:
    """Evaluate the engine, and print its scores.

    Returns:
        The exit status: 1 if safety, care, topic or language got worse than in the baseline.
    """
    from pipeline.evaluation import output
    from pipeline.evaluation.comparison import compare
    from pipeline.evaluation.evaluate import evaluate
    from pipeline.evaluation.golden_set import read_golden_set
    from pipeline.evaluation.results import read_baseline
    from pipeline.output_file import STDOUT, write_output
    from pipeline.settings import chosen_engines
    from pipeline.settings.media_files import check_sources

    golden = read_golden_set(chosen.set)
    baseline = read_baseline(chosen.against) if chosen.against else None
    prices = chosen_engines.prices(chosen)
    engine = chosen_engines.script_engine(chosen)
    engine.check(prices)
    check_sources(chosen)
    cache = Path(chosen.state) / "evaluation"
    judges = _judges(chosen, prices) if chosen.judge else None
    if engine.plugin.paid:
        about = len(golden.rows) * engine.typical_usd(prices)
        print(
            f"asking {engine.name} {len(golden.rows)} questions, for about ${about:.2f} less what "
            f"{cache} has already",
            file=sys.stderr,
        )
    evaluation = evaluate(golden, engine.chosen(), prices, cache, chosen.sources, judges)
    comparison = compare(evaluation, baseline) if baseline else None
    results = output.as_json(evaluation, comparison)
    if chosen.output:
        write_output(chosen.output, results)
    if chosen.json:
        print(results, end="")
    elif str(chosen.output) != STDOUT:
        output.print_tables(evaluation, comparison)
    return FAILED if comparison and comparison.is_regression else OK


def _judges(chosen: argparse.Namespace, prices: Prices) -> SecondJudges:
    from pipeline.evaluation.second_judges import SecondJudges
    from pipeline.settings.chosen_engines import second_model

    claims = second_model("--judge", chosen.judge, "claim_checker", chosen)
    quiz = second_model("--judge", chosen.judge, "quiz_taker", chosen)
    claims.check(prices)
    return SecondJudges(claims.chosen().make(), quiz.chosen().make())
