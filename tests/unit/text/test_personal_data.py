"""Personal data is masked in what students type, and questions stay as they are."""

from __future__ import annotations

import json

import pytest

from tests.every_row import for_all
from transforms.model import ContentRequest
from transforms.script.engines.gemini.gemini_prompt import student_data
from transforms.text.personal_data import mask_personal_data

MASKED = {
    "My name is Emma Clark, explain photosynthesis": "My name is [name], explain photosynthesis",
    "my name is emma and im in 5th grade": "my name is [name] and im in 5th grade",
    "hi my name is Jose Luis Garcia. help me": "hi my name is [name]. help me",
    "MY NAME IS EMMA, EXPLAIN TIDES": "MY NAME IS [name], EXPLAIN TIDES",
    "My teacher's name is Mrs. Smith and she": "My teacher's name is [name] and she",
    "Tides? I'm called Anna-Lena von Berg": "Tides? I'm called [name]",
    "me llamo Lucía Gómez y quiero saber": "me llamo [name] y quiero saber",
    "je m'appelle Zoé, explique la gravité": "je m'appelle [name], explique la gravité",
    "Ich heiße Anna Müller und möchte": "Ich heiße [name] und möchte",
    "I live at 12 Elm Street, Springfield, IL 62704. Why": "I live at [address]. Why",
    "I live at 221B Baker Street, why is it": "I live at [address], why is it",
    "my address is 12 Rue de la Paix, Paris. what": "my address is [address]. what",
    "I go to Lincoln High School and": "I go to [school] and",
    "my birthday is 3 May 2012, when": "my birthday is [date of birth], when",
    "I was born on 12/05/2012": "I was born on [date of birth]",
    "mail me at emma.c+x@school.example.org now": "mail me at [e-mail address] now",
    "Почта: эмма@школа.рф": "Почта: [e-mail address]",
    "+1 (415) 555-2671": "[phone number]",
    "電話 +81 90-1234-5678": "電話 [phone number]",
    "call me at 555-123-4567": "call me at [phone number]",
    "my number is 555 123 4567": "my number is [phone number]",
    "my insta is @emma_c12": "my insta is [account]",
    "my ssn is 078-05-1120": "my ssn is [id number]",
    "my student id is A1234567": "my student id is [id number]",
    "4111 1111 1111 1111": "[card number]",
}

KEPT = (
    "My name is Asher Lev analysis",
    "my name is asher lev analysis",
    "My Name Is Asher Lev by Chaim Potok",
    "What is the theme of My name is Asher Lev?",
    '"My name is Asher Lev" summary',
    "my name is red, by Orhan Pamuk",
    "Why is my name not in the list",
    "What can live at absolute zero?",
    "I live at absolute zero, what happens to gases",
    "we live at 20 degrees north, why is it hot",
    "Why does Sherlock Holmes live at 221B Baker Street?",
    "I live in Japan, explain earthquakes",
    "I go to high school, explain tides",
    "My address is 0x7fff in C. What is a pointer?",
    "is @property a decorator, and what is @media in css",
    "my discord is broken",
    "compute 555 + 1234567",
    "what is 3 +10000000",
    "299792458 m/s, 6.02214076e23, 1939-1945, 2024-05-12, 10.1000/182",
    "1234 5678 9012 3456 are numbers",
    "Who was born on 4 July 1776?",
    "(555) - 4 = ?",
)


@for_all(MASKED.items())
def test_personal_data_is_masked(text, expected):
    assert mask_personal_data(text) == expected


@for_all(KEPT)
def test_questions_are_not_changed(text):
    assert mask_personal_data(text) == text


@for_all(MASKED.values())
def test_masked_text_is_not_masked_again(text):
    assert mask_personal_data(text) == text


@pytest.mark.parametrize(
    "part",
    ["a ", "a@", "a.b-", "+1 ", "1234 ", "my name is ", "hi ", "I live at 1 ", "my school is a "],
)
def test_longest_query_is_masked(part):
    """An expression that backtracks would not end."""
    assert mask_personal_data(f"my name is {part * 1000}"[:2000])


def test_prompt_holds_no_personal_data():
    request = ContentRequest(
        "123e4567-e89b-12d3-a456-426614174000",
        "student-1",
        "My name is Emma Clark, I live at 12 Elm Street. Why is the sky blue?",
        8,
        "c-1",
        interest="emma@example.org",
    )
    data = json.loads(student_data(request).split("\n")[1])
    assert data["student_query"] == "My name is [name], I live at [address]. Why is the sky blue?"
    assert data["interest"] == "[e-mail address]"
    assert "student-1" not in student_data(request)
