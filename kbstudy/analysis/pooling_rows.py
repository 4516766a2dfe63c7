"""What a later meta-analysis needs of this trial: n, means, spreads, correlations; a row an outcome, visit and arm."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kbstudy.study import Study

__all__ = ["ROW_COLUMNS", "meta_analysis_rows"]

ROW_COLUMNS = (
    "outcome", "label", "unit", "visit", "arm", "n", "baseline_mean", "baseline_sd", "mean", "sd", "change_mean",
    "change_sd", "correlation",
)  # fmt: skip


def meta_analysis_rows(study: Study) -> pd.DataFrame:
    """For each outcome, visit after the baseline and arm: those with both values.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`ROW_COLUMNS`; ``correlation`` is between baseline and follow-up, which papers rarely print and
        every standardised change needs. NaN where fewer than three people have both values.
    """
    assert study.plan.design is not None
    baseline = study.plan.design.visit.baseline
    rows = []
    for outcome in study.plan.outcomes:
        visits = study.plan.visits_of(outcome)
        table = study.table(outcome.name, covariates=())
        for visit in visits:
            if visit == baseline or baseline not in visits:
                continue
            later = table[table["visit"] == visit]
            for arm in study.plan.arms_of(outcome):
                both = later[later["arm"] == arm].dropna(subset=[outcome.name, f"{outcome.name}_baseline"])
                names = {"outcome": outcome.name, "label": outcome.title, "unit": outcome.unit_text}
                before, after = (both[c].to_numpy(dtype="float64") for c in (f"{outcome.name}_baseline", outcome.name))
                rows.append({**names, "visit": visit, "arm": arm, **_numbers(before, after)})
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS))


def _numbers(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    n = len(before)
    if n < 3:
        return {"n": n}
    spread = [float(values.std(ddof=1)) for values in (before, after, after - before)]
    varies = spread[0] > 0 and spread[1] > 0
    return {
        "n": n,
        "baseline_mean": float(before.mean()),
        "baseline_sd": spread[0],
        "mean": float(after.mean()),
        "sd": spread[1],
        "change_mean": float((after - before).mean()),
        "change_sd": spread[2],
        "correlation": float(np.corrcoef(before, after)[0, 1]) if varies else math.nan,
    }
