"""Draw every slide layout in both themes on one picture: ``make contact-sheet``.

Look at it after every change of a layout: crowded, truncated or dull slides are visible at once.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from PIL import Image

from tests.unit.pictures.samples import VARIANTS, with_second
from transforms.model import Visual
from transforms.text.labels import labels_for
from transforms.video.draw.design import THEMES
from transforms.video.draw.typeset import Typesetter
from transforms.video.plan.pages import Look, Page
from transforms.video.slides.draw_slide import draw_slide

SIZE = (640, 360)
COLUMNS = 4
GAP = 12

_BULLETS = (
    "Leaves catch light with chlorophyll",
    "Roots bring water, pores bring carbon dioxide",
    "Sugar stores the energy",
)
_VISUALS = {
    "formula": Visual("formula", r"a = \frac{F_{net}}{m}", ("F: net force in N", "m: mass in kg")),
    "worked": Visual(
        "worked",
        r"a = \frac{F_{net}}{m}",
        ("Net force: 50 N − 10 N = 40 N", "a = 40 N ÷ 20 kg = 2 m/s²", "After 2 s: 4 m/s"),
    ),
    "steps": Visual("steps", "", ("Measure the force", "Measure the mass", "Divide the two")),
    "process": Visual(
        "process", "", ("Light hits the leaf", "Water is split", "Sugar is built", "Oxygen leaves")
    ),
    "cycle": Visual(
        "cycle",
        "",
        ("Evaporation", "Condensation", "Precipitation", "Runoff and infiltration", "Back to sea"),
    ),
    "comparison": Visual(
        "comparison",
        "",
        ("Plant cell | Animal cell", "Cell wall | No wall", "Makes sugar | Eats", "Green | Not"),
    ),
    "myth": Visual(
        "comparison",
        "",
        ("Myth | Fact", "A constant force gives a constant speed | It gives an acceleration"),
    ),
    "timeline": Visual(
        "timeline",
        "",
        ("1687: Principia", "1905: Relativity", "1926: Quantum mechanics", "1969: Moon landing"),
    ),
    "quote": Visual("quote", "If I have seen further, it is by standing on the shoulders of giants."
                    , ("Isaac Newton, 1675",)),
    "definition": Visual(
        "definition",
        "Photosynthesis is how plants turn light, water and carbon dioxide into sugar and oxygen.",
        ("Photosynthesis",),
    ),
}  # fmt: skip
_WORLD = {
    "ar": ("القوة والتسارع", ("القوة المحصلة تُسرّع الجسم: F = ma", "كتلة أكبر، تسارع أقل (12 N)")),
    "he": ("כוח ותאוצה", ("כוח שקול מאיץ את הגוף: F = ma", "מסה גדולה יותר, תאוצה קטנה יותר")),
    "hi": ("बल और त्वरण", ("परिणामी बल वस्तु को त्वरित करता है", "द्रव्यमान अधिक, त्वरण कम")),
    "zh-CN": ("力与加速度", ("合力使物体加速：F = ma", "质量越大，加速度越小")),
    "ja": ("力と加速度", ("合力は物体を加速させる", "質量が大きいほど加速度は小さい")),
    "ko": ("힘과 가속도", ("알짜힘은 물체를 가속한다", "질량이 크면 가속도는 작다")),
    "el": ("Δύναμη και επιτάχυνση", ("Η δύναμη επιταχύνει: F = m·α", "Μεγαλύτερη μάζα 🧪")),
    "ru": ("Сила и ускорение", ("Сила ускоряет тело 🚀", "Больше масса — меньше ускорение")),
}


def pages() -> Iterator[Page]:
    """Yield a page of every layout, then a page in each of several writing systems."""
    subjects = cycle([name for name in THEMES if name != "default"])
    scene = Page("scene", "", "en-US", "Biology · 2 of 6", "How a leaf makes sugar", _BULLETS)
    hook = ("Every breath you take was once the waste of a leaf. How does it make sugar from air?",)
    asked = ("Nitrogen", "Carbon dioxide", "The oxygen that animals breathe out", "Water vapor")
    yield replace(scene, kind="intro", subject=next(subjects), label="", heading="Vividly Academy")
    yield replace(
        scene, kind="title", subject=next(subjects), label="Biology · Grade 8",
        heading="Photosynthesis for basketball fans", lines=hook,
    )  # fmt: skip
    yield replace(scene, subject=next(subjects))
    for visual in _VISUALS.values():
        yield replace(scene, subject=next(subjects), visual=visual, lines=())
        yield replace(scene, subject=next(subjects), visual=visual)
    for variant in VARIANTS:
        example = with_second(variant)
        states = [*example["states"]]
        for count in range(len(states) + 1):
            text = json.dumps({**example, "before": states[:count]})
            last = [example["states"][name] for name in states[:count]][-1:]
            yield replace(
                scene, subject=next(subjects), visual=Visual("picture", text), lines=(),
                heading=" ".join((variant, *last)),
            )  # fmt: skip
    takeaways = ("Plants make sugar from light, water and air.", "Chlorophyll catches the light.")
    yield replace(
        scene, kind="takeaways", subject=next(subjects), label="Biology",
        heading=labels_for("en").takeaways, lines=takeaways,
    )  # fmt: skip
    question = replace(
        scene, kind="quiz", subject=next(subjects), label="Biology · Quick check", lines=asked,
        heading="Which gas does a leaf take from the air?", answer=1,
        note="Carbon dioxide enters through pores; its carbon ends up in the sugar.",
    )  # fmt: skip
    yield question
    yield replace(question, kind="answer")
    credits = ("Sources: A school book", "Voice: hibari-heart", "Set in Inter and Noto Sans")
    yield replace(
        scene, kind="end", subject=next(subjects), heading="Photosynthesis", lines=credits
    )
    for language, (heading, said) in _WORLD.items():
        steps = Visual("steps", "", said)
        yield Page("scene", next(subjects), language, "1 / 2", heading, said, steps)


def draw(path: Path) -> int:
    """Write the sheet: the final state of each page, dark beside light.

    Returns:
        The number of slides on it.
    """
    slides = []
    for page in pages():
        prepare = Typesetter(page.language).prepare
        shown = replace(page, heading=prepare(page.heading), lines=tuple(map(prepare, page.lines)))
        for theme in ("dark", "light"):
            slides.append(draw_slide(replace(shown, look=Look(theme)), *SIZE).full)
    rows = -(-len(slides) // COLUMNS)
    width, height = (side + GAP for side in SIZE)
    sheet = Image.new("RGB", (COLUMNS * width + GAP, rows * height + GAP), (120, 120, 120))
    for i, slide in enumerate(slides):
        sheet.paste(slide, (GAP + i % COLUMNS * width, GAP + i // COLUMNS * height))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return len(slides)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/contact-sheet.png"))
    out = parser.parse_args().out
    print(f"{draw(out)} slides: {out}")


if __name__ == "__main__":
    main()
