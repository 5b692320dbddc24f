"""Tests of normalizing text for speech: a table of texts and their spoken words."""

from __future__ import annotations

import re
import string

from hypothesis import example, given
from hypothesis import strategies as st

from tests.every_row import for_all
from transforms.narration.normalization.speech_text import to_speech

NUMBERS = {
    "It has 1,000,000 cells.": "It has one million cells.",
    "Pi is 3.14159.": "Pi is three point one four one five nine.",
    "About 0.5 of it": "About zero point five of it",
    ".5 of it": "point five of it",
    "-40 degrees": "minus forty degrees",
    "It is −5 now.": "It is minus five now.",
    "Agent 007": "Agent zero zero seven",
    "12345678901234567890123": "one two three four five six seven eight nine zero one two three "
    "four five six seven eight nine zero one two three",
    "the 1st, 2nd, 3rd, 21st and 100th": "the first, second, third, twenty-first and one hundredth",
    "1/2 of it, 3/4 cup, 2/3": "one half of it, three quarters cup, two thirds",
    "2½ cups and ¾": "two and one half cups and three quarters",
    "open 24/7, a 50/50 chance, 9/7 of it": "open twenty-four seven, a fifty fifty chance, nine "
    "sevenths of it",
    "1 − 1/12.5": "one minus one over twelve point five",
    "50% of 20%": "fifty percent of twenty percent",
    "5–10 minutes": "five to ten minutes",
    "pages 5-10": "pages five to ten",
    "10% – 20%": "ten percent to twenty percent",
    "a 5-year-old": "a five-year-old",
    "10+ years": "ten plus years",
    "~5 km": "about five kilometers",
    "version 1.2.3": "version one point two point three",
    "#1 and No. 5": "number one and number five",
    "１２３ and ٣": "one hundred twenty-three and three",
}

YEARS = {
    "In 1969, Apollo 11 landed.": "In nineteen sixty-nine, Apollo eleven landed.",
    "The war of 1914–1918": "The war of nineteen fourteen to nineteen eighteen",
    "the 1990s and the '80s": "the nineteen nineties and the eighties",
    "In 1905 and 2024": "In nineteen oh five and twenty twenty-four",
    "1066 was hard": "ten sixty-six was hard",
    "1250 students, 1500 joules": "one thousand two hundred fifty students, one thousand five "
    "hundred joules",
    "x = 1200": "x equals one thousand two hundred",
    "Jan. 5, 2024": "January fifth, twenty twenty-four",
    "On July 14, 1789, they rose.": "On July fourteenth, seventeen eighty-nine, they rose.",
    "2024-05-06 or 5/6/2024": "May sixth, twenty twenty-four or May sixth, twenty twenty-four",
    "7:30 pm, 12:05, 6 a.m.": "seven thirty P M, twelve oh five, six eh M.",
    "a ratio of 3:1, or 9:3:3:1": "a ratio of three to one, or nine to three to three to one",
}

UNITS = {
    "5 m/s²": "five meters per second squared",
    "9.8 N/kg": "nine point eight newtons per kilogram",
    "25 °C or 25°C": "twenty-five degrees Celsius or twenty-five degrees Celsius",
    "98.6 °F": "ninety-eight point six degrees Fahrenheit",
    "3 km, 60 Hz, 1 kg": "three kilometers, sixty hertz, one kilogram",
    "a 5 km run": "a five kilometer run",
    "a 5-kg mass": "a five-kilogram mass",
    "5 cm³ and 3 m²": "five cubic centimeters and three square meters",
    "4,200 J/(kg·K)": "four thousand two hundred joules per kilogram kelvin",
    "2 m s⁻¹": "two meters per second",
    "1000 kg/m³": "one thousand kilograms per cubic meter",
    "5 µm and 10 μF": "five micrometers and ten microfarads",
    "5 kΩ": "five kilohms",
    "measured in m/s": "measured in meters per second",
    "A mass in kg": "A mass in kilograms",
    "a 90° angle at 20°": "a ninety degree angle at twenty degrees",
    "3 × 10⁸ m/s": "three times ten to the eighth power meters per second",
    "It takes 5 min.": "It takes five minutes.",
    "3D, 5G and 4K": "three D, five G and four K",
    "She is 5'3\" tall.": "She is five feet three inches tall.",
}

