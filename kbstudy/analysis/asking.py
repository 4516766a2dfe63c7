"""What a planned analysis asks of a model: the rows, the columns by the names that a reader knows, the reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

from kbstudy.study import Analysis, Outcome, Study

__all__ = ["adjusted_for", "in_words", "reference_of"]

#: Labels that may stand in a formula between backticks; with any other the declared names are used.
_FIT_FOR_A_FORMULA: Final = re.compile(r"[^`~|:\\\"{}\[\]\n]+")
#: Columns that the models of several visits add to the data.
_TAKEN: Final = frozenset({"participant", "outcome", "row"})


def in_words(
    study: Study, analysis: Analysis, outcome: Outcome, visits: Sequence[str], *, in_a_formula: bool = False
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The rows of the visits, with columns named as a reader knows them, and the name of each column.

    Parameters
    ----------
    study, analysis, outcome
        What is asked.
    visits
        The visits of the rows.
    in_a_formula
        Whether the names have to be fit for a formula.

    Returns
    -------
    table, names
        Where two labels are the same, or one cannot be used, the declared names stay.
    """
    table = study.table(analysis.outcome, covariates=analysis.covariates)
    table = table[table["visit"].isin(list(visits))].reset_index(drop=True)
    titles = {covariate.name: covariate.title for covariate in study.plan.covariates}
    titles |= {outcome.name: outcome.title, f"{outcome.name}_baseline": f"{outcome.title} at baseline"}
    names = {column: titles.get(column, column) for column in table.columns}
    labels = [name for column, name in names.items() if column in titles]
    unfit = in_a_formula and not all(_fits_a_formula(name) for name in labels)
    if unfit or len(set(names.values())) < len(names):
        names = {column: f"{column}_" if column in _TAKEN and column in titles else column for column in table.columns}
    return table.rename(columns=names), names


def _fits_a_formula(name: str) -> bool:
    return name == name.strip() and name not in _TAKEN and _FIT_FOR_A_FORMULA.fullmatch(name) is not None


def adjusted_for(study: Study, analysis: Analysis) -> list[str]:
    """Baseline and the covariates, in words."""
    titles = {covariate.name: covariate.title for covariate in study.plan.covariates}
    return ["baseline", *(titles[name] for name in analysis.covariates)]


def reference_of(study: Study, analysis: Analysis) -> str:
    """The arm that the declared contrast subtracts."""
    return next(
        other
        for arm in study.plan.arms
        for other in study.plan.arms
        if f"{arm} - {other}" == analysis.estimand.contrast
    )
