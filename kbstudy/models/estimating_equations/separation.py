"""Separation: columns that together predict the outcome exactly, found before the fit by linear programming."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy.errors import FitError, Problem
from kbstudy.models._frames import FloatArray, label, quoted
from kbstudy.models.estimating_equations.question import Question
from kbstudy.models.estimating_equations.rows import Rows

__all__ = ["check_separation"]


def check_separation(design: pd.DataFrame, used: Rows, asked: Question) -> None:
    """No coefficient may run to infinity.

    Raises
    ------
    FitError
        Naming the columns, and what the rows have in common that they predict with certainty.
    """
    columns, certain = _runaway(design, used.table[asked.outcome].to_numpy(), asked.family)
    if not columns:
        return
    rows = used.table[certain]
    what = (
        f"separation: {len(rows)} of {len(used.table)} rows{_shared(rows, asked)} are predicted with certainty "
        f"({_told(rows[asked.outcome])}), so that no finite coefficient exists for {quoted(columns)}"
    )
    do = (
        "Any number printed for it would be where the computer stopped. Merge categories, leave the column or the "
        "interaction out, or report the counts as they are."
    )
    raise FitError(Problem(what, column=columns[0], do=do))


def _runaway(design: pd.DataFrame, outcome: FloatArray, family: str) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Columns with an infinite coefficient and the rows that cause it, by linear programming.

    A direction that never predicts worse and somewhere better can be followed for ever: in a logistic model one that
    raises no 0 and lowers no 1; in a Poisson model one that raises no 0 and leaves all other counts where they are.
    """
    from scipy.optimize import linprog

    x = _levelled(design)
    is_zero = outcome == 0
    sign = np.where(is_zero, -1.0, 1.0)
    free = np.ones(len(x), dtype="bool") if family == "logistic" else is_zero
    better, held = sign[free, None] * x[free], x[~free]
    equal = {"A_eq": held, "b_eq": np.zeros(len(held))} if len(held) else {}
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(-better.sum(axis=0), -better, np.zeros(len(better)), bounds=(-1, 1), options=tight, **equal)
    assert found.status == 0, found.message  # zero is a solution and the box is bounded
    certain = np.zeros(len(x), dtype="bool")
    certain[free] = better @ found.x > 1e-6
    names = [str(name) for name, size in zip(design, found.x, strict=True) if abs(size) > 1e-6 and name != "Intercept"]
    return (names if certain.any() else []), certain


def _levelled(design: pd.DataFrame) -> FloatArray:
    """All columns but the intercept centred, and all of one size: the same model, better behaved."""
    centred = design - design.mean().where(design.columns != "Intercept", 0.0)
    levelled: FloatArray = (centred / centred.abs().max()).to_numpy()
    return levelled


def _shared(rows: pd.DataFrame, asked: Question) -> str:
    """`` with arm "Usual care", week "26"``: what these rows have in common."""
    same = [name for name in asked.variables if rows[name].nunique() == 1]
    said = [f'{name} "{label(rows[name].iloc[0])}"' for name in same]
    return f" with {', '.join(said)}" if said else ""


def _told(outcome: pd.Series) -> str:
    """``14 with fell = 0``."""
    times = sorted(Counter(outcome).items())
    return ", ".join(f"{n} with {outcome.name} = {value:g}" for value, n in times)
