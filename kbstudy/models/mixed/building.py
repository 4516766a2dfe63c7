"""What ``lmm`` and ``mmrm`` share: which rows, which design, and what cannot be fitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.ledger import Ledger
from kbstudy.models._formulas import names_in, said_by
from kbstudy.models._frames import labels
from kbstudy.models.mixed.design import Constraint, DesignSpec, build_design, tidy_columns
from kbstudy.models.mixed.inference import DfMethod
from kbstudy.models.mixed.model import Model, Solved, solve
from kbstudy.models.mixed.moments import FloatArray

__all__ = ["Prepared", "checked_df_method", "people_ledger", "prepare", "solve_one"]

#: A residual this much smaller than the outcome is rounding, not variation.
_EXACT = 1e-10


@dataclass(frozen=True)
class Prepared:
    """The rows of a model.

    Parameters
    ----------
    data
        Rows whose explanatory columns are complete: the columns of the formula, ``participant``, ``outcome``, ``row``.
    x
        ``(len(data), p)``.
    design
        How it was made.
    lost
        For rows that are not in ``data``: why, by position.
    ids
        The participant of every row that was given.
    """

    data: pd.DataFrame
    x: FloatArray
    design: DesignSpec
    lost: dict[int, str]
    ids: tuple[str, ...]

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Which rows have an outcome."""
        return np.asarray(self.data["outcome"].notna())


def checked_df_method(df_method: str, reml: bool) -> tuple[DfMethod, tuple[str, ...]]:
    """The method that can be used, and what has to be said about it."""
    known = get_args(DfMethod)
    if df_method not in known:
        hint = did_you_mean(str(df_method), list(known))
        do = "z tests are not offered: with few participants they call too much significant."
        raise PlanError(Problem(f'df_method="{df_method}" is not one of {", ".join(known)}{hint}', do=do))
    if not reml and df_method.startswith("kenward_roger"):
        note = "Kenward–Roger is defined for REML; this maximum-likelihood fit uses Satterthwaite's degrees of freedom."
        return "satterthwaite", (note,)
    return df_method, ()  # type: ignore[return-value]


def prepare(
    data: pd.DataFrame,
    outcome: str,
    fixed: str,
    *,
    participant: Sequence[str],
    also: str = "",
    others: Sequence[str] = (),
    constraint: Constraint | None = None,
) -> Prepared:
    """Choose the rows, build the design, say what was left out.

    Parameters
    ----------
    data
        One row a measurement.
    outcome, fixed
        The two sides of the formula, without random parts.
    participant
        Columns whose combination is a participant.
    also
        Further expressions whose columns must be complete (random effects).
    others
        Further columns that must exist and be complete, kept as they are.
    constraint
        Arms equal at baseline.
    """
    explained = tidy_columns(data, " + ".join(part for part in (fixed, also) if part), [*participant, *others])
    y = _outcome(data, outcome)
    _check_roles(data, outcome, explained)
    frame = explained.assign(participant=_ids(data, participant), outcome=y, row=np.arange(len(data)))
    for name in others:
        frame[f" {name}"] = data[name].array  # as it is: a declared order of visits must survive
    lost = _incomplete(frame, [*explained, *(f" {name}" for name in others)])
    kept = frame.drop(index=frame.index[list(lost)]).reset_index(drop=True)
    observed = kept["outcome"].notna().to_numpy()
    _check_outcome(kept, observed, outcome, len(data))
    in_design = set(names_in(fixed))
    used = kept[[name for name in explained if name in in_design]]
    x, design = build_design(used, fixed, observed, constraint)
    for name in design.factors:
        kept[name] = used[name].cat.set_categories(list(design.factors[name]))
    complete = np.isfinite(x).all(axis=1)
    return Prepared(kept[complete].reset_index(drop=True), x[complete], design, lost, tuple(frame["participant"]))


