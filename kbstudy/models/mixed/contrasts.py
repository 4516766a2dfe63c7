"""Adjusted means, differences between them and tests of terms, each a set of rows ``L`` built from the design.

Every row is an average of rows of the design (levels of other factors weighted equally, numbers at their means), or a
difference of such averages; :class:`Combinations` keeps the rows, so that a test can rebuild ``L·β`` by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.models._frames import quoted
from kbstudy.models.mixed.design import DesignSpec
from kbstudy.models.mixed.inference import Inference
from kbstudy.models.mixed.moments import FloatArray

__all__ = ["Combinations", "Pairs", "changes", "check_names", "differences", "estimate_rows", "means", "term_rows"]

Pairs = Literal["reference", "all", "consecutive"]


@dataclass(frozen=True)
class Combinations:
    """Rows of ``L`` and what each is called.

    Parameters
    ----------
    rows
        ``(q, p)``.
    labels
        One row a combination: ``term, contrast, arm, visit`` (empty where they do not apply).
    cells
        For each combination the cells of the design that it averages or compares: who is behind it.
    families
        ``(q,)``: which combinations are adjusted together for their number.
    means
        Means that one family compares with each other: Tukey's method asks.
    """

    rows: FloatArray
    labels: pd.DataFrame
    cells: tuple[tuple[Mapping[str, Any], ...], ...]
    families: tuple[str, ...]
    means: int = 0


def check_names(spec: DesignSpec, names: Sequence[str], argument: str) -> None:
    """Each name must be a column of the model."""
    known = [*spec.factors, *spec.numbers]
    for name in names:
        if name not in known:
            what = f'{argument}="{name}" is not in the model{did_you_mean(str(name), known)}'
            raise PlanError(Problem(what, do=f"The model has: {', '.join(known) or 'nothing but an intercept'}."))


def _axes(spec: DesignSpec, names: Sequence[str], at: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Levels of factors; numbers only where somebody says at which values."""
    axes: dict[str, Sequence[Any]] = {}
    for name in names:
        if name not in at and name not in spec.factors:
            do = f"Say where: at={{'{name}': [0, 8]}}."
            raise PlanError(Problem(f'"{name}" enters as a number, so it has no levels', do=do))
        axes[name] = at[name] if name in at else spec.factors[name]
    return axes


