"""Sample answers of Gemini for fake servers and tests of the engine."""

from __future__ import annotations

import json
from typing import Any

from transforms.model import ContentRequest

REQUEST = ContentRequest(
    request_id="7f0f4a7e-5c0e-4bb4-9c49-6f2b6f1f6a01",
    student_id="student-17",
    student_query="How does photosynthesis work?",
    grade_level=10,
    correlation_id="c-1",
    interest="basketball",
)
"""The request that `lesson` answers."""

_NARRATIONS = {
    "en": (
        "Plants make their own food out of light, water and air, and the green colour in the "
        "leaf is where it happens. A molecule called chlorophyll catches the light and passes "
        "the energy on.",
        "First the energy of the light splits water. Oxygen leaves through tiny openings in "
        "the leaf, while the energy is stored for a short time in two small carrier "
        "molecules.",
        "Then the plant uses those carriers to build sugar out of carbon dioxide from the "
        "air. It can do this in the dark too, as long as the carriers last.",
        "Think of a basketball team that passes the ball quickly up the court. No single "
        "player keeps it, but the energy of the attack moves on until a basket is scored.",
    ),
    "fr": (
        "Les plantes fabriquent leur propre nourriture avec de la lumière, de l'eau et de "
        "l'air, et tout se passe dans la partie verte de la feuille, grâce à la chlorophylle.",
        "D'abord, l'énergie de la lumière sépare l'eau. L'oxygène sort par de minuscules "
        "ouvertures de la feuille, et l'énergie est gardée un moment dans deux petites "
        "molécules.",
        "Ensuite, la plante se sert de ces molécules pour construire du sucre avec le dioxyde "
        "de carbone de l'air. Elle peut le faire aussi dans le noir pendant un court moment.",
        "Pense à une équipe de basket qui fait circuler le ballon. Aucun joueur ne le garde, "
        "mais l'élan de l'attaque avance jusqu'à ce que quelqu'un marque un panier.",
    ),
    "ar": (
        "تصنع النباتات غذاءها بنفسها من الضوء والماء والهواء، ويحدث ذلك في الجزء الأخضر من "
        "الورقة حيث توجد مادة تسمى الكلوروفيل تلتقط الضوء وتنقل طاقته إلى الخلية كلها.",
        "في البداية تفصل طاقة الضوء مكونات الماء، ويخرج الأكسجين من فتحات صغيرة جدا في "
        "الورقة، بينما تخزن الطاقة لوقت قصير في جزيئين صغيرين ينقلانها إلى مكان آخر.",
        "بعد ذلك يستخدم النبات هذين الجزيئين ليبني السكر من ثاني أكسيد الكربون الموجود في "
        "الهواء، ويمكنه أن يفعل ذلك في الظلام أيضا ما دامت الطاقة المخزنة باقية عنده.",
        "تخيل فريق كرة سلة يمرر الكرة بسرعة من لاعب إلى لاعب. لا يحتفظ بها أحد، لكن الهجوم "
        "يتقدم إلى الأمام حتى يسجل واحد من اللاعبين في النهاية هدفا جميلا.",
    ),
    "ja": (
        "植物は光と水と空気から自分の栄養を作ります。"
        "それは葉の緑色の部分で起こります。"
        "クロロフィルという分子が光をとらえ、そのエネルギーを次の反応に渡します。",
        "まず、光のエネルギーが水を分解します。"
        "酸素は葉の小さな穴から外に出ていきます。"
        "エネルギーは二つの小さな運び屋の分子に、短い時間だけ蓄えられます。",
        "次に、植物はその運び屋を使って、空気中の二酸化炭素から糖を組み立てます。"
        "運び屋が残っているあいだは、暗い場所でもこの反応は進みます。",
        "バスケットボールのチームが速いパスをつなぐ様子を思い浮かべてください。"
        "だれもボールを持ち続けませんが、攻撃は前に進み、最後にだれかが点を決めます。",
    ),
}


def lesson(language: str = "en") -> dict[str, Any]:
    """Return a valid lesson on photosynthesis in one of four languages."""
    narrations = _NARRATIONS[language]
    question = {
        "question": narrations[0][:80],
        "choices": [narrations[i][:40].strip() for i in range(4)],
        "answer": 2,
        "explanation": narrations[1],
    }
    visuals = [
        {
            "kind": "formula",
            "text": r"6 CO_2 + 6 H_2O \rightarrow C_6H_{12}O_6 + 6 O_2",
            "items": [],
        },
        {"kind": "steps", "text": "", "items": [narrations[1][:30], narrations[2][:30]]},
        {"kind": "comparison", "text": "", "items": ["In | Out", "CO2 | O2"]},
        {"kind": "bullets", "text": "", "items": []},
    ]
    return {
        "topic": "photosynthesis",
        "subject": "biology",
        "title": narrations[0][:50].strip(),
        "hook": narrations[3],
        "scenes": [
            {
                "heading": narrations[i][:40].strip(),
                "narration": narrations[i],
                "bullets": [narrations[i][:40].strip(), narrations[3 - i][:60].strip()],
                "visual": visuals[i],
                "sources": [],
            }
            for i in range(4)
        ],
        "key_takeaways": list(narrations[:3]),
        "quiz": [question, {**question, "answer": 0}],
    }


def answer(lesson: dict[str, Any] | None, decline: str | None = None) -> dict[str, Any]:
    """Return an answer with a lesson, or one that declines the request."""
    return {"decline": decline, "lesson": lesson}


CART = {
    "template": "bodies",
    "bodies": [{"id": "cart", "icon": "cart", "mass": [20, "kg"]}],
    "forces": [
        {"id": "push", "on": "cart", "to": "right", "size": [50, "N"], "label": "push"},
        {"id": "rub", "on": "cart", "to": "left", "size": [10, "N"], "label": "friction"},
    ],
    "states": {"net": "merge push rub"},
}


def with_picture(
    written: dict[str, Any], picture: dict[str, Any] = CART, marks: str = "[[push]]", scene: int = 2
) -> dict[str, Any]:
    """Return a lesson of which one scene shows a picture, with marks before its narration."""
    shown = {"kind": "picture", "text": json.dumps(picture), "items": []}
    scenes = [dict(each) for each in written["scenes"]]
    scenes[scene] |= {"narration": marks + scenes[scene]["narration"], "visual": shown}
    return written | {"scenes": scenes}
