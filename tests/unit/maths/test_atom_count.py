"""Atoms and charges of reactions are counted on both sides."""

from __future__ import annotations

import pytest

from transforms.maths.atom_count import count_atoms, is_balanced, read_reaction


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("2 H2 + O2 -> 2 H2O", True),
        ("H2 + O2 -> H2O", False),
        ("H+ + OH- -> H2O", True),
        ("H+ + OH -> H2O", False),
        ("CH4 + 2 O2 -> CO2 + 2 H2O", True),
        ("Mg^{2+} + 2 Cl- -> MgCl2", True),
        ("Ca(OH)2 + 2 HCl -> CaCl2 + 2 H2O", True),
        ("NaHCO3 + CH3COOH -> CO2 + H2O + NaCH3COO", True),
        ("4 Fe + 3 O2 -> 2 Fe2O3", True),
        ("4 Fe + 3 O2 → 2 FeO3", False),
        ("HCl(aq) + NaOH(aq) <=> NaCl(aq) + H2O(l)", True),
    ],
)
def test_balance_of_reactions_is_found(text: str, balanced: bool) -> None:
    assert is_balanced(read_reaction(text)) == balanced


def test_brackets_multiply_their_atoms() -> None:
    left, _ = read_reaction("2 Ca(OH)2 -> 2 CaO + 2 H2O")
    assert count_atoms(left) == {"Ca": 2, "O": 4, "H": 4}


@pytest.mark.parametrize(
    "text", ["H2O", "½ O2 -> O", "H2 + -> H2", "99 H2 -> 99 H2", "2x -> 4", "-> H2", "H2 -> O -> H"]
)
def test_other_text_is_no_reaction(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read_reaction(text)
