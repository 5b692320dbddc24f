"""One picture of each template, as an engine would write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "bodies": {
        "template": "bodies",
        "bodies": [{"id": "cart", "icon": "cart", "mass": [20, "kg"]}],
        "forces": [
            {"id": "push", "on": "cart", "to": "right", "size": [50, "N"], "label": "push"},
            {"id": "rub", "on": "cart", "to": "left", "size": [10, "N"], "label": "friction"},
        ],
        "states": {
            "net": "merge push rub",
            "heavy": "beside cart.mass=40",
            "go": "move cart",
        },
    },
    "bars": {
        "template": "bars",
        "bars": [
            {"id": "first", "label": "1/4 off", "size": [80, "$"], "share": {"part": 1, "of": 4}},
            {
                "id": "second",
                "label": "30% off",
                "size": [80, "$"],
                "share": {"part": 30, "of": 100, "percent": True},
            },
        ],
    },
    "cells": {
        "template": "cells",
        "id": "list",
        "cells": [2, 5, 8, 12, 16, 23, 38, 56, 72, 91],
        "search": {"want": 23, "how": "halving"},
        "states": {"one": "look 1", "two": "look 2", "three": "look 3"},
    },
    "timeline": {
        "template": "timeline",
        "spans": [{"id": "war", "start": "1914-07-28", "end": "1918-11-11", "label": "war"}],
        "events": [{"id": "marne", "when": "1914-09", "label": "Battle of the Marne"}],
    },
    "plot": {
        "template": "plot",
        "x": {"low": -1, "high": 5, "label": "x"},
        "y": {"low": -2, "high": 6, "label": "y"},
        "parameter": {"name": "c", "start": 3},
        "curves": [{"id": "curve", "label": "y = x² − 4x + c", "y": "x**2 - 4*x + c"}],
        "points": [{"id": "roots", "kind": "roots", "of": ["curve"]}],
        "states": {"one": "sweep c=4", "none": "sweep c=5"},
    },
    "algebra": {
        "template": "algebra",
        "lines": [
            {"id": "start", "text": "2x + 5 = 17"},
            {"id": "minus", "do": "− 5"},
            {"id": "half", "do": "÷ 2"},
        ],
        "states": {"strike": "cancel minus", "sum": "merge minus"},
    },
    "particles": {
        "template": "particles",
        "reactions": [
            {"id": "start", "text": "H2 + O2 -> H2O", "unbalanced": True},
            {"id": "even", "text": "2 H2 + O2 -> 2 H2O"},
        ],
        "states": {"burn": "react even", "tally": "count even"},
    },
    "drawing": {
        "template": "drawing",
        "base": "leaf",
        "notes": [{"id": "pores", "at": "stomata", "text": "stomata"}],
        "flows": [
            {"id": "light", "way": ["sunlight", "light-in"], "of": "light", "label": "light"},
            {"id": "water", "way": ["roots", "stem", "midrib"], "of": "water", "label": "water"},
        ],
        "states": {"drop": "travel water", "veins": "highlight midrib"},
    },
    "graph": {
        "template": "graph",
        "layout": "levels",
        "nodes": [
            {"id": "grass", "label": "grass"},
            {"id": "hare", "label": "hare"},
            {"id": "fox", "label": "fox"},
        ],
        "edges": [{"ends": ["grass", "hare"]}, {"ends": ["hare", "fox"]}],
        "states": {"way": "travel grass hare fox", "hunted": "recolour hare"},
    },
}
