"""Generator of a new card's TOML text, with a placeholder for each text to write."""

from __future__ import annotations

import re

from transforms.script.cards.card import HIGHEST_MIDDLE_GRADE

_SHARED = """\
id = "{id}"
title = "{title}"
subject = "{subject}"
grades = [{lowest}, {highest}]
aliases = ["[…]", "[…]", "[…]"]
distinct_from = []
hook = "[…]"
takeaways = ["[…]", "[…]", "[…]"]
reviewed_by = ""

[[sources]]
work = "[…]"
chapter = "[…]"
url = "https://[…]"

[misconception]
claim = "Many people think that […]"
truth = "[…]"
bullets = ["Myth: […]", "Fact: […]"]

[analogies]
general = "[…]"
basketball = "[…]"
soccer = "[…]"
music = "[…]"
cooking = "[…]"
gaming = "[…]"
animals = "[…]"
"""

_BAND = """
[{band}.headings]
definition = "[…]"
facts = "[…]"
process = "[…]"
analogy = "[…]"
worked = "[…]"
misconception = "[…]"

[{band}.definition]
text = "[…]"
bullets = ["[…]", "[…]"]

[{band}.facts]
text = ["[…]", "[…]", "[…]"]
bullets = ["[…]", "[…]", "[…]"]

[{band}.process]
kind = "steps"
intro = "[…]"
steps = ["[…]", "[…]", "[…]"]
labels = ["[…]", "[…]", "[…]"]

[{band}.worked]
values = {{ a = 6, b = 2 }}
compute = {{ c = "a / b" }}
text = ["[…] {{a:g}} […]", "[…] {{c:g}} […]"]
bullets = ["{{a:g}} ÷ {{b:g}} = {{c:g}}", "[…]"]

[[{band}.terms]]
term = "[…]"
meaning = "[…] means […]"
"""

_QUESTION = """
[[quiz]]
level = "{level}"
question = "[…]?"
choices = ["[…]", "[…] […]", "[…] […] […]", "[…] […] […] […]"]
answer = {answer}
explanation = "[…]"
"""


def new_card(subject: str, card_id: str, title: str, grades: tuple[int, int]) -> str:
    """Return the TOML text of a card in which only `id`, title, subject and grades are filled.

    Args:
        subject: a school subject of the format.
        card_id: the file's name, in small letters with hyphens.
        title: one line; quotes and backslashes are escaped.
        grades: lowest and highest grade that the card will suit.
    """
    lowest, highest = grades
    escaped = re.sub(r'(["\\])', r"\\\1", title)
    shared = _SHARED.format(
        id=card_id, title=escaped, subject=subject, lowest=lowest, highest=highest
    )
    bands = []
    if lowest <= HIGHEST_MIDDLE_GRADE:
        bands.append(_BAND.format(band="middle"))
    if highest > HIGHEST_MIDDLE_GRADE:
        bands.append(_BAND.format(band="high"))
    levels = (("core", 0), ("core", 1), ("advanced", 2))
    quiz = (_QUESTION.format(level=level, answer=answer) for level, answer in levels)
    return "".join((shared, *bands, *quiz))
