"""Published rows to one pooled estimate, and what must not be pooled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, StudyWarning
from kbstudy.evidence.conversions import se_from_interval
from kbstudy.evidence.pooling import Interval, Pooled, PoolModel, Tau2Method, pool
from kbstudy.evidence.published import factor_to, standard_error_of_mean
from kbstudy.evidence.published_words import study_and_year

__all__ = ["pool_problems", "pool_published"]

#: Quantities whose intervals are of two arms, and so lose two degrees of freedom.
_OF_TWO_ARMS: Final = ("mean difference", "standardised mean difference")
_SAME_PEOPLE: Final = "People who are counted twice make an estimate look surer than it is: keep one of the rows."


def pool_problems(frame: pd.DataFrame, ids: Sequence[str], unit: str) -> Iterator[Problem]:
    """Why rows cannot be pooled: the same people twice, no spread, different quantities, a unit that does not fit."""
    rows = [frame.loc[name] for name in dict.fromkeys(ids) if name in frame.index]
    for name in dict.fromkeys(name for name in ids if list(ids).count(name) > 1):
        yield Problem(f'"{name}" is pooled twice')
    yield from _same_people(rows)
    kinds = list(dict.fromkeys(str(row["quantity"]) for row in rows))
    if len(kinds) > 1:
        yield Problem(f"these rows are different quantities and cannot be pooled: {fmt.words(kinds)}")
    for row in rows:
        if row["quantity"] in ("ratio", "direction", "claim"):
            do = {
                "ratio": "Ratios are pooled as logarithms: kb.pool(log ratios, variances).",
                "direction": "A direction has no size to pool.",
                "claim": "A claim is not a measurement.",
            }[str(row["quantity"])]
            yield Problem(f'"{row["id"]}" is a {row["quantity"]} and cannot be pooled here', do=do)
        elif row["spread_kind"] == "none":
            do = "A study without a standard deviation, standard error or interval has no weight: show it beside."
            yield Problem(f'"{row["id"]}" has no spread and cannot be pooled', do=do)
        try:
            factor_to(row, unit)
        except PlanError as error:
            yield from error.problems


def _same_people(rows: Sequence[pd.Series]) -> Iterator[Problem]:
    """Rows that share participants by declaration, or that come from one publication."""
    for key, what in (("shared_participants", "are the same people"), ("citation", "come from one publication")):
        groups: dict[str, list[str]] = {}
        for row in rows:
            groups.setdefault(str(row[key]), []).append(str(row["id"]))
        found = [(value, ids) for value, ids in groups.items() if value and len(ids) > 1]
        for value, ids in found:
            named = f" ({key} = {value})" if key == "shared_participants" else ""
            quoted = fmt.words([f'"{name}"' for name in ids])
            yield Problem(f"{quoted} {what}{named} and must not be pooled", do=_SAME_PEOPLE)
        if found:
            return


def pool_published(
    frame: pd.DataFrame,
    ids: Sequence[str],
    *,
    unit: str,
    model: PoolModel = "random",
    tau2_method: Tau2Method = "reml",
    interval: Interval | None = None,
) -> Pooled:
    """Pool rows of a table of published numbers.

    Parameters
    ----------
    frame
        From :func:`~kbstudy.evidence.published_frame`.
    ids
        The rows, at least two, of different people.
    unit
        The unit to express all of them in, as for :func:`~kbstudy.evidence.published_estimates`.
    model, tau2_method, interval
        As for :func:`kbstudy.pool`.

    Returns
    -------
    Pooled
        Its notes say how each standard error came about. Warnings of the pool are in its notes and are not raised.

    Raises
    ------
    DataError
        If the rows must not be pooled, with every reason.

    Notes
    -----
    The variance of a mean is the square of SD / sqrt(n) or of the SE. Of a published 95 % interval it is
    (width / 2q)², where q is a t quantile on n - 1 degrees of freedom (means, changes within a group), n - 2
    (differences between two arms), or normal (reviews, and rows without n).

    Examples
    --------
    >>> from kbstudy.evidence import published_frame
    >>> from kbstudy.readers import read_table
    >>> frame = published_frame([read_table("data/raw/article-claims/published.csv")])
    >>> pooled = pool_published(frame, ["farrar-2010-swings", "fortner-2014-tabata"], unit="mL/kg/min", interval="wald")
    >>> round(pooled.estimate, 1)
    33.6
    """
    problems = list(pool_problems(frame, ids, unit))
    if len(ids) < 2:
        problems.append(Problem("a pool needs at least two rows"))
    if problems:
        raise DataError(problems)
    rows = [frame.loc[name] for name in ids]
    found = [_standard_error(row) for row in rows]
    factors = [factor_to(row, unit)[0] for row in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StudyWarning)  # the notes say the same, and stand in the report
        pooled = pool(
            [row["value"] * factor for row, factor in zip(rows, factors, strict=True)],
            [(se * factor) ** 2 for (se, _), factor in zip(found, factors, strict=True)],
            model=model,
            tau2_method=tau2_method,
            interval=interval,
            labels=_labels(rows),
        )
    hows = dict.fromkeys(how for _, how in found if how)
    outcome = str(rows[0]["outcome"]).replace("_", " ")
    return pooled.with_(notes=(*pooled.notes, *hows), unit=unit, outcome=outcome, decimals=1)


def _standard_error(row: pd.Series) -> tuple[float, str]:
    """A row's standard error in its own unit, and what to say about where it comes from."""
    if row["spread_kind"] != "CI95":
        kind = str(row["spread_kind"])
        said = f"{study_and_year(row)}: the spread was printed without its kind and is read as {kind[:2]}."
        return standard_error_of_mean(row), said if "assumed" in kind else ""
    lost = 2 if row["quantity"] in _OF_TWO_ARMS else 1
    df = None if pd.isna(row["n"]) or row["design"] == "review" else float(row["n"]) - lost
    found = se_from_interval(row["low"], row["high"], df=df)
    return found.value, f"{study_and_year(row)}: the standard error assumes that {found.assumes[0]}."


def _labels(rows: Sequence[pd.Series]) -> list[str]:
    """Study and year, and the row's id where two studies have the same."""
    names = [study_and_year(row) for row in rows]
    return [name if names.count(name) == 1 else f"{name}, {row['id']}" for name, row in zip(names, rows, strict=True)]
