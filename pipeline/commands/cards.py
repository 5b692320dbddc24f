"""Write, check and preview concept cards, and compare them with published curricula.

`new` writes a card with a placeholder for each text. `check` reads every card of a folder, or those
of this program, and reports each breach of the format, of the wording rules and of what a lesson
needs: reading level, different grades, and the words that the aliases promise. `preview` prints the
lesson that a student would get. `coverage` lists the topics of published curricula that no card
answers, and for each lesson how many scenes draw and how much of what is said stands on the slides.
A scene draws if it tells a change of its picture and says two of its labels. A spoken word stands
on a slide if the slide shows the same content word below its heading, in any form; at most 20% of
the words of all scenes should.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, get_args

from pipeline.exit_status import FAILED, OK
from pipeline.settings.arguments import checked
from pipeline.settings.parsers import grade_number
from pipeline.usage_error import UsageError

if TYPE_CHECKING:
    from transforms.script.cards.card import Card

HELP = "write, check and preview concept cards"
EXAMPLES = """examples:
  vividly cards new physics/magnetism --title Magnetism --folder my-cards
  vividly cards check
  vividly cards check --folder my-cards
  vividly cards preview newtons-second-law --grade 7 --interest basketball
  vividly cards coverage --json

exit status: 1 if `check` finds a problem
"""
SETTINGS: list[str] = []


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the action, the card and the actions' options."""
    parser.add_argument(
        "action", choices=("new", "check", "preview", "coverage"), help="what to do"
    )
    parser.add_argument(
        "card", nargs="?", metavar="CARD", help="SUBJECT/ID for `new`, the card's id for `preview`"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR",
        help="folder of cards, one subfolder for each subject [default: this program's cards]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON (`check`, `coverage`)")
    new = parser.add_argument_group("How to write a new card")
    new.add_argument("--title", metavar="TEXT", help="title of the topic")
    new.add_argument(
        "--grades", nargs=2, type=checked(grade_number), default=(6, 12), metavar=("LOW", "HIGH"),
        help="lowest and highest grade that it suits [default 6 12]",
    )  # fmt: skip
    preview = parser.add_argument_group("Which lesson to preview")
    preview.add_argument(
        "--grade",
        type=checked(grade_number),
        default=9,
        metavar="N",
        help="grade, 1 to 16 [default 9]",
    )
    preview.add_argument("--interest", metavar="TEXT", help="the student's interest")


def run(chosen: argparse.Namespace) -> int:
    """Write, check or preview cards, or compare them with curricula.

    Raises:
        UsageError: The arguments do not fit the action, or there is no such card.
    """
    if (chosen.action in ("new", "preview")) != bool(chosen.card):
        needs = "needs" if not chosen.card else "takes no"
        raise UsageError(f"`{chosen.action}` {needs} CARD")
    return {"new": _new, "check": _check, "preview": _preview, "coverage": _coverage}[
        chosen.action
    ](chosen)


def _new(chosen: argparse.Namespace) -> int:
    from transforms.script.cards.card import Subject
    from transforms.script.cards.new_card import new_card

    subject, _, card_id = chosen.card.partition("/")
    if subject not in get_args(Subject) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", card_id):
        raise UsageError(
            f"CARD must be SUBJECT/ID, such as physics/magnetism, with one of the subjects "
            f"{', '.join(get_args(Subject))}"
        )
    lowest, highest = chosen.grades
    if not chosen.folder or not chosen.title or lowest > highest:
        raise UsageError("`new` needs --folder and --title, and the lower of two --grades first")
    file = chosen.folder / subject / f"{card_id}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as card:  # an existing card is never overwritten
        card.write(new_card(subject, card_id, chosen.title, (lowest, highest)))
    print(
        f"{file} written; replace each […] and run `vividly cards check --folder {chosen.folder}`"
    )
    return OK


def _check(chosen: argparse.Namespace) -> int:
    from transforms.script.card_review import check_cards
    from transforms.video.picture_layouts import find_layout_problems

    cards, problems = check_cards(_root(chosen), find_layout_problems)
    if chosen.json:
        print(json.dumps([problem._asdict() for problem in problems], indent=2))
    else:
        for problem in problems:
            print(problem)
        print(f"{len(cards):,} cards, {len(problems):,} problems")
        rows = _drawn_rows(card for card in cards.values() if card)
        drawn, scenes = (sum(row[key] for row in rows) for key in ("drawn", "scenes"))
        if scenes:
            print(f"{drawn:,} of {scenes:,} scenes draw")
    return FAILED if problems else OK