def _scalars(at: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {name: [value] if np.isscalar(value) else list(value) for name, value in at.items()}


def _prepared(
    spec: DesignSpec, names: Sequence[str], at: Mapping[str, Any] | None
) -> tuple[dict[str, Sequence[Any]], dict[str, Sequence[Any]]]:
    """Axes of the table, and where everything else is held."""
    given = _scalars(at or {})
    check_names(spec, [*names, *given], "by")
    for name, values in given.items():
        unknown = [value for value in values if name in spec.factors and str(value) not in spec.factors[name]]
        if unknown:
            do = f'"{name}" has: {quoted(spec.factors[name])}.'
            raise PlanError(Problem(f'at: "{unknown[0]}" is not a level of "{name}"', do=do))
    _check_numbers(spec, given)
    held = {name: values for name, values in given.items() if name not in names}
    return _axes(spec, names, given), held


def _check_numbers(spec: DesignSpec, given: Mapping[str, Sequence[Any]]) -> None:
    """Where numbers are held must be numbers."""
    for name, values in given.items():
        numbers = all(isinstance(v, int | float | np.number) and np.isfinite(v) for v in values)
        if not values or (name in spec.numbers and not numbers):
            what = f'at: "{name}" is held at {list(values)}'
            raise PlanError(Problem(what, do="Give a finite number, a list of them, or levels of a factor."))


def _cell_rows(
    spec: DesignSpec, axes: Mapping[str, Sequence[Any]], held: Mapping[str, Sequence[Any]]
) -> tuple[list[dict[str, Any]], FloatArray]:
    cells, rows = spec.means({**axes, **held})
    width = int(np.prod([len(values) for values in held.values()])) if held else 1
    averaged = rows.reshape(-1, width, rows.shape[1]).mean(axis=1)
    records = cells[list(axes)].iloc[::width].to_dict("records") if axes else [{}]
    return [{str(key): value for key, value in record.items()} for record in records], averaged


def _said(cell: Mapping[str, Any], visit: str) -> str:
    """A level that a column of its own holds: the visit by its name, anything else with its column."""
    shown = {name: f"{value:g}" if isinstance(value, float | int) else str(value) for name, value in cell.items()}
    return ", ".join(text if name == visit else f"{name} = {text}" for name, text in shown.items())


def means(spec: DesignSpec, of: str, by: Sequence[str], at: Mapping[str, Any] | None, visit: str) -> Combinations:
    """One adjusted mean for each level of ``of``, at each combination of ``by``."""
    axes, held = _prepared(spec, [*by, of], at)
    cells, rows = _cell_rows(spec, axes, held)
    records = [_mean_label(cell, of, by, visit) for cell in cells]
    families = tuple(_said({name: cell[name] for name in by}, visit) for cell in cells)
    return Combinations(rows, pd.DataFrame(records), tuple((cell,) for cell in cells), families)


def _mean_label(cell: Mapping[str, Any], of: str, by: Sequence[str], visit: str) -> dict[str, str]:
    around = _said({name: cell[name] for name in by}, visit)
    if of == visit:
        return {"term": "adjusted_mean", "contrast": "", "arm": around, "visit": str(cell[of])}
    arm = str(cell[of]) if not isinstance(cell[of], float) else f"{of} = {cell[of]:g}"
    return {"term": "adjusted_mean", "contrast": "", "arm": arm, "visit": around}


def _pairs_of(levels: Sequence[Any], pairs: Pairs, reference: Any) -> list[tuple[int, int]]:
    """Positions of what is compared, the second subtracted from the first."""
    if pairs == "all":
        return [(j, i) for i, j in itertools.combinations(range(len(levels)), 2)]
    if pairs == "consecutive":
        return [(i + 1, i) for i in range(len(levels) - 1)]
    base = 0 if reference is None else list(levels).index(reference)
    return [(i, base) for i in range(len(levels)) if i != base]


def differences(
    spec: DesignSpec,
    of: str,
    by: Sequence[str],
    at: Mapping[str, Any] | None,
    visit: str,
    pairs: Pairs = "reference",
    reference: Any = None,
) -> Combinations:
    """Differences between levels of ``of``, within each combination of ``by``."""
    axes, held = _prepared(spec, [*by, of], at)
    levels = list(axes[of])
    if len(levels) < 2:
        raise PlanError(Problem(f'"{of}" has one level here, "{levels[0]}": there is nothing to compare it with'))
    if reference is not None and reference not in levels:
        known = [str(level) for level in levels]
        what = f'reference="{reference}" is not a level of "{of}"{did_you_mean(str(reference), known)}'
        raise PlanError(Problem(what, do=f"The levels are: {quoted(known)}."))
    cells, rows = _cell_rows(spec, axes, held)
    chosen = _pairs_of(levels, pairs, reference)
    records, combined, behind, families = [], [], [], []
    for start in range(0, len(cells), len(levels)):
        around = _said({name: cells[start][name] for name in by}, visit)
        for one, other in chosen:
            contrast = f"{_name(levels[one], of)} - {_name(levels[other], of)}"
            records.append({"term": "adjusted_difference", "contrast": contrast, "arm": "", "visit": around})
            combined.append(rows[start + one] - rows[start + other])
            behind.append((cells[start + one], cells[start + other]))
            families.append(around)
    return Combinations(np.array(combined), pd.DataFrame(records), tuple(behind), tuple(families), len(levels))


def _name(level: Any, of: str) -> str:
    return f"{of} = {level:g}" if isinstance(level, float | int) else str(level)


def changes(spec: DesignSpec, baseline: Any, visit: str, by: str | None, at: Mapping[str, Any] | None) -> Combinations:
    """Change of the adjusted mean from one visit to each other in each level of ``by``, and differences of those."""
    names = [visit] if by is None else [by, visit]
    axes, held = _prepared(spec, names, at)
    visits, levels = list(axes[visit]), list(axes[by]) if by else [None]
    if baseline not in visits:
        what = f'"{baseline}" is not a visit{did_you_mean(str(baseline), [str(v) for v in visits])}'
        raise PlanError(Problem(what, do=f"The visits are: {quoted([str(v) for v in visits])}."))
    cells, rows = _cell_rows(spec, axes, held)
    shaped = rows.reshape(len(levels), len(visits), -1)
    base = visits.index(baseline)
    records, combined, families = [], [], []
    behind: list[tuple[dict[str, Any], ...]] = []
    for i, j in itertools.product(range(len(levels)), range(len(visits))):
        if j != base:
            arm, shown = "" if by is None else str(levels[i]), _visit_name(visits[j], visit)
            records.append({"term": "adjusted_change", "contrast": "", "arm": arm, "visit": shown})
            combined.append(shaped[i, j] - shaped[i, base])
            behind.append((cells[i * len(visits) + j],))
            families.append(f"changes {arm}")
    for i, j in itertools.product(range(1, len(levels)), range(len(visits))):
        if j != base:
            contrast = f"{levels[i]} - {levels[0]}"
            shown = _visit_name(visits[j], visit)
            records.append({"term": "difference_in_change", "contrast": contrast, "arm": "", "visit": shown})
            combined.append(shaped[i, j] - shaped[i, base] - shaped[0, j] + shaped[0, base])
            behind.append((cells[i * len(visits) + j], cells[j]))
            families.append(f"differences in change {shown}")
    return Combinations(np.array(combined), pd.DataFrame(records), tuple(behind), tuple(families), len(levels))


def _visit_name(value: Any, visit: str) -> str:
    return _said({visit: value}, visit) if isinstance(value, str) else f"{visit} = {value:g}"


def term_rows(spec: DesignSpec, term: str) -> FloatArray:
    """``L`` of a term of the formula: differences between the levels of its factors, averaged over all others.

    Numbers in the term enter by their slope; other numbers are held at their means. With factors only this is what SAS
    calls type III, whatever the coding.
    """
    names = [name.strip() for name in term.split(":")]
    check_names(spec, names, "term")
    factors = [name for name in names if name in spec.factors]
    numbers = [name for name in names if name in spec.numbers]
    rows = None
    for shifted in itertools.product((0.0, 1.0), repeat=len(numbers)):
        at = {n: [spec.numbers[n] + shift] for n, shift in zip(numbers, shifted, strict=True)}
        _, found = spec.means({**{name: spec.factors[name] for name in factors}, **at})
        sign = (-1.0) ** (len(numbers) - int(sum(shifted)))
        rows = sign * found if rows is None else rows + sign * found
    assert rows is not None
    contrast: FloatArray = np.eye(1)
    for name in factors:
        levels = len(spec.factors[name])
        contrast = np.asarray(np.kron(contrast, np.eye(levels)[1:] - np.eye(levels)[:1]), dtype="float64")
    return contrast @ rows


def estimate_rows(
    inference: Inference, combinations: Combinations, *, adjust: str, level: float, across: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """The frame of :class:`~kbstudy.estimates.Estimates` without ``n`` and ``method``, and what has to be said.

    Parameters
    ----------
    inference
        Standard errors and degrees of freedom.
    combinations
        The rows.
    adjust
        A method of :func:`~kbstudy.models.multiplicity.adjust_family`.
    level
        Confidence level.
    across
        Adjust all rows together rather than those of each family.
    """
    from kbstudy.models.multiplicity import adjust_family

    found = inference.rows(combinations.rows)
    frame = combinations.labels.assign(
        estimate=found.estimate, se=found.se, df=found.df, statistic=found.statistic, p=np.nan, low=np.nan, high=np.nan
    )
    families = ["all"] * len(frame) if across else list(combinations.families)
    frame["family"] = families if adjust != "none" else ""
    said: list[str] = []
    for family in dict.fromkeys(families):
        # A difference that is zero by construction, such as arms at a constrained baseline, has nothing to test.
        usable = np.array([name == family for name in families]) & np.isfinite(found.estimate) & (found.se > 0)
        at = np.flatnonzero(usable)
        if not len(at):
            continue
        adjusted = adjust_family(
            found.estimate[at],
            found.se[at],
            found.df[at],
            found.correlation[np.ix_(at, at)],
            method=adjust,
            level=level,
            means=combinations.means or None,
        )
        frame.loc[at, ["p", "low", "high"]] = np.column_stack([adjusted.p, adjusted.low, adjusted.high])
        said += [adjusted.note] if adjusted.note and adjusted.note not in said else []
    return frame, said
