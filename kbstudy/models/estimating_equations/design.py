"""The design of a GEE, and whether the data can carry it."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, Problem, Problems
from kbstudy.models._frames import quoted
from kbstudy.models.adjusted_means import aliased
from kbstudy.models.estimating_equations.question import Question, unreadable
from kbstudy.models.estimating_equations.rows import Rows

__all__ = ["category_columns", "check_left", "design_of"]

#: A share of one that only rounding keeps from being one.
_ROUNDING: Final = 1e-9


def design_of(used: Rows, asked: Question) -> pd.DataFrame:
    """The columns of the model, each found to be able to carry a coefficient."""
    _check_outcome(used, asked)
    _check_categories(used)
    design = _model_matrix(used, asked)
    _check_size(design, used, asked)
    Problems(_redundant(design)).raise_as(FitError)
    Problems(_alone(design, used)).raise_as(FitError)
    return design


def check_left(rows: Rows, used: Rows) -> None:
    """A row must be left, else a :class:`~kbstudy.errors.FitError` that says what the rows lack."""
    if len(used.ids):
        return
    lacking = rows.table.isna().sum()
    said = ", ".join(f"{name} in {n}" for name, n in lacking.items() if n)
    what = f"none of {len(rows.ids)} rows has a value in every column of the model (empty: {said or 'no rows'})"
    raise FitError(Problem(what, do="Leave out the columns that are empty, or fill them in."))


def _check_outcome(used: Rows, asked: Question) -> None:
    values = used.table[asked.outcome]
    if values.nunique() == 1:
        what = f"all {len(values)} values are {values[0]:g}: nothing varies, nothing can be estimated"
        raise FitError(Problem(what, column=asked.outcome, do="Report the number itself; no model adds to it."))


def _check_categories(used: Rows) -> None:
    do = "Leave out its rows and, in a categorical column, the category (.cat.remove_unused_categories()), or merge it."
    problems = Problems()
    for name, column in category_columns(used).items():
        empty = [level for level in column.cat.categories if level not in set(column)]
        problems.extend(Problem(f'no row of "{level}" is left to analyse', column=name, do=do) for level in empty)
    problems.raise_as(FitError)


def category_columns(used: Rows) -> dict[str, pd.Series]:
    """The factors among the explanatory columns."""
    columns = {str(name): used.table[name] for name in used.table}
    return {name: column for name, column in columns.items() if isinstance(column.dtype, pd.CategoricalDtype)}


def _model_matrix(used: Rows, asked: Question) -> pd.DataFrame:
    from formulaic.errors import FormulaicError  # type: ignore[import-untyped,unused-ignore]

    try:
        # The logarithm of 0 and its like are found below, in the column, with its name.
        with np.errstate(all="ignore"):
            matrix = asked.right.get_model_matrix(used.table, na_action="ignore", context=None)
    except FormulaicError as error:
        raise unreadable(asked.formula, error) from error
    design = pd.DataFrame(matrix).astype("float64").rename(columns=_whole)
    do = "A transformation has no value there, such as the logarithm of 0: change it, or leave out the rows."
    lost = (~np.isfinite(design)).sum()
    bad = [Problem(f"not a finite number in {n} rows", column=name, do=do) for name, n in lost.items() if n]
    Problems(bad).raise_as(DataError)
    return design


def _whole(name: str) -> str:
    """A category that is a whole number without its decimals.

    Examples
    --------
    >>> _whole("arm[T.Walking]:C(week)[T.8.0]")
    'arm[T.Walking]:C(week)[T.8]'
    """
    return re.sub(r"(\[T\.-?\d+)\.0\]", r"\1]", name)


def _check_size(design: pd.DataFrame, used: Rows, asked: Question) -> None:
    people, p = len(used.clusters), design.shape[1]
    problems = Problems()
    if people < p + 1:
        what = f"{people} participants cannot carry {p} coefficients: no degrees of freedom are left"
        problems.add(Problem(what, do="Leave out columns, interactions and those with many categories first."))
    pairs = sum(len(own) * (len(own) - 1) // 2 for own in used.clusters)
    if asked.correlation == "exchangeable" and 0 < pairs <= p:
        what = (
            f"{fmt.count(pairs, 'pair')} of rows within participants cannot tell a correlation beside {p} coefficients"
        )
        problems.add(Problem(what, do='Use correlation="independence"; the standard errors still hold.'))
    problems.raise_as(FitError)


def _redundant(design: pd.DataFrame) -> list[Problem]:
    do = "Leave out one of the columns that say the same thing, or the interaction whose combination nobody has."
    empty = [str(name) for name in design if not design[name].any()]
    found = [Problem("zero in every row that is used", column=name, do=do) for name in empty]
    blocks = [(str(name), design[[name]]) for name in design if name not in empty]
    what = "determined by the columns before it (the design is rank deficient)"
    return found + [Problem(what, column=name, do=do) for name in aliased(blocks)]


def _alone(design: pd.DataFrame, used: Rows) -> list[Problem]:
    """Participants without whom a coefficient would not exist: for them I − H has no inverse."""
    q = np.linalg.qr((design / design.abs().max()).to_numpy())[0]
    alone = [own for own in used.clusters if np.linalg.norm(q[own], 2) ** 2 > 1 - _ROUNDING]
    do = (
        "The corrected covariance sets each participant against a fit that does without them, and here there is none. "
        "Merge the category that only this person has, or leave out the column."
    )
    lost = [quoted(problem.column for problem in _redundant(design.drop(index=own))) for own in alone]
    return [
        Problem(
            f"this participant alone determines {columns}{_nobody_else(used, own)}", participant=used.ids[own[0]], do=do
        )
        for columns, own in zip(lost, alone, strict=True)
    ]


def _nobody_else(used: Rows, own: npt.NDArray[np.intp]) -> str:
    """``; nobody else has site "east"``, if that is so."""
    others = used.table.drop(index=own)
    only = [
        f'{name} "{level}"'
        for name, column in category_columns(used).items()
        for level in column.iloc[own].unique()
        if level not in set(others[name])
    ]
    return f"; nobody else has {', '.join(only)}" if only else ""
