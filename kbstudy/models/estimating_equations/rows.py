"""The rows of a GEE: converted, checked, accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, Problem, Problems
from kbstudy.ledger import Ledger
from kbstudy.models._arms import arm_levels
from kbstudy.models._frames import identify, label, labels, numbers
from kbstudy.models.estimating_equations.question import Question

__all__ = ["Rows", "ledger_of", "read_rows"]

#: A wrong value in more rows than this is not listed row by row.
_MANY: Final = 5


@dataclass(frozen=True)
class Rows:
    """One entry a row of the data in every field; ``table`` has the outcome, the exposure and all variables."""

    ids: pd.Series
    visits: pd.Series
    table: pd.DataFrame

    def only(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """Those for which ``keep`` is true."""
        parts = [part[keep].reset_index(drop=True) for part in (self.ids, self.visits, self.table)]
        return Rows(*parts)

    @property
    def clusters(self) -> list[npt.NDArray[np.intp]]:
        """For each participant the positions of their rows."""
        codes = pd.factorize(self.ids)[0]
        return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def read_rows(data: pd.DataFrame, asked: Question) -> Rows:
    """Every row of the data, or a :class:`~kbstudy.errors.DataError` with all that is wrong."""
    problems = Problems()
    ids = identify(data, asked.participant, problems)
    visits = labels(data[asked.visit]) if asked.visit is not None else pd.Series("", index=data.index, dtype="object")
    values = {asked.outcome: _outcome(data, ids, visits, asked, problems)}
    if asked.exposure is not None:
        values[asked.exposure] = _exposure(data, asked.exposure, ids, visits, problems)
    values |= {name: _variable(data, name, ids, problems) for name in asked.variables}
    rows = Rows(ids, visits, pd.DataFrame(values))
    if asked.visit is not None:
        _check_visits(rows, asked.visit, problems)
    problems.raise_as(DataError)
    return rows


def _check_visits(rows: Rows, column: str, problems: Problems) -> None:
    do = "Label the row's visit, or remove the row."
    blank = dict.fromkeys(rows.ids[rows.visits == ""])
    problems.extend(Problem("a row without a visit", column=column, participant=who, do=do) for who in blank)
    do = "Keep one row a participant and visit: which of the values counts has to be decided, not guessed."
    for (who, when), n in Counter(zip(rows.ids, rows.visits, strict=True)).items():
        if n > 1 and who and when:
            problems.add(Problem(f"{n} rows", participant=who, visit=when, do=do))


def _outcome(data: pd.DataFrame, ids: pd.Series, visits: pd.Series, asked: Question, problems: Problems) -> pd.Series:
    name = asked.outcome
    if asked.family == "logistic":
        data = data.assign(**{name: _booleans_as_numbers(data[name])})
        wrong, do = _not_binary, "A logistic model needs 0 for no and 1 for yes: recode the column, or correct the row."
    else:
        wrong, do = _not_count, "A Poisson model needs counts: 0, 1, 2 and so on; time at risk belongs in exposure=."
    values = pd.Series(numbers(data, name, ids, problems))
    problems.extend(_found(values, wrong(values), name, ids, visits, do))
    return values


def _booleans_as_numbers(column: pd.Series) -> pd.Series:
    """True and False as 1 and 0, an empty cell still empty; any other column as it is."""
    if not _is_boolean(column):
        return column
    return pd.Series([np.nan if pd.isna(value) else float(value) for value in column], dtype="float64")


def _is_boolean(column: pd.Series) -> bool:
    """Whether all cells that are not empty are true or false, whatever the column's type."""
    present = column.dropna()
    return len(present) > 0 and all(isinstance(value, bool | np.bool_) for value in present)


def _not_binary(values: pd.Series) -> pd.Series:
    return ~values.isin([0, 1])


def _not_count(values: pd.Series) -> pd.Series:
    return (values < 0) | (values != values.round())


def _exposure(data: pd.DataFrame, name: str, ids: pd.Series, visits: pd.Series, problems: Problems) -> pd.Series:
    values = pd.Series(numbers(data, name, ids, problems))
    do = "A rate needs time at risk above 0: correct the value, or leave the cell empty and the row is left out."
    problems.extend(_found(values, values <= 0, name, ids, visits, do))
    return values


def _found(
    values: pd.Series, wrong: pd.Series, column: str, ids: pd.Series, visits: pd.Series, do: str
) -> list[Problem]:
    """A problem for each wrong value; those too large for anything have theirs already.

    A value that is wrong in many rows is a coding, not a slip, and is told once.
    """
    rows = np.flatnonzero(wrong & values.notna() & (values.abs() <= 1e100))
    times = Counter(values[rows])
    codes = [value for value, n in times.items() if n > _MANY]
    told = [Problem(f"{value:g} found in {times[value]} rows", column=column, do=do) for value in codes]
    return told + [
        Problem(f"{values[i]:g} found", column=column, participant=ids[i], visit=visits[i], do=do)
        for i in rows
        if values[i] not in codes
    ]


def _variable(data: pd.DataFrame, name: str, ids: pd.Series, problems: Problems) -> pd.Series:
    """Floats for numbers, categories for the rest; numbers stored as text are refused rather than made categories."""
    column = data[name].infer_objects()
    if isinstance(column.dtype, pd.CategoricalDtype) or _is_boolean(column):
        return _categories(column)
    is_number = pd.api.types.is_numeric_dtype(column)
    looks_like_numbers = pd.to_numeric(column.dropna(), errors="coerce").notna().all()
    return pd.Series(numbers(data, name, ids, problems)) if is_number or looks_like_numbers else _categories(column)


def _categories(column: pd.Series) -> pd.Series:
    """Categories named by text, of all rows: one that loses its last row is told, not forgotten."""
    levels = [level for level in arm_levels(column, "") if level]
    return pd.Series(pd.Categorical([label(value) or None for value in column], categories=levels))


def ledger_of(rows: Rows, asked: Question) -> Ledger:
    """One row a participant: analysed if a single row of theirs is."""
    same = {"arm": "", "outcome": asked.outcome, "visit": ""}
    visits = [visit for visit in dict.fromkeys(rows.visits) if visit]
    return Ledger.of(same | _account(rows, own, visits, asked) for own in rows.clusters)


def _account(rows: Rows, own: npt.NDArray[np.intp], visits: Sequence[str], asked: Question) -> dict[str, object]:
    """What became of the rows of one participant."""
    values = rows.table.iloc[own]
    lacking = [tuple(values.columns[gone]) for gone in values.isna().to_numpy()]
    reasons = [_reason(lacking, what, rows.visits.iloc[own], asked) for what in dict.fromkeys(lacking) if what]
    never = [visit for visit in visits if visit not in set(rows.visits.iloc[own])]
    reasons += [f"no row for {asked.visit} {', '.join(never)}"] if never else []
    status = "analysed" if () in lacking else "missing" if values[asked.outcome].isna().all() else "dropped"
    return {"participant": rows.ids.iloc[own[0]], "status": status, "reason": "; ".join(reasons)}


def _reason(lacking: Sequence[tuple[str, ...]], what: tuple[str, ...], visits: pd.Series, asked: Question) -> str:
    """``1 of 4 rows without a value of pain (week 8)``."""
    these = [visit for gone, visit in zip(lacking, visits, strict=True) if gone == what]
    when = f" ({asked.visit} {', '.join(these)})" if asked.visit is not None else ""
    return f"{len(these)} of {fmt.count(len(lacking), 'row')} without a value of {fmt.words(what)}{when}"
