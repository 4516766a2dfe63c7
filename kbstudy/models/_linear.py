"""The linear model behind an analysis of covariance: people in, a fitted model whose first coefficients are means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from kbstudy.errors import FitError, Problem, Problems, did_you_mean
from kbstudy.models._frames import FloatArray
from kbstudy.models._people import People
from kbstudy.models.adjusted_means import (
    Linear,
    aliased,
    arm_block,
    bell_mccaffrey,
    category_block,
    leverage,
    number_block,
    solve,
)

__all__ = ["ERRORS", "ROBUST", "Blocks", "blocks_of", "check_blocks", "check_robust", "design_of", "fitted", "solved"]

#: Columns of a design with the column of the data that they come from.
Blocks = list[tuple[str, pd.DataFrame]]

#: What ``robust=`` can be.
ROBUST: Final = ("HC3", "HC2_BM")
#: The standard errors in words.
ERRORS: Final = {
    None: "equal-variance standard errors",
    "HC3": "HC3 heteroscedasticity-consistent standard errors",
    "HC2_BM": "HC2 heteroscedasticity-consistent standard errors",
}


def check_robust(robust: object, problems: Problems) -> None:
    """``robust`` must be a name that is offered, or ``None``."""
    if robust is not None and robust not in ROBUST:
        what = f'robust="{robust}" is not offered{did_you_mean(str(robust), ROBUST)}'
        do = (
            'Use robust="HC3" or robust="HC2_BM" (with Bell–McCaffrey degrees of freedom), or None for equal variances.'
        )
        problems.add(Problem(what, do=do))


def blocks_of(people: People, levels: Sequence[str], arm: str, covariates: dict[str, FloatArray | pd.Series]) -> Blocks:
    """The columns of the design, each block with the column of the data that it comes from; the arms first."""
    do = "A covariate that is the same for everybody explains nothing: leave it out."
    what = "the same for everybody who is analysed"
    constant = [name for name, values in covariates.items() if len(set(values)) == 1]
    Problems([Problem(what, column=name, do=do) for name in constant]).raise_as(FitError)
    named = [(name, _block(name, values)) for name, values in covariates.items()]
    return [(arm, arm_block(list(people.arms), levels)), *named]


def _block(name: str, values: FloatArray | pd.Series) -> pd.DataFrame:
    return category_block(name, list(values)) if isinstance(values, pd.Series) else number_block(name, values)


def design_of(blocks: Blocks) -> pd.DataFrame:
    """All columns side by side; a name that is taken gets its position added."""
    design = pd.concat([block for _, block in blocks], axis=1)
    taken = design.columns.duplicated()
    names = [f"{name} #{i}" if taken[i] else name for i, name in enumerate(design.columns)]
    return design.set_axis(names, axis=1)


def check_blocks(outcome: FloatArray, blocks: Blocks, name: str) -> None:
    """Enough people for the coefficients, no column that others determine, an outcome that varies."""
    n, p = len(outcome), sum(block.shape[1] for _, block in blocks)
    if n - p < 1:
        what = f"{n} people cannot carry {p} coefficients: no residual degrees of freedom are left"
        raise FitError(Problem(what, do="Leave out covariates, those with many categories first."))
    do = "Leave out one of the columns that say the same thing."
    what = "determined by the arm and the covariates before it (aliased)"
    problems = Problems([Problem(what, column=column, do=do) for column in aliased(blocks)])
    if np.ptp(outcome) == 0:
        same = f"all {n} values are {outcome[0]:g}: nothing varies, nothing can be estimated"
        problems.add(Problem(same, column=name))
    problems.raise_as(FitError)


def fitted(outcome: FloatArray, design: pd.DataFrame, ids: pd.Series, name: str, robust: str | None) -> Any:
    """The statsmodels result, with the covariance matrix that was asked for."""
    from statsmodels.api import OLS

    if robust:
        _check_leverage(design, ids)
    fit = OLS(pd.Series(outcome, name=name), design).fit()
    if np.sqrt(fit.mse_resid) <= 1e-9 * np.std(outcome):
        what = "the model fits every value exactly: no residual variance, so no standard error exists"
        do = "Check that the outcome is not computed from a covariate."
        raise FitError(Problem(what, column=name, do=do))
    return fit.get_robustcov_results(robust.split("_")[0], use_t=True) if robust else fit


def solved(fit: Any, weights: FloatArray, level: float, robust: str | None) -> Linear:
    """Combinations of coefficients with the degrees of freedom that belong to their standard errors."""
    df = bell_mccaffrey(np.asarray(fit.model.exog), weights) if robust == "HC2_BM" else None
    return solve(fit, weights, level, df)


def _check_leverage(design: pd.DataFrame, ids: pd.Series) -> None:
    alone = np.flatnonzero(leverage(design) > 1 - 1e-9)
    what = "this person alone determines a coefficient (leverage 1), and robust standard errors divide by 1 − leverage"
    do = "Merge the category that only this person has, leave out the covariate, or use robust=None."
    names = ids.tolist()
    Problems([Problem(what, participant=names[i], do=do) for i in alone]).raise_as(FitError)
