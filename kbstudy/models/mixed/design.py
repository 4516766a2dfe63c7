"""The design of a model, frozen: what it takes to build the same columns again for any row, and so for any contrast."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from kbstudy.errors import FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.models._formulas import names_in, said_by
from kbstudy.models._frames import quoted
from kbstudy.models.mixed.moments import FloatArray, IntArray

__all__ = ["Constraint", "DesignSpec", "as_factor", "build_design", "tidy_columns"]

#: A column of which less than this share is not explained by the columns before it says nothing new.
_ALIASED: Final = 1e-9


@dataclass(frozen=True)
class Constraint:
    """Arms that are equal at baseline by design: there, every arm is the reference (cLDA).

    Parameters
    ----------
    arm, reference
        Column of the arms, and the first of them.
    visit, baseline
        Column of the visits, and the visit before the intervention.
    """

    arm: str
    reference: str
    visit: str
    baseline: str

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with every arm at baseline called the reference."""
        arm = frame[self.arm].mask(frame[self.visit] == self.baseline, self.reference)
        return frame.assign(**{self.arm: pd.Categorical(arm, frame[self.arm].cat.categories)})


@dataclass(frozen=True)
class DesignSpec:
    """How a row of data becomes a row of the design.

    Parameters
    ----------
    formula
        The fixed part.
    names
        Names of the columns that are in the model, in the order of the formula.
    factors
        Each factor with its levels, the reference first.
    numbers
        Each numeric column with its mean among the analysed rows.
    kept, aliased
        Positions of the columns in the model, and of those that the ones before them determine.
    combination
        ``(kept, aliased)``: how.
    all_names
        Names of all columns.
    spec
        formulaic's specification of the full matrix.
    constraint
        Arms equal at baseline, if asked for.
    """

    formula: str
    names: tuple[str, ...]
    factors: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, float]
    kept: IntArray
    aliased: IntArray
    combination: FloatArray
    all_names: tuple[str, ...]
    spec: Any
    constraint: Constraint | None = None

    @property
    def aliased_names(self) -> tuple[str, ...]:
        """Columns that are not in the model, because the ones before them say the same."""
        return tuple(self.all_names[i] for i in self.aliased)

    def rows(self, frame: pd.DataFrame) -> FloatArray:
        """The design of rows that have every column of the formula: ``(len(frame), p)``.

        A row that asks for something the data say nothing about (a cell of the design in which nobody is) is NaN.
        """
        full = _full_matrix(self.spec, self.constraint.apply(frame) if self.constraint else frame)
        return self.reduce(full)

    def rows_of(self, data: pd.DataFrame) -> FloatArray:
        """The same for the user's own columns; NaN where one is missing.

        Raises
        ------
        PlanError
            A column that does not exist, a level that the model has not seen, text for a number.
        """
        found = tidy_columns(data, self.formula)
        problems = Problems()
        for name, levels in self.factors.items():
            found[name] = as_factor(data[name])
            unknown = [level for level in found[name].cat.categories if level not in levels]
            if unknown:
                what = f"levels that the model has not seen: {quoted(unknown)}"
                problems.add(Problem(what, column=name, do=f"It knows: {quoted(levels)}."))
            kept = found[name].astype("object").where(found[name].isin(levels))
            found[name] = pd.Categorical(kept, list(levels))
        for name in self.numbers:
            if found[name].dtype != "float64":
                problems.add(Problem("text where the model has a number", column=name, do="Make the column numeric."))
        problems.raise_as(PlanError)
        complete = found.notna().all(axis=1).to_numpy()
        rows = np.full((len(found), len(self.names)), np.nan)
        if complete.any():
            rows[complete] = self.rows(found[complete])
        return rows

    def reduce(self, full: FloatArray) -> FloatArray:
        """Rows of the full matrix, or averages of such, to the columns in the model; NaN where not estimable."""
        found = full[:, self.kept]
        gap = full[:, self.aliased] - found @ self.combination
        scale = np.abs(full).max(axis=1, initial=1.0)[:, None]
        return np.where((np.abs(gap) > 1e-6 * scale).any(axis=1)[:, None], np.nan, found)

    def grid(self, at: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
        """Every combination of what is asked for and of the levels of all other factors; numbers at their means."""
        axes: dict[str, Sequence[Any]] = {name: list(levels) for name, levels in self.factors.items()}
        axes |= {name: [mean] for name, mean in self.numbers.items()}
        axes |= dict(at)
        frame = pd.DataFrame(list(itertools.product(*axes.values())), columns=list(axes))
        for name, levels in self.factors.items():
            frame[name] = pd.Categorical(frame[name], categories=list(levels))
        return frame

    def means(self, at: Mapping[str, Sequence[Any]]) -> tuple[pd.DataFrame, FloatArray]:
        """One row for each combination of ``at``: an average over the levels of all other factors, equally weighted.

        Returns
        -------
        cells
            The combinations, in order.
        rows
            ``(len(cells), p)``: NaN where nobody is in a cell that is needed.
        """
        grid = self.grid(at)
        full = _full_matrix(self.spec, self.constraint.apply(grid) if self.constraint else grid)
        cells = pd.DataFrame(list(itertools.product(*at.values())), columns=list(at))
        if not at:
            return pd.DataFrame(index=[0]), self.reduce(full.mean(axis=0, keepdims=True))
        keys = pd.MultiIndex.from_frame(grid[list(at)].astype("object"))
        which = pd.MultiIndex.from_frame(cells.astype("object")).get_indexer(keys)
        averaged = np.stack([full[which == i].mean(axis=0) for i in range(len(cells))])
        return cells, self.reduce(averaged)


def _full_matrix(spec: Any, frame: pd.DataFrame) -> FloatArray:
    matrix = spec.get_model_matrix(frame, context={"np": np}, na_action="ignore")
    return np.asarray(matrix, dtype="float64")


# ---- columns of the data -----------------------------------------------------------------------------------------


def as_factor(column: pd.Series) -> pd.Series:
    """A categorical with the declared order of levels, else sorted; levels are text.

    Examples
    --------
    >>> as_factor(pd.Series(["b", "a", None])).cat.categories.tolist()
    ['a', 'b']
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        declared = list(column.cat.categories)
    else:
        declared = sorted(column.dropna().unique().tolist(), key=_number_then_text)
    text = {level: _level(level) for level in declared}
    values = column.astype("object").map(text)
    return pd.Series(pd.Categorical(values, list(dict.fromkeys(text.values()))), index=column.index, name=column.name)


def _level(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _number_then_text(value: Any) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float | np.number)
    return not is_number, float(value) if is_number else 0.0, str(value)


def tidy_columns(data: pd.DataFrame, expression: str, also: Sequence[str] = ()) -> pd.DataFrame:
    """The columns of an expression: numbers as floats, everything else (and what stands in ``C()``) as factors.

    Raises
    ------
    PlanError
        Naming each column that does not exist.
    """
    if not isinstance(data, pd.DataFrame):
        raise PlanError(Problem(f"data is a {type(data).__name__}", do="Give a pandas DataFrame."))
    columns = [str(column) for column in data.columns]
    named = _named(expression)
    used = [name for name in named if name in columns]
    problems = Problems()
    do = f"The columns are: {', '.join(columns)}."
    for name in dict.fromkeys(name for name in [*named, *also] if name not in columns):
        problems.add(Problem(f'"{name}" is not a column of the data{did_you_mean(name, columns)}', do=do))
    twice = [name for name in dict.fromkeys([*used, *also]) if columns.count(name) > 1]
    problems.extend(Problem(f'"{name}" is twice in the data', do="Rename one of them.") for name in twice)
    problems.raise_as(PlanError)
    found = {name: _tidy(data[name], as_level=f"C({name}" in expression.replace(" ", "")) for name in used}
    return pd.DataFrame(found, index=data.index)


def _named(expression: str) -> tuple[str, ...]:
    from formulaic.errors import FormulaicError

    try:
        return names_in(expression)
    except (FormulaicError, SyntaxError) as error:
        what = f'"{expression}" cannot be read: {said_by(error)}'
        do = "Write it like arm * visit + baseline, with names that hold blanks or signs in backticks: `pain (0-10)`."
        raise PlanError(Problem(what, do=do)) from error


def _tidy(column: pd.Series, *, as_level: bool) -> pd.Series:
    column = column.infer_objects()
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if is_number and not as_level:
        return pd.Series(column.to_numpy(dtype="float64", na_value=np.nan), index=column.index)
    return as_factor(column)


# ---- building ----------------------------------------------------------------------------------------------------


def build_design(
    frame: pd.DataFrame, formula: str, observed: np.ndarray, constraint: Constraint | None = None
) -> tuple[FloatArray, DesignSpec]:
    """The design matrix of complete rows, and the specification to build it again.

    Parameters
    ----------
    frame
        From :func:`tidy_columns`, without missing values.
    formula
        The fixed part.
    observed
        Which rows have an outcome: levels, means and aliasing are judged on these.
    constraint
        Arms equal at baseline.

    Returns
    -------
    x
        ``(len(frame), p)``.
    spec
        See :class:`DesignSpec`.
    """
    frame = _without_empty_levels(frame, observed)
    shown = constraint.apply(frame) if constraint else frame
    matrix = _materialise(shown, formula)
    full = np.asarray(matrix, dtype="float64")
    names = tuple(str(name) for name in matrix.columns)
    kept, aliased, combination = _independent(full[observed])
    factors = {name: tuple(frame[name].cat.categories) for name in frame if _is_factor(frame[name])}
    numbers = {name: float(frame.loc[observed, name].mean()) for name in frame if name not in factors}
    kept_names = tuple(names[i] for i in kept)
    spec = DesignSpec(
        formula, kept_names, factors, numbers, kept, aliased, combination, names, matrix.model_spec, constraint
    )
    return full[:, kept], spec


def _is_factor(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype)


def _without_empty_levels(frame: pd.DataFrame, observed: np.ndarray) -> pd.DataFrame:
    """Levels that no analysed row has are not levels of the model."""
    found = frame.copy()
    for name in frame:
        if _is_factor(frame[name]):
            seen = set(frame.loc[observed, name])
            found[name] = frame[name].cat.set_categories([c for c in frame[name].cat.categories if c in seen])
    alone = [name for name in found if _is_factor(found[name]) and len(found[name].cat.categories) < 2]
    do = "A factor with one level explains nothing: leave it out of the formula."
    what = "the same for every row that is analysed"
    same = [Problem(f"{what}: {quoted(found[n].cat.categories)}", column=str(n), do=do) for n in alone]
    Problems(same).raise_as(FitError)
    return found


def _materialise(frame: pd.DataFrame, formula: str) -> Any:
    """The matrix that formulaic makes; its errors in our words."""
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        return model_matrix(formula, frame, context={"np": np}, na_action="ignore", ensure_full_rank=True)
    except FormulaicError as error:
        what = f'the formula "{formula}" cannot be understood: {said_by(error)}'
        raise PlanError(Problem(what, do='Write for example "pain ~ baseline + arm * visit".')) from error


def _independent(full: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Columns that say something new, those that do not, and how the latter follow from the former.

    Gram–Schmidt in the order of the formula, each column twice so that rounding does not pile up.
    """
    scale = np.sqrt(np.sum(full**2, axis=0))
    basis, kept = np.zeros((len(full), 0)), []
    for i in range(full.shape[1]):
        if scale[i] == 0:
            continue
        rest = full[:, i] / scale[i]
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        left = float(np.sqrt(rest @ rest))
        if left > _ALIASED:
            basis = np.column_stack([basis, rest / left])
            kept.append(i)
    aliased = [i for i in range(full.shape[1]) if i not in kept]
    combination = np.linalg.lstsq(full[:, kept], full[:, aliased], rcond=None)[0]
    return np.array(kept, dtype=np.intp), np.array(aliased, dtype=np.intp), np.asarray(combination, dtype="float64")
