"""Answers to a questionnaire become a score, by the rule of its form and with an account of every row."""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, Problems, StudyWarning, did_you_mean
from kbstudy.measures.scales import (
    Item,
    MicBelowMeasurementError,
    Scale,
    scale,
    thresholds_below_measurement_error,
)

__all__ = ["CodingInDoubt", "Scored", "score"]

FloatArray = npt.NDArray[np.float64]

#: With fewer answers than this, that a value never occurs says nothing.
_ENOUGH: Final = 40
#: With fewer values than this, that all are small says nothing.
_SEVERAL: Final = 5
#: Between the two halves of a mixture of units there is a gap of this factor.
_GAP: Final = 3.0
_ROWS: Final = "Rows are named by the frame's index. Correct the answer at its source, or leave the cell empty."


class CodingInDoubt(StudyWarning):
    """All values are possible, and together they look like another unit or another coding."""


@dataclass(frozen=True, repr=False)
class Scored:
    """Scores with an account of each row.

    Parameters
    ----------
    frame
        On the index of the data, columns ``score`` (NaN without one), ``answered`` (items), ``missing`` (items),
        ``rule`` (how this row was scored, empty without a score) and ``reason`` (why there is no score).
    scale
        The form.
    columns
        The column of each item, in the form's order.
    notes
        What the form's own thresholds and these data give reason to say.
    """

    frame: pd.DataFrame
    scale: Scale
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> pd.Series:
        """The scores alone, on the index of the data."""
        return self.frame["score"]

    @property
    def answered(self) -> pd.Series:
        """How many items each row has."""
        return self.frame["answered"]

    def table(self) -> pd.DataFrame:
        """How many rows were scored by which rule, and why the others were not."""
        told = self.frame["rule"].where(self.frame["rule"] != "", "no score: " + self.frame["reason"])
        counts = told.value_counts(sort=False)
        return pd.DataFrame({"Rule": list(counts.index), "Rows": [str(n) for n in counts]})

    def sentence(self) -> str:
        """One sentence about the rows: how many have a score, how many of them from fewer items."""
        n, scored = len(self.frame), int(self.frame["score"].notna().sum())
        fewer = int((self.frame["score"].notna() & (self.frame["missing"] > 0)).sum())
        about = f", {fewer} of them with items missing" if fewer else ""
        return f"{self.scale.name}: {fmt.percent(scored, n)} of the rows have a score{about}."

    def methods(self) -> str:
        """How the score is made, for the methods section."""
        form = self.scale
        many = len(form.items) > 1
        missing = f"Missing items: {form.missing.rule}{_unverified(form.missing.verified)}." if many else ""
        source = f"{form.source}. doi:{form.doi}" if form.doi else f"{form.source}." if form.source else ""
        span = f"{fmt.plain(form.minimum)} to {fmt.plain(form.maximum)} {form.unit}, {form.better} is better"
        return " ".join(part for part in (f"{form.name} ({span}): {form.scoring}.", missing, source) if part)

    def __str__(self) -> str:
        return "\n".join([self.table().to_string(index=False), self.sentence(), self.methods(), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        said = fmt.html_small((self.methods(), *self.notes))
        return f"<p>{html.escape(self.sentence())}</p>{fmt.html_table(self.table())}{said}"


def _unverified(verified: bool) -> str:
    return "" if verified else " (this rule was not verified at its source)"


def score(frame: pd.DataFrame, form: str | Path | Scale, *, items: str | Sequence[str] | None = None) -> Scored:
    """Score a questionnaire or check a single measure, by the rule of its form.

    Parameters
    ----------
    frame
        One row a person and occasion, one column an item, with the answers as they stand on the form (reversed items
        are turned here). Numbers, or text that is a number; an empty cell is an item that was not answered.
    form
        The id of a form (``"odi"``, ``"rmdq_24"``, ``"vas_0_100_mm"`` …), the path of a form of your own that ends in
        ``.toml``, or a :class:`~kbstudy.measures.Scale`.
    items
        The columns of the items, in the form's order. Without it they are looked for by number: ``odi_1``, ``ODI01`` …;
        a single measure is the column called like the form.

    Returns
    -------
    Scored
        ``.score`` on the index of ``frame``; ``.frame`` with the items answered and the rule used in each row.

    Raises
    ------
    PlanError
        An unknown form, a form that contradicts itself, or columns that cannot be found.
    DataError
        Answers that are not numbers, outside their item's range, or not whole where they must be; a visual analogue
        scale in two units. All of them at once, with row, item and value.

    Warns
    -----
    MicBelowMeasurementError
        If the form has a published MIC below its own published measurement error. Where one of the two numbers was
        not read at its source, ``.notes`` say it without a warning.
    CodingInDoubt
        If possible answers look like another coding: no 0 among many, or a scale in another unit.

    When not to use
    ---------------
    To impute. A row with more missing items than the form allows has no score, and says why.

    Notes
    -----
    With ``x`` the answers after turning reversed items (``low + high - x``): ``sum``, ``mean``, or ``percent`` =
    ``100 Σ(x - low) / Σ(high - low)`` over the answered items. Where a form allows missing items, a sum or mean is
    raised in proportion to what the answered items could have given; the row says so.

    References
    ----------
    Of each form in its TOML file, listed in docs/reference/measures.md.

    Validated against
    -----------------
    Worked examples on the forms' own scoring sheets (ODI: 16 of 45 is 35.5 %), ``tests/measures/test_scoring.py``.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame(1, index=["P01", "P02"], columns=[f"rmdq_{n}" for n in range(1, 25)])
    >>> answers.loc["P02", "rmdq_3"] = None
    >>> answers.loc["P02", "rmdq_24"] = 0
    >>> print(score(answers, "rmdq_24").frame[["score", "answered", "rule"]].round(2))
         score  answered                           rule
    P01  24.00        24                   all 24 items
    P02  22.96        23  23 of 24 items, in proportion
    """
    if not isinstance(frame, pd.DataFrame):
        raise PlanError(Problem(f"the data are a {type(frame).__name__}", do="Give a pandas DataFrame."))
    described = form if isinstance(form, Scale) else scale(form)
    columns = _columns(frame, described, items)
    answers = _answers(frame, described, columns)
    notes = [*_refuse_mixed_units(frame, described, columns, answers), *_one_coding(described, answers)]
    for note in notes:
        warnings.warn(note, CodingInDoubt, stacklevel=2)
    below = thresholds_below_measurement_error(described)
    certain = thresholds_below_measurement_error(described, verified=True)
    if certain:
        warnings.warn(" ".join(certain), MicBelowMeasurementError, stacklevel=2)
    return Scored(_scored(described, answers, frame.index), described, columns, (*notes, *below, *described.cautions))


# ---- which columns -----------------------------------------------------------------------------------------------


def _columns(frame: pd.DataFrame, form: Scale, items: str | Sequence[str] | None) -> tuple[str, ...]:
    wanted = len(form.items)
    if items is None:
        return _found_by_number(frame, form)
    named = (items,) if isinstance(items, str) else tuple(items)
    problems = Problems()
    known = [str(column) for column in frame]
    if len(named) != wanted:
        do = f"Name them in the order of the form: {', '.join(item.name for item in form.items)}."
        problems.add(Problem(f"{form.id} has {fmt.count(wanted, 'item')}, and items= names {len(named)}", do=do))
    for column in dict.fromkeys(named):
        if list(frame).count(column) != 1:
            what = "is twice in the data" if column in known else f"is not a column{did_you_mean(str(column), known)}"
            problems.add(Problem(f'"{column}" {what}', do=f"The columns are: {', '.join(known)}."))
        if named.count(column) > 1:
            problems.add(
                Problem(f'"{column}" is named {named.count(column)} times', do="Each item has its own column.")
            )
    problems.raise_as(PlanError)
    return named


def _found_by_number(frame: pd.DataFrame, form: Scale) -> tuple[str, ...]:
    """``odi_1`` or ``ODI01`` for item 1 of the form; the bare name for a form with one item."""
    found, problems = [], Problems()
    for number, item in enumerate(form.items, start=1):
        fitting = _fitting(frame, form, number)
        if len(fitting) == 1:
            found.append(fitting[0])
            continue
        several = f"several columns fit: {', '.join(fitting)}" if fitting else "no column fits"
        do = (
            f"Looked for {_examples(form)}. Name the columns with items=[...]. "
            f"The columns are: {', '.join(map(str, frame))}."
        )
        problems.add(Problem(f"{form.id}, item {number} ({item.name}): {several}", do=do))
    problems.raise_as(PlanError)
    return tuple(found)


def _examples(form: Scale) -> str:
    if len(form.items) == 1:
        return fmt.words(list(dict.fromkeys([f'"{form.column}"', f'"{form.id}"'])), "or")
    return f'"{form.column}_1" to "{form.column}_{len(form.items)}"'


def _fitting(frame: pd.DataFrame, form: Scale, number: int) -> list[str]:
    stems = "|".join(re.escape(stem) for stem in (form.id, form.column))
    pattern = rf"({stems})" if len(form.items) == 1 else rf"({stems})[ _.-]?0*{number}"
    return [column for column in frame if isinstance(column, str) and re.fullmatch(pattern, column.strip(), re.I)]


# ---- what is in them ---------------------------------------------------------------------------------------------


def _answers(frame: pd.DataFrame, form: Scale, columns: Sequence[str]) -> FloatArray:
    """Rows by items, NaN for not answered; anything that cannot be an answer is a problem."""
    problems = Problems()
    numbers = [_numbers(frame, item, column, form, problems) for item, column in zip(form.items, columns, strict=True)]
    problems.raise_as(DataError)
    return np.stack(numbers, axis=1) if numbers else np.empty((len(frame), 0))


def _numbers(frame: pd.DataFrame, item: Item, column: str, form: Scale, problems: Problems) -> FloatArray:
    series = frame[column].infer_objects()
    values = _as_floats(series)
    for i in np.flatnonzero(np.isnan(values) & ~_is_blank(series)):
        problems.add(_problem(frame, i, item, column, f'"{series.iloc[i]}" is not a number'))
    for i in np.flatnonzero((values < item.low) | (values > item.high)):
        what = f"{fmt.plain(values[i])} is outside {fmt.plain(item.low)} to {fmt.plain(item.high)}"
        problems.add(_problem(frame, i, item, column, what, _other_unit(form, values)))
    if item.whole:
        for i in np.flatnonzero((values >= item.low) & (values <= item.high) & (values != np.round(values))):
            problems.add(_problem(frame, i, item, column, f"{fmt.plain(values[i])} is not a whole number"))
    return values


def _as_floats(series: pd.Series) -> FloatArray:
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_complex_dtype(series):
        floats: FloatArray = series.to_numpy(dtype="float64", na_value=np.nan)
        return floats
    read = pd.to_numeric(series.astype("object").map(_plain_text), errors="coerce")
    return np.asarray(read, dtype="float64")


def _plain_text(value: object) -> object:
    """Text without blanks around it; what only looks like a number to a parser ("nan", "1_000", "0x10") is none."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float | np.number) else None
    text = value.strip().replace("\N{MINUS SIGN}", "-")
    return text if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else None


def _is_blank(series: pd.Series) -> npt.NDArray[np.bool_]:
    blank = series.isna() | series.map(lambda value: isinstance(value, str) and not value.strip())
    return np.asarray(blank, dtype="bool")


def _problem(frame: pd.DataFrame, row: Any, item: Item, column: str, what: str, do: str = "") -> Problem:
    label = str(frame.index[row])
    where = f"row {label}" if frame.index.is_unique else f"row {label} (data row {row + 1})"
    named = (
        "" if re.fullmatch(r"item \d+", item.name) or item.name.casefold() in column.casefold() else f" ({item.name})"
    )
    return Problem(f"{where}{named}: {what}", column=column, do=do or _ROWS)


def _other_unit(form: Scale, values: FloatArray) -> str:
    """Advice where values outside the range would fit the same measure in another unit."""
    largest = np.nanmax(values)
    fits = [m for m in sorted(form.other_maxima) if m > form.maximum and largest <= m]
    if not fits or np.nanmin(values) < form.minimum:
        return ""
    above, n, end = int((values > form.maximum).sum()), int((~np.isnan(values)).sum()), fmt.plain(form.maximum)
    return (
        f"{above} of {n} values lie above {end} and would fit a scale of 0 to {fmt.plain(fits[0])}: "
        f"name the form of that unit, or bring all values to one unit first. {_ROWS}"
    )


# ---- values that are possible and yet doubtful -------------------------------------------------------------------


def _refuse_mixed_units(
    frame: pd.DataFrame, form: Scale, columns: Sequence[str], answers: FloatArray
) -> tuple[str, ...]:
    """Refuse a measure in two units where its decimals show it; where only a gap hints at it, say so.

    Of values in mm, one of 6.5 beside others that are all whole and above 10 is in cm.
    """
    if len(form.items) != 1:
        return ()
    values = answers[:, 0]
    for smaller in sorted((m for m in form.other_maxima if m < form.maximum), reverse=True):
        low, high = (values > 0) & (values <= smaller), values > smaller
        finer = _has_more_decimals(values, form.decimals)
        suspects = np.flatnonzero(low & finer)
        if high.any() and suspects.size and not finer[high].any():
            few = fmt.count(form.decimals, "decimal") if form.decimals else "no decimals"
            do = (
                f"Values above {fmt.plain(smaller)} have {few}, and these have more: 0 to {fmt.plain(smaller)} and "
                f"{fmt.plain(form.minimum)} to {fmt.plain(form.maximum)} {form.unit} look mixed. "
                "Bring all values to one unit."
            )
            item = form.items[0]
            what = "{} looks like another unit"
            raise DataError(
                [_problem(frame, i, item, columns[0], what.format(fmt.plain(values[i])), do) for i in suspects]
            )
        note = _gap(form, values, low, high, smaller)
        if note:
            return (note,)
    return ()


def _gap(
    form: Scale, values: FloatArray, low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_], smaller: float
) -> str:
    span = f"{form.id}: values of {fmt.plain(form.minimum)} to {fmt.plain(form.maximum)} {form.unit} are declared"
    if low.sum() >= _SEVERAL and not high.any():
        return f"{span}, and none is above {fmt.plain(smaller)}: is the unit 0 to {fmt.plain(smaller)}?"
    if low.sum() >= 2 and high.sum() >= 2 and values[high].min() >= _GAP * values[low].max():
        between = f"{fmt.plain(values[low].max())} and {fmt.plain(values[high].min())}"
        return f"{span}, and there is nothing between {between}: is 0 to {fmt.plain(smaller)} mixed in?"
    return ""


def _has_more_decimals(values: FloatArray, decimals: int) -> npt.NDArray[np.bool_]:
    shifted = values * 10.0**decimals
    finer: npt.NDArray[np.bool_] = np.abs(shifted - np.round(shifted)) > 1e-6
    return finer


def _one_coding(form: Scale, answers: FloatArray) -> tuple[str, ...]:
    """Items of 0 to 5 that somebody coded 1 to 5 or 1 to 6 never hold a 0."""
    alike = {(item.low, item.high) for item in form.items}
    given = answers[~np.isnan(answers)]
    if len(form.items) < 2 or len(alike) > 1 or given.size < _ENOUGH:
        return ()
    low, high = next(iter(alike))
    if low != 0 or high < 2 or given.min() != 1:
        return ()
    what = f"not one of {given.size} answers is 0, and items go from 0 to {fmt.plain(high)}"
    return (f"{form.id}: {what}: are they coded from 1?",)


# ---- the score ---------------------------------------------------------------------------------------------------


def _scored(form: Scale, answers: FloatArray, index: pd.Index) -> pd.DataFrame:
    low, high = (np.array([getattr(item, end) for item in form.items]) for end in ("low", "high"))
    turned = np.where([item.reversed for item in form.items], low + high - answers, answers)
    there = ~np.isnan(turned)
    answered, k = there.sum(axis=1), len(form.items)
    enough = (answered > 0) & (k - answered <= form.missing.allowed)
    values = np.where(enough, _combined(form, turned, there, low, high), np.nan)
    rules = [_rule_used(form, n) if ok else "" for n, ok in zip(answered, enough, strict=True)]
    reasons = ["" if ok else _reason(form, row) for row, ok in zip(there, enough, strict=True)]
    columns = {"score": values, "answered": answered, "missing": k - answered}
    text = {"rule": pd.Series(rules, index, dtype="str"), "reason": pd.Series(reasons, index, dtype="str")}
    return pd.DataFrame({**columns, **text}, index=index)


def _combined(
    form: Scale, turned: FloatArray, there: npt.NDArray[np.bool_], low: FloatArray, high: FloatArray
) -> FloatArray:
    total = np.where(there, turned, 0.0).sum(axis=1)
    least, most = (np.where(there, end, 0.0).sum(axis=1) for end in (low, high))
    with np.errstate(invalid="ignore"):
        share: FloatArray = (total - least) / (most - least)
    if form.rule == "percent":
        return 100.0 * share
    whole = low.sum() + share * (high.sum() - low.sum())
    full: FloatArray = np.where(
        there.all(axis=1), total, whole
    )  # the sum itself where nothing is missing, without rounding
    return full / len(low) if form.rule == "mean" else full


def _rule_used(form: Scale, answered: int) -> str:
    k = len(form.items)
    if k == 1:
        return "the value"
    return f"all {k} items" if answered == k else f"{answered} of {k} items, in proportion"


def _reason(form: Scale, there: npt.NDArray[np.bool_]) -> str:
    missing = [number for number, is_there in enumerate(there, start=1) if not is_there]
    if len(form.items) == 1:
        return "no value"
    if len(missing) == len(form.items):
        return "no item answered"
    allowed = f"at most {form.missing.allowed} may be" if form.missing.allowed else "none may be"
    which = fmt.words([str(number) for number in missing])
    noun = "item" if len(missing) == 1 else "items"
    return f"{len(missing)} of {len(form.items)} items missing ({noun} {which}); {allowed}"