MATHS = {
    "F = ma": "F equals m eh",
    "E = mc²": "E equals m c squared",
    "a² + b² = c²": "eh squared plus b squared equals c squared",
    "10⁶ and 10^-3": "ten to the sixth power and ten to the negative three power",
    "x^2 + y^3": "x squared plus y cubed",
    "2^n and 10^(n+1)": "two to the nth power and ten raised to the n plus one power",
    "3 × 4 = 12": "three times four equals twelve",
    "4x6": "four times six",
    "12 ÷ 4 = 3": "twelve divided by four equals three",
    "7 - 3 = 4 and 5-3 = 2": "seven minus three equals four and five minus three equals two",
    "5 ± 0.1 cm": "five plus or minus zero point one centimeters",
    "π ≈ 3.14": "pi is approximately three point one four",
    "x ≤ 5 and y ≥ 3": "x is less than or equal to five and y is greater than or equal to three",
    "if x is < 5": "if x is less than five",
    "Is 5 > 3?": "Is five greater than three?",
    "a ≠ b": "eh is not equal to b",
    "PV = nRT": "P V equals n R T",
    "v = u + at": "v equals u plus eh t",
    "E_k = ½mv²": "E sub k equals one half m v squared",
    "V = IR, so I = V/R": "V equals I R, so I equals V over R",
    "(a + b)/2": "the fraction with numerator eh plus b and denominator two",
    "speed = distance / time": "speed equals distance over time",
    "x = -b ± √(b² - 4ac)": "x equals negative b plus or minus the square root of b squared minus "
    "four eh c",
    "sin(x), cos θ, log₂8": "sine of x, cosine of theta, log base two of eight",
    "f(x) = x² + 1": "f of x equals x squared plus one",
    "5! = 120": "five factorial equals one hundred twenty",
    "ΔE = q + w": "delta E equals q plus w",
    "λ = 500 nm": "lambda equals five hundred nanometers",
    "$x^2$ and \\frac{a}{b}": "x squared and eh over b",
    "If a is 5, then b is 3.": "If eh is five, then b is three.",
}

CHEMISTRY = {
    "CO₂ and H2O": "C O two and H two O",
    "C6H12O6": "C six H twelve O six",
    "NaCl gives Na+ and Cl-.": "N eh C L gives N eh plus and C L minus.",
    "Ca²⁺ and SO₄²⁻": "C eh two plus and S O four two minus",
    "6CO2 + 6H2O → C6H12O6 + 6O2": "six C O two plus six H two O yields C six H twelve O six plus "
    "six O two",
    "2H₂(g) + O₂(g) → 2H₂O(l)": "two H two, gas, plus O two, gas, yields two H two O, liquid",
    "Al2(SO4)3": "eh L two open paren S O four close paren three",
    "sunlight → sugar": "sunlight to sugar",
    "¹⁴C and ²³⁵U": "C fourteen and U two hundred thirty-five",
    "carbon-14 and U-235": "carbon fourteen and U two hundred thirty-five",
    "He and In As at No": "He and In As at No",
}

MONEY = {
    "$5.50 and $1": "five dollars and fifty cents and one dollar",
    "$1,200.75": "one thousand two hundred dollars and seventy-five cents",
    "$3 million, £3.5m": "three million dollars, three point five million pounds",
    "€20, 50¢, US$20": "twenty euros, fifty cents, twenty dollars",
    "$0.50": "fifty cents",
}

