"""Formulas that no output may draw beyond its bounds."""

from __future__ import annotations

ODD = [r"\mathrm{ }", r"\operatorname{ }", r"\hspace{1000000}", r"a\hspace{1000000}b"]
ODD += [r"a\hspace{-1000000}b", r"\hspace{-900}a\hspace{900}", r"x^{" * 30 + "}" * 30]
