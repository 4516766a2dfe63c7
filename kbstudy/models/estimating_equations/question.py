"""What was asked of a GEE: the formula taken apart and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from kbstudy.errors import PlanError, Problem, Problems, did_you_mean
from kbstudy.models._formulas import columns_of_terms, said_by, unquoted
from kbstudy.models._frames import check_columns, check_level

__all__ = ["FAMILIES", "Question", "ask", "unreadable"]

_NO_AR1: Final = (
    "statsmodels' autoregressive correlation takes the rows of a participant as equally spaced whatever their visits, "
    "so a missed visit would shift every later one. "
)
_NOT_MIXED: Final = (
    "gee() is a population-averaged model, not a mixed model (GLMM): it has no random effects, and its odds ratios are "
    "closer to 1 than those of a random-intercept model, because they compare averages of groups and not a person "
    "with themselves. kbstudy has no GLMM of its own making. Leave the term out, the correlation within participants "
    "is taken care of by participant= and correlation=; or fit the GLMM in software made for it, such as R's lme4."
)
_CORRELATIONS: Final = ("exchangeable", "independence")
#: For each family: what a coefficient and its exponential are called, the link, and the family in print.
FAMILIES: Final = {
    "logistic": ("log odds ratio", "odds_ratio", "logit", "logistic"),
    "poisson": ("log rate ratio", "rate_ratio", "log", "Poisson"),
}


@dataclass(frozen=True)
class Question:
    """What was asked, with the formula taken apart."""

    formula: str
    outcome: str
    variables: tuple[str, ...]
    right: Any
    participant: str
    family: str
    correlation: str
    visit: str | None
    exposure: str | None
    level: float

    @property
    def ratio(self) -> str:
        """``odds_ratio`` or ``rate_ratio``."""
        return FAMILIES[self.family][1]

    @property
    def named(self) -> str:
        """``logistic`` or ``Poisson``."""
        return FAMILIES[self.family][3]


def ask(
    data: pd.DataFrame,
    formula: str,
    participant: str,
    family: str,
    correlation: str,
    visit: str | None,
    exposure: str | None,
    level: float,
) -> Question:
    """The formula taken apart and everything that is wrong with the question."""
    outcome, right = _parse(formula)
    variables = _variables(right, formula)
    asked = Question(formula, outcome, variables, right, participant, family, correlation, visit, exposure, level)
    problems = Problems()
    check_columns(data, _roles(asked), problems)
    check_level(level, problems)
    _check_choices(asked, problems)
    problems.raise_as(PlanError)
    return asked


def _roles(asked: Question) -> list[tuple[str, str]]:
    """Each argument with its column; the visit may well stand in the formula too."""
    roles = [("formula outcome", asked.outcome), *(("formula variable", name) for name in asked.variables)]
    roles.append(("participant", asked.participant))
    if asked.exposure is not None:
        roles.append(("exposure", asked.exposure))
    if asked.visit is not None and asked.visit not in asked.variables:
        roles.append(("visit", asked.visit))
    return roles


def _check_choices(asked: Question, problems: Problems) -> None:
    for argument, given, known in (
        ("family", asked.family, tuple(FAMILIES)),
        ("correlation", asked.correlation, _CORRELATIONS),
    ):
        if given not in known:
            what = f'{argument}="{given}" is not offered{did_you_mean(str(given), known)}'
            why = _NO_AR1 if given == "ar1" else ""
            problems.add(Problem(what, do=f"{why}Choose one of: {', '.join(known)}."))
    if asked.exposure is not None and asked.family == "logistic":
        do = 'Only counts have one: take it out, or use family="poisson" if the outcome is a count.'
        problems.add(Problem(f'exposure="{asked.exposure}" with family="logistic"', do=do))


def _parse(formula: str) -> tuple[str, Any]:
    """The outcome's column and the right-hand side of a formula."""
    from formulaic import Formula  # type: ignore[import-untyped,unused-ignore]
    from formulaic.errors import FormulaicError  # type: ignore[import-untyped,unused-ignore]

    if not isinstance(formula, str):
        raise PlanError(Problem(f"formula is a {type(formula).__name__}", do='Give text such as "y ~ arm * week".'))
    if "|" in unquoted(formula):
        raise PlanError(Problem(f'formula="{formula}" has a random effect ("|")', do=_NOT_MIXED))
    try:
        parsed = Formula(formula)
    except (FormulaicError, SyntaxError) as error:
        raise unreadable(formula, error) from error
    return _outcome_of(parsed, formula), _right_of(parsed, formula)


def unreadable(formula: str, error: Exception) -> PlanError:
    """What formulaic says of a formula, in our words."""
    do = "Write it like y ~ arm * week + baseline, with names that hold blanks or signs in backticks: `pain (0-10)`."
    return PlanError(Problem(f'formula="{formula}" cannot be read: {said_by(error)}', do=do))


def _outcome_of(parsed: Any, formula: str) -> str:
    left = list(getattr(parsed, "lhs", []))
    if len(left) == 1 and len(left[0].factors) == 1 and left[0].factors[0].eval_method.value == "lookup":
        return str(left[0].factors[0].expr)
    do = "Put the name of one column before the ~; if it has to be computed, add it to the data first."
    raise PlanError(Problem(f'formula="{formula}" has no single column as its outcome', do=do))


def _right_of(parsed: Any, formula: str) -> Any:
    if any(str(term) == "1" for term in parsed.rhs):
        return parsed.rhs
    do = "Leave out the 0 or -1: without intercept the coefficients of a category would be log odds, not ratios."
    raise PlanError(Problem(f'formula="{formula}" takes the intercept away', do=do))


def _variables(right: Any, formula: str) -> tuple[str, ...]:
    """The columns on the right-hand side, in their order."""
    try:
        return columns_of_terms(right)
    except SyntaxError as error:
        raise unreadable(formula, error) from error
