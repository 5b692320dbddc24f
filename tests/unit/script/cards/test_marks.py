"""Marks in narrated text, and the pictures that they name."""

from __future__ import annotations

import pytest

from tests.unit.script.cards.good_card import SOURCE, changed
from transforms.script.cards.concept_card import CardError, parse_card
from transforms.script.cards.marks import Mark, remove_marks, split_marks

CART = """
[[pictures]]
id = "cart"
template = "bodies"
[pictures.data]
bodies = [{ id = "cart", icon = "cart", mass = ["m", "kg"] }]
forces = [{ id = "push", on = "cart", to = "right", size = ["push", "N"] },
          { id = "rub", on = "cart", to = "left", size = ["friction", "N"] }]
[pictures.states]
net = "merge push rub"
"""
OTHER = CART.replace('id = "cart"\ntemplate', 'id = "box"\ntemplate')


def card_with(text: str, pictures: str = CART) -> str:
    """Return a valid card whose narration holds a text, and its pictures."""
    return changed("You push a cart with", f"{text} You push a cart with") + pictures


def test_marks_are_found_per_sentence() -> None:
    text = (
        "[[push]]You push, [[rub]]friction pulls back. It is 2 N. [[cart.net]]That is all.[[end]]"
    )
    assert remove_marks(text) == "You push, friction pulls back. It is 2 N. That is all."
    assert list(split_marks(text)) == [
        ("You push, friction pulls back.", (Mark("push", 0), Mark("rub", 10))),
        ("It is 2 N.", ()),
        ("That is all.", (Mark("cart.net", 0), Mark("end", 12))),
    ]


@pytest.mark.parametrize(
    "text", ["[[push]]Go.", "It is [[cart.net]]there.", "[[cart]]It [[push]]is."]
)
def test_known_marks_are_accepted(text: str) -> None:
    parse_card(card_with(text), SOURCE)


@pytest.mark.parametrize(
    ("text", "pictures", "message"),
    [
        (
            "[[pull]]Go.",
            CART,
            r"worked\.text\.0: no picture has \[\[pull\]\]; known marks: cart, net, push, rub",
        ),
        ("[[box.push]]Go.", CART, r"no picture has \[\[box\.push\]\]"),
        ("[[push]]Go.", "", "known marks: none, since the card has no pictures"),
        ("Go.", CART, "pictures.0: no text marks 'cart'"),
        ("[[push]]Go [[cart]]so [[net]]far.", CART, "more than 2 marks; split it"),
        ("[[push]]Go.", CART + OTHER, r"write \[\[cart\.push\]\] or \[\[box\.push\]\]"),
        (
            "[[cart.push]]Go. [[box.rub]]Stop.",
            CART + OTHER,
            r"worked\.text\.0: the scene has marks of two pictures",
        ),
        ("[[cart.push]]Go.", CART + CART, "'cart' is the id of 2 pictures"),
        ("[[Push it]]Go.", CART, r"a mark is written \[\[name\]\]"),
        (
            "[[push]]Go.",
            CART.replace('bodies"', 'collage"'),
            "pictures.0.template: Input should be",
        ),
        ("[[push]]Go.", CART.replace('id = "push"', 'id = "net"'), "'net' names several things"),
        ("[[push]]Go.", CART.replace("data", "dada"), "pictures.0.data: add it"),
        ("[[push]]Go.", CART.replace('id = "cart"\nt', 'id = "Cart 1"\nt'), "pictures.0.id"),
    ],
)
def test_error_names_mark_and_remedy(text: str, pictures: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        parse_card(card_with(text, pictures), SOURCE)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('hook = "', 'hook = "[[push]]', "hook"),
        ('"Divide by the mass"', '"[[push]]Divide"', "Divide"),
        ('claim = "', 'claim = "[[pull]]', "misconception.claim"),
        ('question = "', 'question = "[[push]]', "quiz.0"),
    ],
)
def test_marks_stand_only_in_scenes(old: str, new: str, key: str) -> None:
    with pytest.raises(CardError, match=rf"(?m)^{SOURCE}: .*{key}.*: (?:marks stand|no picture)"):
        parse_card(card_with("[[push]]Go.").replace(old, new, 1), SOURCE)
