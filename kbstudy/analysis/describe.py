"""Plain description: who people were, and what was measured at each visit. No tests, no p-values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from kbstudy.study import Study

__all__ = ["DESCRIPTION_COLUMNS", "describe_baseline", "describe_outcomes", "means_of_points"]

DESCRIPTION_COLUMNS = (
    "variable", "label", "unit", "decimals", "kind", "level", "visit", "arm", "allocated", "n", "mean", "sd", "low",
    "high", "median", "q1", "q3", "minimum", "maximum", "count",
)  # fmt: skip


def describe_baseline(study: Study) -> pd.DataFrame:
    """Covariates, and outcomes at the baseline visit, by arm, over everyone allocated.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`DESCRIPTION_COLUMNS`; a row a variable and arm, and for categories a row a level too. ``n`` is
        the number with a value, ``count`` the number with the level, ``low`` and ``high`` the 95 % t interval of the
        mean (for figures; tables show the SD).
    """
    assert study.plan.design is not None
    outcomes = describe_outcomes(study)
    at_baseline = outcomes[outcomes["visit"] == study.plan.design.visit.baseline]
    covariates = pd.DataFrame(list(_covariates(study)), columns=list(DESCRIPTION_COLUMNS))
    filled = [frame for frame in (covariates, at_baseline) if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else covariates


def describe_outcomes(study: Study) -> pd.DataFrame:
    """Every outcome at every visit, by arm, over everyone allocated (columns as in :func:`describe_baseline`)."""
    return pd.DataFrame(list(_outcomes(study)), columns=list(DESCRIPTION_COLUMNS))


def _outcomes(study: Study) -> Iterator[dict[str, object]]:
    for outcome in study.plan.outcomes:
        names = {"variable": outcome.name, "label": outcome.title, "unit": outcome.unit_text, "kind": "number"}
        table = study.table(outcome.name, covariates=())
        for visit in outcome.columns or table["visit"].cat.categories:
            for arm in study.plan.arms:
                values = table.loc[(table["visit"] == visit) & (table["arm"] == arm), outcome.name]
                yield {**names, "decimals": outcome.digits, "visit": visit, "arm": arm, **_numbers(values)}


def _covariates(study: Study) -> Iterator[dict[str, object]]:
    allocated = study.people[study.people["arm"].notna()]
    for item in study.plan.covariates:
        names = {"variable": item.name, "label": item.title, "unit": item.unit, "kind": item.kind}
        for arm in study.plan.arms:
            values = allocated.loc[allocated["arm"] == arm, item.name]
            row = {**names, "decimals": item.decimals, "visit": "", "arm": arm}
            if item.kind == "number":
                yield {**row, **_numbers(values)}
            else:
                for level in values.cat.categories:
                    count, known = int((values == level).sum()), int(values.notna().sum())
                    yield {**row, "level": level, "allocated": len(values), "n": known, "count": count}


def _numbers(values: pd.Series) -> dict[str, object]:
    known = values.dropna()
    if known.empty:
        return {"allocated": len(values), "n": 0}
    q1, median, q3 = known.quantile([0.25, 0.5, 0.75])
    return {
        "allocated": len(values),
        **mean_with_interval(known),
        "sd": known.std(ddof=1) if len(known) > 1 else None,
        "median": median,
        "q1": q1,
        "q3": q3,
        "minimum": known.min(),
        "maximum": known.max(),
    }


def mean_with_interval(values: pd.Series, level: float = 0.95) -> dict[str, float]:
    """Number, mean and its t interval; no interval for a single value."""
    from scipy.special import stdtrit

    known = values.dropna()
    half = float(stdtrit(len(known) - 1, (1 + level) / 2) * known.sem()) if len(known) > 1 else math.nan
    mean = float(known.mean())
    return {"n": len(known), "mean": mean, "low": mean - half, "high": mean + half}


def means_of_points(points: pd.DataFrame, visits: tuple[str, str], arms: Sequence[str], level: float) -> pd.DataFrame:
    """Means of the people who were analysed, by arm and visit.

    Parameters
    ----------
    points
        ``points`` of an :class:`~kbstudy.Estimates`: columns ``arm, baseline, followup``.
    visits
        What baseline and follow-up are called.
    arms
        Arms in the order of the protocol; those without points are left out.
    level
        Confidence level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm, visit, n, mean, low, high`` (t interval).
    """
    rows = [
        {"arm": arm, "visit": visit, **mean_with_interval(group[column], level)}
        for arm, group in _by_arm(points, arms)
        for visit, column in zip(visits, ("baseline", "followup"), strict=True)
    ]
    return pd.DataFrame(rows)


def _by_arm(points: pd.DataFrame, arms: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The points of each arm; all of them under an empty name where no arm was compared."""
    named = points["arm"].astype("str")
    if not named.isin([arm for arm in arms if arm]).any():
        yield "", points
    for arm in arms:
        if arm and (named == arm).any():
            yield arm, points[named == arm]
