"""The text for a student has the numbers of the stated region, and no parents."""

from __future__ import annotations

import re
from datetime import date

import pytest

from transforms.crisis.help_text import help_text, numbers, region_of, regions
from transforms.crisis.phrases import LANGUAGES, LEVELS
from transforms.model import CARE_CATEGORIES, CareFinding

PARENTS = re.compile(
    r"parents?|mothers?|fathers?|mums?|moms?|dads?|padres?|madres?|mamá|papá|eltern|mutter|vater|"
    r"mère|père|maman|papa|family|familia|familie|famille",
    re.IGNORECASE,
)


def every_text():
    for language in (*LANGUAGES, "ja"):
        for category in CARE_CATEGORIES:
            for level in LEVELS:
                for region in ("", "XX", *regions()):
                    finding = CareFinding(category, level, language)
                    yield finding, region, help_text(finding, region)


@pytest.mark.parametrize(
    ("language", "default", "region"),
    [
        ("", None, ""),
        ("", "GB", "GB"),
        ("en", "gb", "GB"),
        ("en-US", "GB", "US"),
        ("en-IN", "GB", "IN"),
        ("es-419", "MX", "419"),
        ("de-Latn-AT", None, "AT"),
    ],
)
def test_message_language_overrides_default_region(language, default, region):
    assert region_of(language, default) == region


def test_texts_name_no_parents_and_no_placeholders():
    for _, _, text in every_text():
        assert not re.search(rf"\b(?:{PARENTS.pattern})\b", text, re.IGNORECASE)
        assert not set("{}") & set(text)


def test_text_has_numbers_of_its_region_only():
    of_region = {
        code: {region.emergency.number, *(line.number for line in region.lines)}
        for code, region in regions().items()
    }
    for _, region, text in every_text():
        found = {number for number in re.findall(r"\d[\d ]*\d", text) if number != "24"}
        assert found <= of_region.get(region, set())
        assert bool(found) == (region in of_region)


def test_only_abuse_text_denies_the_students_fault():
    for finding, _, text in every_text():
        says = any(
            words in text
            for words in (
                "not your fault",
                "No es culpa tuya",
                "nicht deine Schuld",
                "pas ta faute",
            )
        )
        assert says == (finding.category == "abuse")


def test_every_number_has_source_and_date():
    for code, line in numbers():
        assert re.fullmatch("[A-Z]{2}", code)
        assert line.source.startswith(("https://", "http://"))
        assert line.date <= date(2100, 1, 1)
        assert line.number


def test_text_is_in_stated_language_or_english():
    assert help_text(CareFinding("eating", "urgent", "fr"), "").startswith("Merci")
    assert help_text(CareFinding("eating", "urgent", "ja"), "").startswith("Thank you")


def test_english_text_is_the_approved_wording():
    text = help_text(CareFinding("self_harm", "urgent", "en"), "US")
    assert text == (
        "Thank you for telling us. You deserve help from a person, not a lesson. If you or someone "
        "near you is in danger now, call 911. You can talk to 988 Suicide & Crisis Lifeline: 988. "
        "Please tell an adult you trust today, such as a teacher or school nurse."
    )