def _ids(data: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Ids as text; a combination of columns joined by a colon; empty where any is missing."""
    parts = [labels(data[column]) for column in columns]
    joined = [":".join(values) if all(values) else "" for values in zip(*parts, strict=True)]
    return pd.Series(joined, index=data.index, dtype="object")


def _outcome(data: pd.DataFrame, outcome: str) -> FloatArray:
    """The left side of the formula: a column, or an expression of columns such as ``np.log(load)``."""
    if outcome in data.columns:
        return _numbers(data[outcome], outcome)
    columns = tidy_columns(data, outcome)
    if columns.empty:
        raise PlanError(Problem(f'"{outcome}" names no column', do=f"The columns are: {', '.join(map(str, data))}."))
    numeric = pd.DataFrame({name: _numbers(data[name], str(name)) for name in columns}, index=data.index)
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        with np.errstate(all="ignore"):
            matrix = model_matrix(f"0 + {outcome}", numeric, context={"np": np}, na_action="ignore")
    except FormulaicError as error:
        raise PlanError(Problem(f'"{outcome}" cannot be computed: {said_by(error)}')) from error
    values = np.asarray(matrix, dtype="float64")
    if values.shape[1] != 1:
        raise PlanError(Problem(f'"{outcome}" is not one column of numbers'))
    found = values[:, 0]
    bad = np.isinf(found) | (np.isnan(found) & numeric.notna().all(axis=1).to_numpy())
    problems = [Problem(f"{outcome} is not a finite number", row=int(i) + 2) for i in np.flatnonzero(bad)[:20]]
    Problems(problems).raise_as(DataError)
    return found


def _numbers(column: pd.Series, name: str) -> FloatArray:
    column = column.infer_objects()
    if column.isna().all():
        raise FitError(Problem("no value at all", column=name))
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        text = column.dropna().astype("str")
        bad = list(dict.fromkeys(text[pd.to_numeric(text, errors="coerce").isna()]))[:5]
        what = f"not numbers: {', '.join(bad)}" if bad else f"numbers stored as {column.dtype}"
        do = "Make the column numeric; leave a cell empty where there is no value."
        raise DataError(Problem(what, column=name, do=do))
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(values))
    do = "That is not a measurement: correct the value or leave the cell empty."
    Problems([Problem(f"{values[i]} found", column=name, row=int(i) + 2, do=do) for i in infinite]).raise_as(DataError)
    return np.asarray(values)


def _check_roles(data: pd.DataFrame, outcome: str, explained: pd.DataFrame) -> None:
    if outcome in explained:
        do = "Take it out of one side."
        raise PlanError(Problem(f'"{outcome}" stands on both sides of the formula', do=do))
    do = "A fitted model has columns of this name itself: rename yours, for example with data.rename(columns=...)."
    taken = [name for name in ("participant", "outcome", "row") if name in explained]
    Problems([Problem(f'"{name}" cannot explain the outcome under this name', do=do) for name in taken]).raise_as(
        PlanError
    )
    infinite = [n for n in explained if explained[n].dtype == "float64" and np.isinf(explained[n]).any()]
    do = "Correct them or leave the cells empty."
    Problems([Problem("infinite values", column=str(name), do=do) for name in infinite]).raise_as(DataError)
    if not len(data):
        raise DataError(Problem("the data have no rows"))


def _incomplete(frame: pd.DataFrame, needed: Sequence[str]) -> dict[int, str]:
    """Positions of rows that the model cannot use, and what they lack."""
    gone: dict[int, list[str]] = {}
    blank = np.flatnonzero((frame["participant"] == "").to_numpy())
    for i in blank:
        gone.setdefault(int(i), []).append("no participant id")
    for name in needed:
        for i in np.flatnonzero(frame[name].isna().to_numpy()):
            gone.setdefault(int(i), []).append(f'"{name.strip()}" missing')
    return {i: "; ".join(reasons) for i, reasons in gone.items()}


def _check_outcome(kept: pd.DataFrame, observed: npt.NDArray[np.bool_], outcome: str, rows: int) -> None:
    if not observed.any():
        what = f"none of {fmt.count(rows, 'row')} has both the outcome and all explanatory columns"
        raise FitError(Problem(what, column=outcome, do="Look at the columns for missing values."))
    values = kept["outcome"].to_numpy()[observed]
    if np.ptp(values) == 0:
        what = f"all {len(values)} values are {values[0]:g}: nothing varies, nothing can be estimated"
        raise FitError(Problem(what, column=outcome))


def solve_one(model: Model, y: FloatArray, observed: npt.NDArray[np.bool_], *, reml: bool, outcome: str) -> Solved:
    """Fit one response, or say why it cannot be fitted."""
    rows, p = int(observed.sum()), model.x.shape[1]
    if rows <= p:
        what = f"{rows} values cannot carry {p} fixed effects: nothing is left to estimate variances from"
        raise FitError(Problem(what, column=outcome, do="Leave out covariates or interactions."))
    _check_not_exact(model.x[observed], y[observed], outcome)
    return solve(model, y[None], observed[None], reml=reml)


def _check_not_exact(x: FloatArray, y: FloatArray, outcome: str) -> None:
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    if np.sqrt(np.mean(residual**2)) <= _EXACT * np.std(y):
        what = "the fixed effects reproduce every value exactly: no variance is left, so no standard error exists"
        do = "Check that the outcome is not computed from an explanatory column."
        raise FitError(Problem(what, column=outcome, do=do))


def people_ledger(prepared: Prepared, outcome: str, arm: str | None) -> Ledger:
    """One row a participant: how many of their rows were analysed, and what the others lack."""
    frame = prepared.data
    used = Counter(frame.loc[prepared.observed, "participant"])
    why: dict[str, list[str]] = {}
    for person in frame.loc[~prepared.observed, "participant"]:
        why.setdefault(person, []).append(f'no value of "{outcome}"')
    for position, reason in prepared.lost.items():
        why.setdefault(prepared.ids[position] or f"row {position + 2}", []).append(reason)
    arms = dict(zip(frame["participant"], frame[arm].astype("object"), strict=True)) if arm and arm in frame else {}
    people = list(dict.fromkeys([*frame["participant"], *why]))
    return Ledger.of(_person_row(who, used[who], why.get(who, []), str(arms.get(who, "")), outcome) for who in people)


def _person_row(who: str, used: int, lost: Sequence[str], arm: str, outcome: str) -> dict[str, Any]:
    rows = used + len(lost)
    reasons = "; ".join(f"{reason}: {n}" for reason, n in Counter(lost).items())
    missing = all(reason.startswith("no value") for reason in lost)
    status = "analysed" if used else "missing" if missing else "dropped"
    said = f"{len(lost)} of {rows} rows not used ({reasons})" if lost else ""
    return {"participant": who, "arm": arm, "outcome": outcome, "visit": "", "status": status, "reason": said}
