"""Wording rules of cards: spoken texts are plain sentences, shown texts fit a slide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from transforms.script.cards.card import Band, Card
from transforms.script.cards.marks import remove_marks
from transforms.script.cards.rules import PLACEHOLDER, Found

REQUIRED_INTERESTS = frozenset({"general", "basketball", "soccer", "music", "cooking", "gaming"})

MOST_SENTENCE_WORDS = 28

UNWRITTEN = "is not written yet; replace the […]"
"""Problem of a text that holds a placeholder."""

_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_UNSPEAKABLE = re.compile(r"[=×→%²³/&#*_`<>|(){}\[\]\\^~$+…;]|--|\bhttps?\b")


def find_wording(card: Card) -> Found:
    """Yield key and remedy of each text that breaks a wording rule."""
    unwritten = list(_unwritten(asdict(card), ()))
    for key in unwritten:
        yield key, UNWRITTEN
    if unwritten:  # other problems would only follow from these
        return
    for key, text in _spoken(card):
        for problem in _spoken_problems(text):
            yield key, problem
    yield from _too_long("hook", card.hook, 40)
    for number, takeaway in enumerate(card.takeaways):
        yield from _too_long(f"takeaways.{number}", takeaway, 20)
        if len(_SENTENCES.split(takeaway)) > 1:
            yield f"takeaways.{number}", "must be one sentence"
    yield from _analogy_problems(card)
    for bullet in card.misconception.bullets:
        yield from _bullet_problems("misconception.bullets", bullet)
    for name, band in card.bands.items():
        for key, problem in _shown_problems(band):
            yield f"{name}.{key}", problem
        for number, term in enumerate(band.terms):
            yield from _too_long(f"{name}.terms.{number}.meaning", term.meaning, 25)
    for number, question in enumerate(card.quiz):
        key = f"quiz.{number}"
        yield from _too_long(f"{key}.question", question.question, 30)
        yield from _too_long(f"{key}.explanation", question.explanation, 35)
        for choice in question.choices:
            yield from _too_long(f"{key}.choices", choice, 12)
        if not question.question.endswith("?"):
            yield f"{key}.question", "must end with a question mark"
        if not question.explanation.endswith("."):
            yield f"{key}.explanation", "must end with a full stop"


def _unwritten(value: object, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the key of each text that still holds the placeholder of a new card."""
    if isinstance(value, str) and PLACEHOLDER in value:
        yield ".".join(path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _unwritten(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unwritten(inner, (*path, str(number)))


def count_words(text: str) -> int:
    """Count words, without the operators of "2 + 3 = 5"."""
    return sum(any(c.isalnum() for c in word) for word in text.split())


def _spoken(card: Card) -> Iterator[tuple[str, str]]:
    yield "hook", card.hook
    for number, takeaway in enumerate(card.takeaways):
        yield f"takeaways.{number}", takeaway
    for key, text in card.scene_texts():
        yield key, remove_marks(text)


def _spoken_problems(text: str) -> Iterator[str]:
    if symbol := _UNSPEAKABLE.search(text):
        yield f"is spoken, so write {symbol[0]!r} in words"
    first = text.split()[0]
    if not (first[0].isdigit() or any(letter.isupper() for letter in first)):  # pH may begin one
        yield "must begin with a capital letter"
    if text[-1] not in ".?!":
        yield "must end with a full stop"
    for sentence in _SENTENCES.split(text):
        if count_words(sentence) > MOST_SENTENCE_WORDS:
            yield (
                f"{sentence[:40]!r}… has {count_words(sentence)} words; "
                f"split it into sentences of at most {MOST_SENTENCE_WORDS}"
            )


def _too_long(key: str, text: str, most: int) -> Found:
    if count_words(text) > most:
        yield key, f"has {count_words(text)} words; shorten it to {most}"


def _analogy_problems(card: Card) -> Found:
    for missing in sorted(REQUIRED_INTERESTS - card.analogies.keys()):
        yield f"analogies.{missing}", "is missing; add an analogy for this interest"
    if not card.analogies.keys() - REQUIRED_INTERESTS:
        yield "analogies", "needs at least one more interest than the common ones"
    for text, times in Counter(card.analogies.values()).items():
        if times > 1:
            yield "analogies", f"{text[:40]!r}… stands {times} times; write one for each interest"
    for interest, analogy in card.analogies.items():
        plain = remove_marks(analogy)
        if not 20 <= count_words(plain) <= 70:
            yield f"analogies.{interest}", f"has {count_words(plain)} words; write 20 to 70"
        if not 2 <= len(_SENTENCES.split(plain)) <= 4:
            yield f"analogies.{interest}", "must have two to four sentences"


def _shown_problems(band: Band) -> Found:
    lines = [("definition.bullets", bullet) for bullet in band.definition.bullets]
    lines += [("facts.bullets", bullet) for bullet in band.facts.bullets]
    lines += [("worked.bullets", b) for b in (band.worked.bullets if band.worked else ())]
    for key, bullet in lines:
        yield from _bullet_problems(key, bullet)
    for bullet, times in Counter(bullet for _, bullet in lines).items():
        if times > 1:
            yield "bullets", f"{bullet!r} stands {times} times; show something else"
    widest = 60 if band.process.kind == "comparison" else 40
    for label in band.process.labels:
        if len(label) > widest:
            yield "process.labels", f"{label!r} has {len(label)} characters; at most {widest} fit"
    for key, heading in vars(band.headings).items():
        if heading and heading.endswith("."):
            yield f"headings.{key}", "is a heading; leave the full stop out"


def _bullet_problems(key: str, bullet: str) -> Found:
    if len(bullet) > 60:
        yield key, f"{bullet!r} has {len(bullet)} characters; at most 60 fit"
    yield from _too_long(key, bullet, 10)
    if bullet.endswith("."):
        yield key, f"{bullet!r} is a bullet; leave the full stop out"