def _preview(chosen: argparse.Namespace) -> int:
    from transforms.script.cards.concept_card import read_library
    from transforms.script.drawn_scenes import count_drawn, drawn_scenes, lesson
    from transforms.script.matching.interests import GENERAL, find_interest
    from transforms.script.script_markdown import to_markdown

    cards = read_library(_root(chosen)).cards
    if chosen.card not in cards:
        from pipeline.settings.suggestions import did_you_mean

        raise UsageError(f"there is no card {chosen.card!r}{did_you_mean(chosen.card, cards)}")
    interest = find_interest(chosen.interest or "")
    name = interest.name if interest else GENERAL
    script = lesson(cards[chosen.card], chosen.grade, name)
    print(to_markdown(script))
    scenes = drawn_scenes(script)
    print(f"{count_drawn(scenes)} of {len(scenes)} scenes draw")
    for scene in scenes:
        print(f"  {scene}")
    return OK


def _coverage(chosen: argparse.Namespace) -> int:
    from transforms.script.card_coverage import coverage, load_curricula
    from transforms.script.cards.concept_card import read_library
    from transforms.script.matching.topics import TopicIndex, load_topic_index
    from transforms.script.words_on_slides import MOST_ON_SLIDES

    cards = tuple(read_library(_root(chosen)).cards.values())
    index = TopicIndex(cards) if chosen.folder else load_topic_index()
    found = {curriculum: coverage(curriculum, index) for curriculum in load_curricula()}
    lessons = [
        row | {"on_slides": round(share, 3)}
        for row, share in zip(_drawn_rows(cards), _shares_on_slides(cards), strict=True)
    ]
    if chosen.json:
        rows = [
            {
                "curriculum": curriculum.name,
                "source": curriculum.source,
                "url": curriculum.url,
                "code": each.topic.code,
                "title": each.topic.title,
                "cards": each.cards,
            }
            for curriculum, topics in found.items()
            for each in topics
        ]
        print(json.dumps({"topics": rows, "pictures": lessons}, indent=2))
        return OK
    for curriculum, topics in found.items():
        asked = sum(len(each.cards) for each in topics)
        missing = sum(len(each.missing) for each in topics)
        print(f"{curriculum.name}: {asked - missing} of {asked} questions have a card")
        print(f"  {curriculum.source}, {curriculum.url}")
        for each in topics:
            if each.missing:
                print(f"  {each.topic.code:<7}{each.topic.title}: {', '.join(each.missing)}")
    print("Scenes that draw, and spoken words that stand on slides")
    for row in lessons:
        share = f"{row['on_slides']:.1%}"
        print(f"  {row['drawn']} of {row['scenes']}  {share:>5}  {row['card']} ({row['band']})")
    shares = [row["on_slides"] for row in lessons]
    if shares:
        above = sum(share > MOST_ON_SLIDES for share in shares)
        print(
            f"Words on slides: median {median(shares):.1%}, "
            f"{above:,} of {len(shares):,} lessons above {MOST_ON_SLIDES:.0%}"
        )
    return OK


def _drawn_rows(cards: Iterable[Card]) -> list[dict[str, Any]]:
    """Count the scenes that show a drawing, for each card and band."""
    from transforms.script.drawn_scenes import count_drawn, drawn_by_band

    return [
        {"card": card.id, "band": band, "drawn": count_drawn(scenes), "scenes": len(scenes)}
        for card in cards
        for band, scenes in drawn_by_band(card).items()
    ]


def _shares_on_slides(cards: Iterable[Card]) -> list[float]:
    """Return the part of the spoken words that stands on slides, for each card and band."""
    from transforms.script.words_on_slides import words_by_band
    from transforms.video.slide_texts import slide_texts

    return [counts.share for card in cards for counts in words_by_band(card, slide_texts).values()]


def _root(chosen: argparse.Namespace) -> Traversable | Path:
    if chosen.folder and not chosen.folder.is_dir():
        raise UsageError(f"there is no folder {chosen.folder}")
    return chosen.folder or resources.files("transforms.script.cards")
