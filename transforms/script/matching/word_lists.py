"""Word lists by role: words of questions that do not name a topic."""

from __future__ import annotations

from transforms.script.matching.words import VOCABULARY, root_set

FUNCTION = frozenset(VOCABULARY["function"].split())
"""Function words as they are written; their roots may be those of nouns ("note")."""

NEUTRAL = root_set("neutral")
TELLING = root_set("telling")
JUDGING = root_set("judging")
STUDYING = root_set("studying")
TIME = root_set("time")
COUNTED = root_set("counted")
SUBJECTS = {subject: root_set("subjects", subject) for subject in VOCABULARY["subjects"]}
FILLER = NEUTRAL.union(
    root_set("function"), TELLING, JUDGING, STUDYING, TIME, root_set("audience"), *SUBJECTS.values()
)
"""Words that say nothing about the topic of a question."""
