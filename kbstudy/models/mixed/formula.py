"""lme4's formula language, taken apart: the fixed part for the design, the random parts for the covariance."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbstudy.errors import PlanError, Problem

__all__ = ["MixedFormula", "RandomPart", "parse"]


@dataclass(frozen=True)
class RandomPart:
    """``(effects | group)``.

    Parameters
    ----------
    effects
        The left side: ``1``, ``1 + week``, ``0 + week``.
    group
        Columns whose combinations are the levels: ``("id",)`` or, for ``clinic:id``, ``("clinic", "id")``.
    correlated
        False for ``||``.
    """

    effects: str
    group: tuple[str, ...]
    correlated: bool = True

    @property
    def label(self) -> str:
        """``id`` or ``clinic:id``."""
        return ":".join(self.group)


@dataclass(frozen=True)
class MixedFormula:
    """An outcome, a fixed part and random parts."""

    text: str
    outcome: str
    fixed: str
    random: tuple[RandomPart, ...]


def parse(formula: str) -> MixedFormula:
    """Take a formula apart.

    Raises
    ------
    PlanError
        Where it cannot be read, showing the place.

    Examples
    --------
    >>> found = parse("pain ~ arm * week + (1 + week | id)")
    >>> found.outcome, found.fixed, found.random[0].effects, found.random[0].group
    ('pain', 'arm * week', '1 + week', ('id',))
    """
    if not isinstance(formula, str):
        raise PlanError(Problem(f"formula is a {type(formula).__name__}", do='Write it as text: "y ~ arm * visit".'))
    if formula.count("~") != 1:
        what = f'"{formula}" is not a formula: it needs one "~" between the outcome and what explains it'
        raise PlanError(Problem(what, do='Write for example "pain ~ arm * week + (1 | id)".'))
    outcome, right = (side.strip() for side in formula.split("~"))
    if not outcome:
        raise PlanError(Problem(f'"{formula}" names no outcome', do='Write it before the "~".'))
    fixed, parts = _split_random(right, formula)
    random = [part for inside in parts for part in _random_part(inside, formula)]
    return MixedFormula(formula, outcome, fixed or "1", tuple(random))


def _split_random(right: str, formula: str) -> tuple[str, list[str]]:
    """The right side without its ``( | )`` terms, and what is in them."""
    kept, random = "", []
    for sign, term in _terms(right, formula):
        if "|" not in term:
            kept += f" {sign} {term}" if kept or sign == "-" else term
        elif sign == "+" and term.startswith("(") and term.endswith(")"):
            random.append(term[1:-1].strip())
        else:
            what = f'"{term}" in "{formula}" is not a random effect'
            raise PlanError(Problem(what, do='Add random effects in parentheses: "... + (1 + week | id)".'))
    return kept.strip(), random


def _terms(text: str, formula: str) -> list[tuple[str, str]]:
    """What stands between the plus and minus signs outside parentheses and backticks, each with its sign."""
    pieces, depth, in_name = [["+", ""]], 0, False
    for letter in text:
        in_name ^= letter == "`"
        depth += 0 if in_name else {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and not in_name and letter in "+-":
            pieces.append([letter, ""])
        else:
            pieces[-1][1] += letter
    if depth:
        raise PlanError(Problem(f'parentheses do not match in "{formula}"', do="Close each one that is opened."))
    return [(sign, term.strip()) for sign, term in pieces if term.strip()]


def _random_part(inside: str, formula: str) -> list[RandomPart]:
    """``1 + week | clinic/id`` is two parts: by clinic, and by person within clinic."""
    sides = re.split(r"\|\|?", inside)
    if len(sides) != 2 or not all(side.strip() for side in sides):
        what = f'"({inside})" in "{formula}" is not a random effect'
        raise PlanError(Problem(what, do='Write "(1 | id)", "(1 + week | id)" or "(1 + week || id)".'))
    effects, group = (side.strip() for side in sides)
    if not re.fullmatch(r"[\w.`\" ]+(\s*[:/]\s*[\w.`\" ]+)*", group):
        what = f'"{group}" in "({inside})" is not a column, nor columns joined by ":" or "/"'
        raise PlanError(Problem(what, do='Name the column that holds the groups: "(1 | id)".'))
    correlated = "||" not in inside
    levels = [[_bare(name) for name in level.split(":")] for level in group.split("/")]
    nested = [tuple(name for level in levels[: depth + 1] for name in level) for depth in range(len(levels))]
    return [RandomPart(effects, columns, correlated) for columns in nested]


def _bare(name: str) -> str:
    return name.strip().strip('`"').strip()
