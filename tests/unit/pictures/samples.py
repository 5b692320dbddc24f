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
        {"id": "people", "label": "people", "size": [31.4, "million"], "rest": True,
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
COSTS: dict[str, Any] = {
    "template": "bars",
    "bars": [
        {"id": "cost", "label": "full cost", "size": [78, "$"],
         "pieces": [{"id": "ticket", "label": "ticket", "size": [30, "$"]},
                    {"id": "pay", "label": "pay given up", "size": [48, "$"]}]},
    ],
}  # fmt: skip
RUNNERS: dict[str, Any] = {
    "template": "bars",
    "bars": [
        {"id": "sister", "label": "runner", "size": [60, "kg"], "by": [4, "m/s"],
         "amount": [240, "kg·m/s"]},
        {"id": "brother", "label": "brother", "size": [30, "kg"], "by": [8, "m/s"],
         "amount": [240, "kg·m/s"]},
    ],
}  # fmt: skip
TRIP: dict[str, Any] = {
    "template": "plot",
    "x": {"low": 0, "high": 8, "label": "seconds"},
    "y": {"low": 0, "high": 20},
    "curves": [
        {"id": "faster", "label": "speeds up", "y": "3 * x", "end": 5},
        {"id": "slower", "label": "slows down", "y": "15 - 5 * (x - 5)", "start": 5},
    ],
    "data": [{"id": "seen", "label": "measured", "at": [[1, 4], [2, 5]]}],
    "points": [{"id": "top", "kind": "at", "of": ["faster"], "x": [5], "stated": [15]}],
}
SWIMMER: dict[str, Any] = {
    "template": "bodies",
    "bodies": [{"id": "girl", "icon": "person", "label": "girl", "mass": [40, "kg"]}],
    "forces": [{"id": "push", "on": "girl", "to": "right", "size": [20, "N"]}],
    "states": {"go": "move girl"},
}
RACE: dict[str, Any] = {
    "template": "bodies",
    "bodies": [{"id": "light", "icon": "cart", "label": "light", "mass": [20, "kg"]},
               {"id": "heavy", "icon": "car", "label": "heavy", "mass": [40, "kg"]}],
    "forces": [{"id": "one", "on": "light", "to": "right", "size": [40, "N"]},
               {"id": "two", "on": "heavy", "to": "right", "size": [40, "N"]}],
    "states": {"go": "move light heavy"},
}  # fmt: skip
POLES: dict[str, Any] = {
    "template": "bodies",
    "bodies": [
        {"id": "left", "icon": "magnet", "label": "one", "length": [4, "cm"]},
        {"id": "right", "icon": "magnet", "poles": "SN", "length": [8, "cm"]},
    ],
    "forces": [{"id": "back", "on": "right", "to": "right", "size": [2, "N"]}],
}
POND: dict[str, Any] = {
    "template": "bodies",
    "fluid": {"id": "water", "label": "water", "density": [1, "g/cm³"]},
    "bodies": [
        {"id": "wood", "icon": "box", "density": [0.75, "g/cm³"], "under": [75, "%"]},
        {"id": "iron", "icon": "box", "density": [7.9, "g/cm³"]},
    ],
    "forces": [{"id": "up", "on": "wood", "to": "up", "size": [1, "N"]}],
}
MERGE: dict[str, Any] = {
    "template": "cells",
    "caption": "small list",
    "cells": [5, 2, 8, 1],
    "sort": {"how": "merge", "comparisons": 5},
    "states": {"pairs": "round 1", "all": "round 2"},
}
BITS: dict[str, Any] = {
    "template": "cells",
    "binary": {"number": 13, "bits": 4, "stated": "1101"},
    "states": {"eight": "place 8", "four": "place 4"},
}
CAESAR: dict[str, Any] = {
    "template": "cells",
    "shift": {"by": 3, "stated": "D"},
    "states": {"turn": "shift"},
}
LEAF: dict[str, Any] = {
    "template": "drawing",
    "base": "leaf",
    "zoom": {"id": "close", "at": "blade", "base": "chloroplast"},
    "flows": [
        {"id": "light", "way": ["sunlight", "light-in"], "of": "light", "label": "light"},
        {"id": "water", "way": ["roots", "stem", "midrib"], "of": "water", "label": "water"},
    ],
    "notes": [
        {"id": "pores", "at": "stomata", "text": "stomata"},
        {"id": "stack", "at": "close.thylakoid", "text": "thylakoid"},
    ],
    "states": {"veins": "highlight vein midrib", "drop": "travel water", "all": "highlight blade"},
}
ALLIANCES: dict[str, Any] = {
    "template": "graph",
    "layout": "groups",
    "arrows": False,
    "counts": True,
    "groups": [{"id": "central", "label": "Central Powers", "members": 2},
               {"id": "entente", "label": "Entente", "members": 3}],
    "nodes": [
        {"id": "austria", "label": "Austria-Hungary", "icon": "flag", "group": "central"},
        {"id": "germany", "label": "Germany", "icon": "flag", "group": "central"},
        {"id": "serbia", "label": "Serbia", "icon": "flag", "group": "entente"},
        {"id": "russia", "label": "Russia", "icon": "flag", "group": "entente"},
        {"id": "france", "label": "France", "group": "entente"},
    ],
    "edges": [
        {"ends": ["austria", "serbia"], "when": "1914-07-28"},
        {"id": "east", "ends": ["germany", "russia"], "when": "1914-08-01", "label": "war"},
        {"ends": ["germany", "france"], "when": "1914-08-03"},
    ],
    "states": {"first": "until 1914-07-28", "week": "until 1914-08-04", "west": "recolour france",
               "news": "travel austria serbia"},
}  # fmt: skip
BALANCE: dict[str, Any] = {
    "template": "algebra",
    "lines": [
        {"id": "start", "text": "2x + 5 = 17"},
        {"id": "minus", "do": "− 5", "gives": "2x = 12"},
        {"id": "half", "do": "÷ 2"},
    ],
    "states": {"strike": "cancel minus", "sum": "merge minus"},
    "solutions": [6],
}
WATER: dict[str, Any] = {
    "template": "particles",
    "reactions": [
        {"id": "start", "text": "H2 + O2 -> H2O", "unbalanced": True},
        {"id": "even", "text": "2 H2 + O2 -> 2 H2O"},
    ],
    "states": {"burn": "react even", "tally": "count even"},
}
OSMOSIS: dict[str, Any] = {
    "template": "particles",
    "kinds": [
        {
            "id": "water",
            "label": "water",
            "left": 24,
            "right": 24,
            "solvent": True,
            "after": [12, 36],
        },
        {"id": "sugar", "label": "sugar", "left": 3, "right": 9, "passes": False},
    ],
    "states": {"over": "flow water", "on": "swap water"},
}
MATTER: dict[str, Any] = {
    "template": "particles",
    "boxes": [{"id": "box", "state": "solid", "names": {"solid": "ice", "liquid": "water"}}],
    "states": {"shake": "move box", "melting": "melt box", "slide": "boil box"},
}
SALT: dict[str, Any] = {
    "template": "particles",
    "atoms": [
        {"id": "sodium", "element": "Na", "mass": 23, "neutrons": 12},
        {"id": "chlorine", "element": "Cl", "mass": 35},
    ],
    "states": {"over": "give sodium chlorine"},
}
SAMPLES: dict[str, dict[str, Any]] = {
    each["template"]: each
    for each in (CART, DISCOUNTS, SEARCH, WAR, PARABOLA, BALANCE, WATER, LEAF, ALLIANCES)
}
VARIANTS: dict[str, dict[str, Any]] = SAMPLES | {
    "rest": CENSUS, "measures": SCORES, "grids": DICE, "solid": TANK, "spans": SPANS,
    "osmosis": OSMOSIS, "matter": MATTER, "salt": SALT,
    "pieces": COSTS, "rectangles": RUNNERS, "stretches": TRIP, "race": RACE, "icon": SWIMMER,
    "poles": POLES, "fluid": POND,
    "merge": MERGE, "bits": BITS, "shift": CAESAR,
}  # fmt: skip
"""The samples, and pictures that show templates in another way."""
BESIDE = {
    "bodies": "cart.mass=40 push.size=80",
    "bars": "quarter.share.part=3",
    "cells": "search.how=row",
    "timeline": "war.end=1920-01-10",
    "plot": "parameter.start=5",
    "algebra": "start.text=2x+5=21",
    "particles": "start.text=N2+H2->NH3 even.text=N2+3H2->2NH3",
    "drawing": "pores.text=closed water.of=food",
    "graph": "east.when=1914-08-05",
    "rest": "enslaved.size=12",
    "measures": "d.size=20",
    "grids": "seven.sum=9",
    "solid": "tank.layers=3",
    "spans": "west.end=1000",
    "osmosis": "sugar.right=3",
    "matter": "number=12",
    "salt": "sodium.mass=24",
    "pieces": "ticket.size=20 cost.size=68",
    "rectangles": "sister.by=2",
    "stretches": "faster.y=2*x",
    "race": "heavy.mass=80",
    "icon": "girl.mass=60",
    "poles": "right.poles=NS",
    "fluid": "wood.density=0.5",
    "merge": "sort.how=bubble",
    "bits": "binary.number=9",
    "shift": "shift.by=5",
}
"""Other inputs of each variant."""


def with_second(variant: str) -> dict[str, Any]:
    """Return a variant with the picture of other inputs beside it."""
    picture = VARIANTS[variant]
    return picture | {"states": picture.get("states", {}) | {"other": f"beside {BESIDE[variant]}"}}
