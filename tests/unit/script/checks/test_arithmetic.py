"""Wrong calculations are found, and right ones pass, in digits and in words."""

from __future__ import annotations

import pytest

from tests.every_row import for_all
from transforms.script.checks.arithmetic import wrong_statements
from transforms.script.checks.spelled_numbers import with_digits

WRONG = [
    ("Twelve divided by four equals five.", "en-US"),
    ("So three times four makes thirteen.", "en-US"),
    ("One hundred and twenty minus twenty is ninety.", "en-US"),
    ("Half of 12 is 5.", "en-US"),
    ("Three quarters of eight is five.", "en-US"),
    ("12 cookies ÷ 4 friends = 5 cookies", "en-US"),
    ("12 apples divided by 4 is 5 apples each.", "en-US"),
    ("1945 − 1939 = 5 years", "en-US"),
    ("5 m + 3 kg = 8 m", "en-US"),
    ("5 meters plus 3 seconds is 8 meters.", "en-US"),
    ("2 m × 3 m = 6 m", "en-US"),
    ("12 newtons divided by 4 kilograms is 3 meters per second.", "en-US"),
    ("3 kg × 2 m/s² = 6 J", "en-US"),
    ("5 km × 2 = 12 km", "en-US"),
    ("90° − 40° = 60°", "en-US"),
    ("2x + 3x = 6x", "en-US"),
    ("3 million + 2 million = 6 million", "en-US"),
    ("The area is 4 × 5 = 25, a lesson about squares. Read on.", "en-US"),
    ("20% of $50 is $15.", "en-US"),
    ("x = 12 − 5 = 8", "en-US"),
    ("5 squared is 20", "en-US"),
    ("Doce dividido entre cuatro es cinco.", "es-ES"),
    ("Treinta y dos más ocho son cincuenta.", "es-MX"),
    ("Zwölf geteilt durch vier ist fünf.", "de-DE"),
    ("Zweiunddreißig plus acht ist fünfzig.", "de-DE"),
    ("Douze divisé par quatre égale cinq.", "fr-FR"),
    ("2,5 + 2,5 = 6", "de-DE"),
]
RIGHT = [
    ("Twelve divided by four equals three.", "en-US"),
    ("Many people think that 1/2 + 1/4 = 2/6.", "en-US"),
    ("A common mistake is to write 3² = 6.", "en-US"),
    ("7 ÷ 2 = 3 remainder 1", "en-US"),
    ("7 ÷ 2 = 3 R 1", "en-US"),
    ("2 + 2 = 5 is wrong.", "en-US"),
    ("x + 3 + 2 = 10", "en-US"),
    ("5 + 3 = 4 + x", "en-US"),
    ("5 + 3 = 4 + 4", "en-US"),
    ("√16 + 2 = 6", "en-US"),
    ("2π × 3 = 18.85", "en-US"),
    ("2x + 3 = 11", "en-US"),
    ("sin 30 + 1 = 1.5", "en-US"),
    ("The sum of 3 and 4 is 7.", "en-US"),
    ("The square root of 16 plus 2 is 6.", "en-US"),
    ("Read pages 10-20. That is 10 pages.", "en-US"),
    ("The score was 3-2 is a close one.", "en-US"),
    ("The team won 3-2, and 5 goals is a lot.", "en-US"),
    ("14-18 = −4", "en-US"),
    ("60 min × 24 = 1 day", "en-US"),
    ("24 hours × 7 = 1 week", "en-US"),
    ("50 × 2 = 1 m", "en-US"),
    ("6 CO₂ + 6 H₂O = C₆H₁₂O₆ + 6 O₂", "en-US"),
    ("1 C + 2 O = CO₂", "en-US"),
    ("4 wheels × 3 cars = 12 wheels", "en-US"),
    ("5 boxes × 12 = 60 pencils", "en-US"),
    ("1 box + 2 boxes = 36 pencils", "en-US"),
    ("2 tens + 3 ones = 23", "en-US"),
    ("500 thousand + 500 thousand = 1 million", "en-US"),
    ("Half of 12 plus 4 is 10.", "en-US"),
    ("1/2 × 1/2 × 1/2 is 1 in 8.", "en-US"),
    ("1/3 is about 33 %", "en-US"),
    ("22 ÷ 7 is roughly 3.1", "en-US"),
    ("2 × 3 = 6 cm²", "en-US"),
    ("12 newtons divided by 4 kilograms is 3 meters per second squared.", "en-US"),
    ("3 km ÷ 2 h = 1.5 km/h", "en-US"),
    ("3/4 ÷ 2/3 = 9/8", "en-US"),
    ("70 + 18 + 20 = 108 billion", "en-US"),
    ("On 9/11 is a memorial day.", "en-US"),
    ("It is open 24/7 = always.", "en-US"),
    ("One is more than two minus three.", "en-US"),
    ("In nineteen fourteen, two plus two was four.", "en-US"),
    ("In base two, 10 + 10 = 100.", "en-US"),
    ("At 10 o’clock, 10 + 4 = 2.", "en-US"),
    ("Zwölf mal zwölf ist hundertvierundvierzig.", "de-DE"),
    ("1.000 + 500 = 1.500", "de-DE"),
    ("Treinta y dos más ocho son cuarenta.", "es-ES"),
    ("Quatre-vingts plus dix font quatre-vingt-dix.", "fr-FR"),
]


@for_all(WRONG)
def test_wrong_calculation_is_found(text: str, language: str) -> None:
    assert list(wrong_statements(text, language, "physics"))


@for_all(RIGHT)
def test_right_or_unclear_calculation_passes(text: str, language: str) -> None:
    subject = "chemistry" if "O₂" in text else "physics"
    assert list(wrong_statements(text, language, subject)) == []


@for_all(["1 + " * 370, "1)" * 700, "1/" * 700, "5 kg·" * 300, "twenty-" * 200])
def test_endless_chain_is_read_to_its_end(text: str) -> None:
    """Without possessive quantifiers these take hours."""
    assert list(wrong_statements(text, "en-US", "physics")) == []


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("one hundred and twenty-five thousand", "en-GB", "125000"),
        ("two point two five", "en-US", "2.25"),
        ("two thirds", "en-US", "2/3"),
        ("five and six", "en-US", "five and six"),
        ("cuarenta y dos", "es-ES", "42"),
        ("siebenundneunzig", "de-AT", "97"),
        ("quatre-vingt-dix-sept", "fr-FR", "97"),
        ("twelve", "ja-JP", "twelve"),
    ],
)
def test_spelled_number_becomes_digits(text: str, language: str, digits: str) -> None:
    assert with_digits(text, language) == digits
