"""From a user's frame to arrays: the checks that every model shares. Each collects problems; none raises."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem, Problems, SmallSample, did_you_mean

FloatArray = npt.NDArray[np.float64]

#: Fewer people than this, in an arm or in pairs, and the user is warned.
SMALL: Final = 8


#: Beyond this, squares overflow; nothing that anybody measures is that large.
_LARGEST: Final = 1e100


def label(value: Hashable) -> str:
    """A label as text: ``1``, ``1.0`` and ``"1"`` are the same visit; a blank is no label."""
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value) if str(value).strip() else ""


def labels(values: Iterable[Any]) -> pd.Series:
    """Every value as :func:`label`, on a fresh index."""
    if isinstance(values, pd.Series | pd.Index) and values.dtype != "object":
        # Once a value is enough; among Python objects 1, 1.0 and True would count as one.
        codes, unique = pd.factorize(values, use_na_sentinel=True)
        names = np.array([*(label(value) for value in unique), ""], dtype="object")
        return pd.Series(names[codes], dtype="object")
    return pd.Series([label(value) for value in values], dtype="object")


def quoted(names: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(f'"{name}"' for name in names)


# ---- what was asked for ------------------------------------------------------------------------------------------


def check_columns(data: pd.DataFrame, asked: Sequence[tuple[str, str]], problems: Problems) -> None:
    """Each ``(argument, column)`` must exist once in ``data`` and be asked for once."""
    if not isinstance(data, pd.DataFrame):
        raise PlanError(Problem(f"data is a {type(data).__name__}", do="Give a pandas DataFrame."))
    unnamed = [column for column in data.columns if not isinstance(column, str)]
    if unnamed:
        what = f"column names that are not text: {', '.join(map(str, unnamed[:5]))}"
        raise PlanError(Problem(what, do="Rename them, for example with data.rename(columns=str)."))
    known = list(data.columns)
    for argument, column in asked:
        if known.count(column) == 1:
            continue
        hint = did_you_mean(column, known)
        found = "is twice in the data" if column in known else f"is not a column of the data{hint}"
        do = f"The columns are: {', '.join(known)}."
        problems.add(Problem(f'{argument}="{column}" {found}', do=do))
    for column, times in Counter(column for _, column in asked).items():
        if times > 1:
            roles = fmt.words([argument for argument, other in asked if other == column])
            problems.add(Problem(f'"{column}" is asked for as {roles}', do="Give each role a column of its own."))


def check_level(level: float, problems: Problems) -> None:
    """A confidence level lies strictly between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        problems.add(Problem(f"level={level} is not a confidence level", do="Give a share such as level=0.95."))


def is_positive(value: object) -> bool:
    """Whether something is a finite number above 0; a truth value is none."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return is_number and 0 < value < math.inf  # type: ignore[operator]


def check_label(argument: str, wanted: str, present: Sequence[str], column: str, problems: Problems) -> None:
    """A label that is asked for must be in the data."""
    if wanted not in present:
        what = f'{argument}="{wanted}" is not among the values{did_you_mean(wanted, present)}'
        problems.add(Problem(what, column=column, do=f'"{column}" holds: {quoted(present) or "nothing"}.'))


# ---- what is in the frame ----------------------------------------------------------------------------------------


def identify(data: pd.DataFrame, participant: str | None, problems: Problems) -> pd.Series:
    """The participants' ids as text, row by row: from a column, or from the frame's index."""
    ids = labels(data.index if participant is None else data[participant])
    blank = [str(i + 1) for i in np.flatnonzero(ids == "")]
    if blank:
        what = f"no participant in data row {', '.join(blank)}"
        do = "Give every row an id, or remove the row: a value without a person cannot be counted."
        problems.add(Problem(what, column=participant or "", do=do))
    return ids


#: What a column with ids is usually called.
_ID_NAMES: Final = ("record_id", "participant", "participant_id", "id", "subject", "patient")


def identify_each(data: pd.DataFrame, participant: str | None, problems: Problems) -> pd.Series:
    """The participants' ids as text, where each row has to be a person of its own."""
    ids = identify(data, participant, problems)
    _check_unique(ids, problems)
    if participant is None:
        _check_one_row_each(data, problems)
    return ids


def _check_one_row_each(data: pd.DataFrame, problems: Problems) -> None:
    """Without ``participant=`` a row is taken to be a person; a repeated id says that it is not."""
    for column in data.columns:
        if str(column).casefold() in _ID_NAMES and data[column].dropna().duplicated().any():
            what = "the same person stands in several rows, and one row a participant is needed"
            do = "Select the rows of one visit first; if this is not the column of the person, name it: participant=..."
            problems.add(Problem(what, column=str(column), do=do))


def _check_unique(ids: pd.Series, problems: Problems) -> None:
    """One row a participant."""
    twice = {person: n for person, n in Counter(ids).items() if n > 1 and person}
    do = "Keep one row a participant (select the visit first, or name the id column with participant=...)."
    problems.extend(Problem(f"{n} rows", participant=person, do=do) for person, n in twice.items())


def numbers(data: pd.DataFrame, column: str, ids: pd.Series, problems: Problems) -> FloatArray:
    """A column as floats, NaN where there is no value; anything else is a problem."""
    series = data[column].infer_objects()
    if series.isna().all():
        return np.full(len(series), np.nan)
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        problems.add(_not_numbers(series, column))
        return np.full(len(series), np.nan)
    values: FloatArray = series.to_numpy(dtype="float64", na_value=np.nan)
    do = "That is not a measurement: correct the value or leave the cell empty."
    bad = np.flatnonzero(np.abs(values) > _LARGEST)
    problems.extend(Problem(f"{values[i]} found", column=column, participant=ids[i], do=do) for i in bad)
    return values


def _not_numbers(series: pd.Series, column: str) -> Problem:
    text = series.dropna().astype("str")
    bad = list(dict.fromkeys(text[pd.to_numeric(text, errors="coerce").isna()]))
    what = f"not numbers: {quoted(bad[:5])}" if bad else f"numbers stored as {series.dtype}"
    return Problem(what, column=column, do="Make the column numeric; leave a cell empty where there is no value.")


def small_sample_notes(counts: Mapping[str, int], what: str) -> tuple[str, ...]:
    """Warn once, for the caller of the model, about groups smaller than :data:`SMALL`; return the same as notes."""
    small = [f"{name} ({n})" if name else str(n) for name, n in counts.items() if n < SMALL]
    if not small:
        return ()
    note = f"Fewer than {SMALL} {what}: {', '.join(small)}. The intervals rest mostly on assumptions."
    warnings.warn(note, SmallSample, stacklevel=3)
    return (note,)


def decimals_worth_keeping(*values: FloatArray) -> int:
    """Decimal places that carry information at the size of these values: about 14 significant digits."""
    largest = max(float(np.max(np.abs(array), initial=0.0)) for array in values)
    return 14 if largest == 0 else int(np.clip(14 - math.ceil(math.log10(largest)), -200, 200))
