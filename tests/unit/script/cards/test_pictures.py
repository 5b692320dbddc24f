"""Pictures of cards: expressions become numbers, names stay names."""

from __future__ import annotations

from transforms.script.cards.pictures import Picture


def test_edge_ends_are_not_evaluated_as_numbers() -> None:
    data = {
        "layout": "tree",
        "nodes": [{"id": "grass", "label": "grass: {grass:g}"}, {"id": "frog"}],
        "edges": [{"ends": ["grass", "frog"]}],
    }
    drawn = Picture("web", "graph", data).with_numbers({"grass": 100.0, "frog": 1.0})
    assert drawn.template == "graph"
    assert drawn.edges[0].ends == ("grass", "frog")
    assert drawn.nodes[0].label == "grass: 100"


def test_expression_of_a_quantity_becomes_a_number() -> None:
    data = {"bars": [{"id": "energy", "size": ["grass / 10", "kJ"]}]}
    drawn = Picture("pyramid", "bars", data).with_numbers({"grass": 100.0})
    assert drawn.template == "bars"
    assert drawn.bars[0].size == (10.0, "kJ")