WORDS = {
    "e.g. plants, i.e. green ones": "for example plants, that is green ones",
    "Cats vs. dogs, etc.": "Cats versus dogs, et cetera.",
    "Dr. Smith lives in the U.S.": "Doctor Smith lives in the U S.",
    "Mrs. Lee, Mr. Lee and Prof. Lee": "Missus Lee, Mister Lee and Professor Lee",
    "See Fig. 2; eat a fig.": "See Figure two; eat a fig.",
    "Brown v. Board": "Brown versus Board",
    "J. K. Rowling": "J K Rowling",
    "World War II, Henry VIII": "World War two, Henry the eighth",
    "XX and XY chromosomes": "XX and XY chromosomes",
    "At this stage I think so.": "At this stage I think so.",
    "vitamin A and blood type A": "vitamin eh and blood type eh",
    "the cat sat on a mat": "the cat sat on a mat",
    "and/or, he/she": "and or, he or she",
    "R&D, Q&A, C++, C#": "R and D, Q and eh, C plus plus, C sharp",
    "Two LEDs and an EM wave": "Two L E D's and an E M wave",
    "Schrödinger's café": "Schrödinger's café",
    "Dvořák, Erdős": "Dvorák, Erdos",
    "α-particles": "alpha particles",
    'He said "stop" and left.': "He said stop and left.",
    "well-known - and good – really": "well-known — and good — really",
    "Force (F) is a push [1].": "Force, F, is a push, one.",
}

DROPPED = {
    "Great job! 🎉🎉": "Great job!",
    "**Bold**, *italic*, `code`, ~~gone~~": "Bold, italic, code, gone",
    "<b>tags</b> &amp; <i class='x'>entities</i>": "tags and entities",
    "a < b and c > d": "eh is less than b and c is greater than d",
    "[link](https://x.com/y)": "link",
    "# Heading": "Heading",
    "See https://www.nasa.gov/moon?x=1 for more.": "See nasa dot gov for more.",
    "Mail info@example.org.": "Mail info at example dot org.",
    "物理 means physics.": "means physics.",
    "Привет": "",
    "🎉": "",
    "?!": "",
    "a\x00b\u200bc": "abc",
}

TABLE = NUMBERS | YEARS | UNITS | MATHS | CHEMISTRY | MONEY | WORDS | DROPPED


@for_all(TABLE.items())
def test_text_becomes_spoken_words(shown: str, said: str) -> None:
    assert to_speech(shown) == said


@for_all([said for said in TABLE.values() if said])
def test_spoken_words_are_not_changed(said: str) -> None:
    assert to_speech(said) == said


@for_all(
    [
        "Newton's second law says that force equals mass times acceleration.",
        "That's a plus, isn't it?",
        "Think of it: a team passes the ball — quickly — up the court…",
        "So a net force makes things accelerate, and twice the mass halves the acceleration!",
        "The mRNA leaves the nucleus; ATP carries energy.",
    ],
)
def test_plain_prose_is_not_changed(lesson: str) -> None:
    assert to_speech(lesson) == lesson


ALPHABET = set(string.ascii_letters) | {chr(n) for n in range(0xC0, 0x100)} - {"×", "÷"}
PUNCTUATION = set("' -.,;:?!—…")

_PIECES = st.lists(
    st.sampled_from(
        [*TABLE, "(", ")", "^{", "_{", "}", "$", "\\", "\\frac{", "√(", "²", "⁻", "₂", "/", "-",
         "–", "1", "12:30", "1,", ".5", "°", "Δ", "<", "<b", "=", "a", "A", "kg", "m/s", "[", "](",
         "\n", "Henry ", "Type ", "XIV", "IC", "&", "e.g.", "no. ", "http://", "@", "~", "'"]
    )
).map("".join)  # fmt: skip


@given(st.one_of(st.text(max_size=300), _PIECES.map(lambda text: text[:600])))
@example("Henry C and Type C")
@example("1" * 300)
@example("²" * 300)
@example("(" * 300)
@example("^{" * 150)
def test_output_is_words_and_plain_punctuation(text: str) -> None:
    said = to_speech(text)
    assert set(said) <= ALPHABET | PUNCTUATION
    assert said == said.strip()
    assert not re.search(r"\s\s", said)
    assert not said or set(said) & ALPHABET


@given(st.integers(0, 10**12))
def test_every_number_becomes_words(n: int) -> None:
    for written in (str(n), f"{n:,}", f"{n} kg", f"{n}%", f"${n}", f"-{n}", f"x{n}"):
        assert not any(character.isdigit() for character in to_speech(written))
        assert re.search(r"[a-z]{3}", to_speech(written))
