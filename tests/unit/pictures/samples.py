"""One valid picture of each template."""

from __future__ import annotations

from typing import Any

CART: dict[str, Any] = {
    "template": "bodies",
    "bodies": [{"id": "cart", "icon": "cart", "mass": [20, "kg"]}],
    "forces": [
        {"id": "push", "on": "cart", "to": "right", "size": [50, "N"], "label": "push"},
        {"id": "rub", "on": "cart", "to": "left", "size": [10, "N"], "label": "friction"},
    ],
    "states": {"net": "merge push rub", "go": "move cart"},
    "results": [{"on": "cart", "to": "right", "size": [40, "N"]}],
}
DISCOUNTS: dict[str, Any] = {
    "template": "bars",
    "bars": [
        {"id": "quarter", "label": "First shop", "size": [80, "$"],
         "share": {"part": 1, "of": 4}, "amount": [20, "$"]},
        {"id": "thirty", "label": "Second shop", "size": [80, "$"],
         "share": {"part": 30, "of": 100, "percent": True}, "amount": [24, "$"]},
    ],
}  # fmt: skip
SEARCH: dict[str, Any] = {
    "template": "cells",
    "id": "list",
    "cells": [2, 5, 8, 12, 16, 23, 38, 56, 72, 91],
    "search": {"want": 23, "looks": 3},
    "states": {"one": "look 1", "two": "look 2", "three": "look 3"},
}
WAR: dict[str, Any] = {
    "template": "timeline",
    "spans": [{"id": "war", "start": "1914-07-28", "end": "1918-11-11", "label": "First World War",
               "lasts": [4.3, "years"]}],
    "events": [
        {"id": "shot", "when": "1914-06-28", "label": "Shots in Sarajevo"},
        {"id": "america", "when": "1917-04-06", "label": "The United States join"},
        {"id": "armistice", "when": "1918-11-11", "label": "Armistice"},
    ],
}  # fmt: skip
PARABOLA: dict[str, Any] = {
    "template": "plot",
    "x": {"low": -1, "high": 5, "label": "x"},
    "y": {"low": -2, "high": 6, "label": "y"},
    "parameter": {"name": "c", "start": 3},
    "curves": [{"id": "curve", "label": "y = x² − 4x + c", "y": "x**2 - 4*x + c"}],
    "points": [{"id": "roots", "kind": "roots", "of": ["curve"], "stated": [1, 3]}],
    "states": {"one": "sweep c=4", "none": "sweep c=5"},
}
CENSUS: dict[str, Any] = {
    "template": "bars",
    "bars": [
        {"id": "people", "label": "people", "size": [31.4, "million"],
         "pieces": [{"id": "enslaved", "label": "enslaved", "size": [3.95, "million"]}]},
    ],
}  # fmt: skip
SCORES: dict[str, Any] = {
    "template": "bars",
    "bars": [
        {"id": name, "size": [size, ""]}
        for name, size in zip("abcde", (4, 2, 5, 10, 4), strict=True)
    ],
    "measures": [
        {"id": "mean", "kind": "mean", "stated": 5},
        {"id": "median", "kind": "median", "stated": 4},
    ],
    "states": {"sort": "sort", "grow": "grow d=60", "level": "level"},
}
DICE: dict[str, Any] = {
    "template": "cells",
    "grids": [
        {"id": "dice", "label": "two dice", "columns": 6, "rows": 6, "numbered": True,
         "groups": [{"id": "seven", "label": "sum of 7", "sum": 7, "stated": 6}]},
        {"id": "votes", "label": "votes", "columns": 5, "rows": 4,
         "groups": [{"id": "yes", "label": "yes", "count": 12},
                    {"id": "no", "label": "no", "count": 8}]},
    ],
}  # fmt: skip
TANK: dict[str, Any] = {
    "template": "cells",
    "grids": [{"id": "tank", "label": "tank", "columns": 8, "rows": 5, "layers": 6}],
}
SPANS: dict[str, Any] = {
    "template": "timeline",
    "spans": [
        {"id": "west", "start": "395", "end": "476", "label": "West"},
        {"id": "east", "start": "395", "end": "1453", "label": "East", "lasts": [1058, "years"]},
        {"id": "empire", "start": "-27", "end": "395", "label": "Empire"},
    ],
}
SAMPLES: dict[str, dict[str, Any]] = {
    each["template"]: each for each in (CART, DISCOUNTS, SEARCH, WAR, PARABOLA)
}

VARIANTS: dict[str, dict[str, Any]] = {
    "pieces": CENSUS, "measures": SCORES, "grids": DICE, "solid": TANK, "spans": SPANS,
}  # fmt: skip
"""Further pictures, by what they show."""
BESIDE = {
    "bodies": "cart.mass=40 push.size=80",
    "bars": "quarter.share.part=3",
    "cells": "search.how=row",
    "timeline": "war.end=1920-01-10",
    "plot": "parameter.start=5",
}
"""Other inputs of each sample."""


def with_second(template: str) -> dict[str, Any]:
    """Return the sample of a template with the picture of other inputs beside it."""
    sample = SAMPLES[template]
    return sample | {"states": sample.get("states", {}) | {"other": f"beside {BESIDE[template]}"}}
