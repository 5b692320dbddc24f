"""Parser of mathematical and chemical formulas, and five output formats of the parse tree."""
