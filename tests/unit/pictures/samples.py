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
SAMPLES: dict[str, dict[str, Any]] = {
    each["template"]: each for each in (CART, DISCOUNTS, SEARCH, WAR, PARABOLA, LEAF, ALLIANCES)
}
