"""Published numbers, one row an estimate, and the intervals that follow from what a paper printed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pandas as pd

from kbstudy.errors import DataError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.evidence.published_words import (
    DIRECTIONS,
    P_VALUE,
    citation,
    is_significant,
    spread_in_words,
    value_in_words,
)
from kbstudy.measures import energy_rate
from kbstudy.readers import RawTable

__all__ = ["PUBLISHED_COLUMNS", "factor_to", "published_estimates", "published_frame", "standard_error_of_mean"]

_CHOICES: Final = {
    "design": (
        "randomised trial", "controlled trial", "single group", "laboratory session", "comparison of groups", "review",
        "article",
    ),
    "allocation": ("randomised", "assigned", "single group", "none", "not stated"),
    "quantity": (
        "mean", "mean change", "mean difference", "standardised mean difference", "ratio", "count", "direction",
        "claim",
    ),
    "spread_kind": ("SD", "SD (assumed)", "SE", "SE (assumed)", "CI95", "P", "none"),
    "basis": ("measured", "estimated"),
    "verified": ("seen", "second-hand", "calculated"),
}  # fmt: skip
_NUMBERS: Final = ("n", "value", "spread", "low", "high", "body_mass_kg")
_MUST: Final = ("id", "study", "group", "population", "outcome", "value", "unit", "citation", "where_seen", *_CHOICES)
#: Quantities that say nothing without what they were compared with.
_COMPARED: Final = ("mean difference", "standardised mean difference", "ratio", "direction")

#: The columns of a table of published numbers.
PUBLISHED_COLUMNS: Final = (
    "id", "study", "year", "design", "allocation", "group", "population", "n", "shared_participants", "arm",
    "comparator", "task", "outcome", "quantity", "value", "spread", "spread_kind", "low", "high", "p", "unit",
    "body_mass_kg", "basis", "basis_note", "verified", "where_seen", "citation", "doi", "note",
)  # fmt: skip

_FROM_MEMORY = (
    "A number from memory is not evidence: look it up, say where it was seen, and mark the row verified = seen "
    "(or calculated, if it was computed from seen numbers); or leave the row out."
)


def published_frame(tables: Sequence[RawTable]) -> pd.DataFrame:
    """Check tables of published numbers and join them.

    Parameters
    ----------
    tables
        As read, all cells text, with the columns :data:`PUBLISHED_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``id``; numbers as floats, everything else as text.

    Raises
    ------
    DataError
        With every row that lacks its source, is marked as from memory, names an unknown kind of spread, has a spread
        without a kind, or a number that is none.
    """
    problems = Problems()
    for table in tables:
        problems.extend(_missing_columns(table))
    problems.raise_as(DataError)
    for table in tables:
        for row, record in zip(table.rows, table.cells.to_dict("records"), strict=True):
            problems.extend(_problems_of({str(k): str(v) for k, v in record.items()}, table.file, row))
    frame = pd.concat([table.cells[list(PUBLISHED_COLUMNS)] for table in tables], ignore_index=True)
    for name in frame["id"][frame["id"].duplicated()]:
        problems.add(Problem(f'the id "{name}" is used twice', tables[0].file, column="id"))
    problems.raise_as(DataError)
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column].replace("", None)).astype("float64")
    return frame.set_index("id", drop=False)


def _missing_columns(table: RawTable) -> Iterator[Problem]:
    for column in PUBLISHED_COLUMNS:
        if column not in table.cells:
            yield Problem(f'has no column "{column}"{did_you_mean(column, list(table.cells))}', table.file)


def _problems_of(record: dict[str, str], file: str, row: int) -> Iterator[Problem]:
    def problem(column: str, what: str, do: str = "") -> Problem:
        return Problem(what, file, row=row, column=column, do=do)

    for column in _MUST:
        if not record[column]:
            yield problem(column, "is empty; a published number needs it")
    for column, allowed in _CHOICES.items():
        if column == "verified" and "memory" in record[column]:
            yield problem(column, f'"{record[column]}" is refused', _FROM_MEMORY)
        elif record[column] and record[column] not in allowed:
            known = ", ".join(allowed)
            yield problem(column, f'"{record[column]}" is not one of {known}{did_you_mean(record[column], allowed)}')
    for column in _NUMBERS:
        if record[column] and not _is_number(record[column]):
            yield problem(column, f'"{record[column]}" is not a number')
    if record["p"] and not P_VALUE.fullmatch(record["p"]):
        yield problem("p", f'"{record["p"]}" is not a p-value; write 0.053, <0.001 or ns')
    if record["quantity"] in _COMPARED and not record["comparator"]:
        yield problem("comparator", f"is empty; a {record['quantity']} says nothing without what it was compared with")
    yield from _direction_problems(record, problem)
    yield from _spread_problems(record, problem)
    yield from _value_problems(record, problem)


def _direction_problems(record: dict[str, str], problem: Callable[..., Problem]) -> Iterator[Problem]:
    """A paper that prints which way and how sure, and not by how much."""
    is_direction, is_p = record["quantity"] == "direction", record["spread_kind"] == "P"
    if is_direction != is_p:
        what = 'the quantity "direction" and the spread_kind "P" belong together: a p-value without a size'
        yield problem("quantity", what)
    if not is_direction:
        return
    if not record["p"]:
        yield problem("p", "is empty; a direction is only as good as its p-value")
    if _is_number(record["value"]) and float(record["value"]) not in DIRECTIONS:
        yield problem("value", f"{record['value']} is not a direction; write 1 (higher), -1 (lower) or 0 (not told)")
    elif record["value"] == "0" and is_significant(record["p"]):
        yield problem("value", f"is 0, and p = {record['p']} says that there was a direction; write 1 or -1")
    if record["unit"] != "direction":
        yield problem("unit", f'"{record["unit"]}" is the unit of a size; a direction has the unit "direction"')


def _spread_problems(record: dict[str, str], problem: Callable[..., Problem]) -> Iterator[Problem]:
    kind = record["spread_kind"]
    if kind[:2] in ("SD", "SE"):
        if not (record["spread"] and record["n"]):
            yield problem("spread", f"a {kind} needs the columns spread and n")
        if record["low"] or record["high"]:
            yield problem("low", f"there is an interval beside the {kind}; keep the one that was printed")
        if record["quantity"] not in ("mean", "mean change"):
            what = f"a {kind} says how precise a mean is, and not how precise a {record['quantity']} is"
            yield problem("spread_kind", what, "Give the confidence interval that was published, or no spread.")
    if kind == "CI95" and not (record["low"] and record["high"]):
        yield problem("low", "a CI95 needs the columns low and high")
    if kind in ("none", "P") and (record["spread"] or record["low"] or record["high"]):
        yield problem("spread_kind", f'says "{kind}" but there is a spread or an interval; say which kind it is')


def _value_problems(record: dict[str, str], problem: Callable[..., Problem]) -> Iterator[Problem]:
    numbers = {name: float(record[name]) for name in _NUMBERS if _is_number(record[name])}
    if "n" in numbers and (numbers["n"] < 1 or numbers["n"] % 1):
        yield problem("n", f"{record['n']} is not a number of people")
    elif numbers.get("n") == 1 and record["spread"]:
        yield problem("n", "one person has no spread")
    if numbers.get("spread", 1) <= 0:
        yield problem("spread", f"{record['spread']} is not a spread; it must be larger than 0")
    if numbers.get("body_mass_kg", 1) <= 0:
        yield problem("body_mass_kg", f"{record['body_mass_kg']} is not a body mass")
    if {"low", "value", "high"} <= numbers.keys() and not numbers["low"] <= numbers["value"] <= numbers["high"]:
        yield problem("low", f"the value {record['value']} is outside {record['low']} to {record['high']}")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", text) is not None


def published_estimates(frame: pd.DataFrame, ids: Sequence[str], *, unit: str, title: str = "") -> Estimates:
    """Intervals for chosen published rows, in one unit.

    Parameters
    ----------
    frame
        From :func:`published_frame`.
    ids
        Rows, in the order wanted.
    unit
        The unit to express all of them in. Oxygen uptake (``L/min``, ``mL/kg/min`` with the group's body mass) becomes
        ``kcal/min`` at 5 kcal a litre, and the row's ``method`` says so.
    title
        For tables and figures.

    Returns
    -------
    Estimates
        ``term`` is the row's id, ``arm`` the group. A mean with its SD or SE gets a 95 % t interval on n - 1 degrees
        of freedom; a published interval is passed through; a number without a spread has no interval.

    Raises
    ------
    PlanError
        If a row cannot be expressed in the unit.

    Notes
    -----
    For a mean with standard deviation s, SE = s / sqrt(n) and the interval is mean ± t(0.975, n - 1) SE. When mL/kg/min
    is converted at the group's mean mass, the spread is converted with it, so the spread of body mass does not enter.

    Validated against: ``tests/evidence/test_published.py`` (hand calculation and R's ``qt``).
    """
    rows = [_estimate(frame.loc[name], unit) for name in ids]
    return Estimates(
        frame=pd.DataFrame(rows),
        title=title or f"Published estimates, {unit}",
        outcome=str(frame.loc[ids[0], "outcome"]).replace("_", " "),
        unit=unit,
        decimals=1,
        primary=ids[0],
        method=(
            "Intervals of published means are t intervals on n − 1 degrees of freedom from the published standard "
            "deviation or standard error; where a paper prints a spread without saying which it is, the table says "
            "what was assumed. Published confidence intervals are passed through unchanged."
        ),
        notes=tuple(_notes(frame.loc[list(ids)], unit)),
        citations=tuple(dict.fromkeys(citation(frame.loc[name]) for name in ids)),
    )


def _notes(rows: pd.DataFrame, unit: str) -> Iterator[str]:
    if unit == "kcal/min" and (rows["unit"] != unit).any():
        yield "Oxygen uptake was converted at 5 kcal per litre (constant_5_kcal_l)."
    if ((rows["unit"] == "mL/kg/min") & (unit != "mL/kg/min")).any():
        yield (
            "mL/kg/min was converted at the group's mean body mass; the spread of body mass does not enter, so the "
            "interval is somewhat too narrow."
        )


def _estimate(row: pd.Series, unit: str) -> dict[str, object]:
    factor, how = factor_to(row, unit)
    estimate, se, df, low, high = row["value"] * factor, math.nan, math.nan, math.nan, math.nan
    if row["spread_kind"] == "P":
        estimate = math.nan
        method = f"only the direction was published: {value_in_words(row)}, {spread_in_words(row)}"
    elif row["spread_kind"] == "CI95":
        low, high = row["low"] * factor, row["high"] * factor
        method = "interval as published"
    elif row["spread_kind"][:2] in ("SD", "SE"):
        se, df = standard_error_of_mean(row) * factor, row["n"] - 1
        half = _t_quantile(df) * se
        low, high = estimate - half, estimate + half
        method = f"t interval from the published {row['spread_kind']}"
    else:
        method = "published without a spread: no interval"
    return {
        "term": row["id"],
        "arm": row["group"],
        "n": None if math.isnan(row["n"]) else int(row["n"]),
        "estimate": estimate,
        "se": se,
        "df": df,
        "low": low,
        "high": high,
        "method": f"{method}{how}; {row['basis']}",
    }


def standard_error_of_mean(row: pd.Series) -> float:
    """The standard error of a row with an SD or SE, in the unit of the row."""
    spread = float(row["spread"])
    return spread / math.sqrt(row["n"]) if row["spread_kind"].startswith("SD") else spread


def _t_quantile(df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def factor_to(row: pd.Series, unit: str) -> tuple[float, str]:
    """The factor from a row's unit to another, and how to say it."""
    if row["unit"] == unit:
        return 1.0, ""
    if unit == "kcal/min" and row["unit"] == "L/min":
        return energy_rate(1.0), ", converted at 5 kcal per litre of oxygen (constant_5_kcal_l)"
    if unit == "kcal/min" and row["unit"] == "mL/kg/min":
        mass = row["body_mass_kg"]
        if math.isnan(mass):
            raise PlanError(
                f'published row "{row["id"]}" is in mL/kg/min and has no body_mass_kg, so it cannot become kcal/min; '
                "no body mass is ever assumed"
            )
        how = f", converted at 5 kcal per litre of oxygen (constant_5_kcal_l) and the group's mean mass {mass:g} kg"
        return energy_rate(mass / 1000.0), how
    raise PlanError(f'published row "{row["id"]}" is in {row["unit"]}, which cannot be expressed in {unit}')
