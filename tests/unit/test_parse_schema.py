"""The published JSON Schema accepts a message if and only if the parser does."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.unit import test_parse
from tests.unit.test_parse import BAD, GOOD, ID, nested, raw
from transforms.errors import InvalidRequest
from transforms.message_schema import NOT_STATED, schema
from transforms.model import MODALITIES
from transforms.parse import MAX_LENGTHS, WHITE_SPACE, parse
from transforms.strict_json import MAX_BYTES, MAX_DEPTH

ACCEPTS = jsonschema.Draft202012Validator(schema()).is_valid

WRONG_TYPES: tuple[object, ...] = (None, True, 0, 1.5, "", [], ["x"], {}, {"a": "b"})
SPACES = (*WHITE_SPACE, "\u200b", "\v", "\f", "\x1c", "\x85")
CONTROLS = (
    "\x00",
    "\x07",
    "\x08",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x1b",
    "\x1f",
    "\x7f",
    "\x80",
    "\x9f",
)
TEXTS = (
    *SPACES, *(f"{space}a{space}" for space in SPACES), *(f"a{c}b" for c in CONTROLS),
    "\u200d", "a\u200bb", "\U000e0041\ufe0f", "\u3164\u00ad", "a b", "a@b", "a:b/c+d=.~-_", "é",
    "\ud800", "a\udfff", "\ud83d\ude00", "😀", "a\u0301", "ａ", "\u202e", "\ufffe", " \t\n\ufeff ",
)  # fmt: skip
NUMBERS = (
    -1, 0, 1, 1.0, 9.5, 16, 16.0, 17, "9", 1e0, 10**308, -(10**308), 10**309, 10**400, 1.7e308,
    -0.0, 1e999, -1e999,
)  # fmt: skip
TAGS = (
    "en", "e", "abcdefgh", "abcdefghi", "en-", "-en", "en-1", "en-abcdefgh", "en-abcdefghi",
    "es-419", "419-es", "en_US", "en--US", "en\n", "\nen", " en", "en ", "én", "zh-Hant-TW",
    "x-klingon", "en-" + "abcdefgh-" * 3 + "abcde", "en-" + "abcdefgh-" * 3 + "abcdef",
)  # fmt: skip
IDS = (
    ID, ID.upper(), f" {ID}", f"{ID} ", f"{ID}\n", f"{ID}0", ID[1:], ID.replace("-", ""),
    f"g{ID[1:]}", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("1", "\uff11"),
)  # fmt: skip
LISTS = (
    ..., None, [], ["hologram"], [None], [["text"]], "text", {"text": 1}, ["text", "text"],
    ["Text"], *map(list, itertools.chain(itertools.combinations(MODALITIES, 1),
                               itertools.permutations(MODALITIES, 2), [MODALITIES])),
)  # fmt: skip


def changed_fields() -> Iterator[dict[str, Any]]:
    """Yield changes of a valid message around every rule of every field."""
    texts = ("student_id", "student_query", "interest", "correlation_id", "language", "environment")
    for name in (*GOOD, *texts[2:], "requested_modalities", "preferred_modality", "extra"):
        yield from ({name: value} for value in (..., *WRONG_TYPES))
    for name in texts:
        limit = MAX_LENGTHS[name]
        lengths = ("x" * limit, "x" * (limit + 1), "😀" * limit, "😀" * (limit + 1))
        spaced = (" " * limit, " " * (limit + 1), f" {'x' * (limit - 2)}\n", f" {'x' * limit}\n")
        yield from ({name: value} for value in (*TEXTS, *lengths, *spaced))
    for text in TEXTS:
        yield {"extra": text}
        yield {"extra": [{"deep": [text]}]}
        yield {"extra": {"deep": {text: 1}}}
        yield {text: 1}
        yield {"preferred_modality": text}
        yield {"requested_modalities": ["video", text]}
    for number in NUMBERS:
        yield {"grade_level": number}
        yield {"extra": {"deep": [number]}}
    yield from ({"language": tag} for tag in TAGS)
    yield from ({"request_id": each} for each in IDS)
    for requested, preferred in itertools.product(LISTS, (..., None, *MODALITIES, "hologram")):
        yield {"requested_modalities": requested, "preferred_modality": preferred}


def generated() -> list[bytes]:
    """Return messages with one change each, then messages that combine a few of the changes."""
    singles = list(changed_fields())
    chance = random.Random(12)
    mixed = [{k: v for c in chance.sample(singles, 3) for k, v in c.items()} for _ in range(300)]
    # json.dumps would write an infinite number as a word that is not JSON.
    return [
        raw(**changes).replace(b"-Infinity", b"-1e999").replace(b"Infinity", b"1e999")
        for changes in (*singles, *mixed)
    ]


def parser_accepts(data: bytes) -> bool:
    try:
        parse(data)
    except InvalidRequest:
        return False
    return True


UNSTATED = {
    "bytes": test_parse.LIMITS["bytes"][1],
    "UTF-8": raw().replace(b"photosynthesis", b"\xe9"),
    "twice": raw().replace(b"{", b'{"student_id": "s-2", ', 1),
    "nested": raw(extra=nested(MAX_DEPTH)),
}
"""A message that breaks each rule of `NOT_STATED`, by a word of the rule."""


def test_schema_and_parser_accept_same_messages():
    messages = generated()
    verdicts = {data: (ACCEPTS(json.loads(data)), parser_accepts(data)) for data in messages}
    differing = [(v, data[:300]) for data, v in verdicts.items() if v[0] != v[1]]
    lines = [f"schema {s}, parser {p}: {data!r}" for (s, p), data in differing[:10]]
    assert not differing, f"{len(differing)} of {len(verdicts)} differ:\n" + "\n".join(lines)
    accepted = sum(parser for _, parser in verdicts.values())
    assert min(accepted, len(verdicts) - accepted) >= 300


def test_schema_and_parser_agree_on_known_cases():
    """The tables of the parser's own tests, but for rules that JSON Schema cannot state."""
    cases = [data for pair in test_parse.LIMITS.values() for data in pair]
    cases += [data for _, data in BAD]
    checked = 0
    for data in cases:
        try:
            value = json.loads(data, object_pairs_hook=unique, parse_constant=refuse)
        except (ValueError, RecursionError):
            continue  # not JSON, or a name twice
        reason = refusal(data)
        if len(data) > MAX_BYTES or "is nested" in reason:
            continue
        assert ACCEPTS(value) == (not reason), data[:300]
        checked += 1
    assert checked > 80


def refusal(data: bytes) -> str:
    try:
        parse(data)
    except InvalidRequest as error:
        return error.reason
    return ""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def refuse(constant: str) -> None:
    raise ValueError(constant)


@pytest.mark.parametrize("word", UNSTATED)
def test_schema_names_rule_it_cannot_state(word):
    assert not parser_accepts(UNSTATED[word])
    [rule] = [rule for rule in NOT_STATED if word in rule]
    assert rule in schema()["description"]
    assert ACCEPTS(json.loads(UNSTATED[word].decode("utf-8", "replace")))


def test_every_unstated_rule_has_a_message():
    assert len(UNSTATED) == len(NOT_STATED)


def test_schema_is_valid_for_its_draft():
    jsonschema.Draft202012Validator.check_schema(schema())
