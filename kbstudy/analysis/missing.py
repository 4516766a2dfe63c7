"""Who is missing when: patterns of visits by arm, and whether those who left differed at the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from kbstudy.analysis.describe import mean_with_interval
from kbstudy.study import Study

__all__ = ["MissingData", "missing_data"]


@dataclass(frozen=True)
class MissingData:
    """Missing values of one outcome, among those with an arm.

    Parameters
    ----------
    outcome
        Its name.
    visits
        At which it is measured, in order.
    patterns
        A row a pattern and arm: ``pattern`` (one letter a visit, ``x`` with and ``o`` without a value), ``arm``,
        ``n``, ``allocated``. The complete pattern comes first.
    baseline
        A row an arm and group (``complete``, ``incomplete``): ``n``, ``mean``, ``sd`` of the baseline value of those
        who have one. Description only: no test says whether data are missing at random.
    """

    outcome: str
    visits: tuple[str, ...]
    patterns: pd.DataFrame
    baseline: pd.DataFrame

    @property
    def is_complete(self) -> bool:
        """Whether everybody has every value."""
        return set(self.patterns["pattern"]) <= {"x" * len(self.visits)}

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "outcome": self.outcome,
            "visits": list(self.visits),
            "patterns": self.patterns.to_dict("records"),
            "baseline": self.baseline.astype("object").where(self.baseline.notna(), None).to_dict("records"),
        }


def missing_data(study: Study) -> tuple[MissingData, ...]:
    """For every outcome that is measured at more than one visit."""
    plan = study.plan
    return tuple(_of(study, item.name) for item in plan.outcomes if len(plan.visits_of(item)) > 1)


def _of(study: Study, outcome: str) -> MissingData:
    declared = study.plan.outcome(outcome)
    visits = study.plan.visits_of(declared)
    table = study.table(outcome, covariates=())
    wide = table.pivot(index=study.participant, columns="visit", values=outcome)[list(visits)]
    arm = table.drop_duplicates(study.participant).set_index(study.participant)["arm"].astype("str")
    pattern = wide.notna().map(lambda known: "x" if known else "o").agg("".join, axis=1)
    arms = study.plan.arms_of(declared)
    rows = [
        {
            "pattern": name,
            "arm": one,
            "n": int(((pattern == name) & (arm == one)).sum()),
            "allocated": int((arm == one).sum()),
        }
        for name in sorted(pattern.unique(), key=lambda text: (text.count("o"), text.replace("x", " ")))
        for one in arms
    ]
    return MissingData(outcome, visits, pd.DataFrame(rows), _completers(study, wide, arm, arms))


def _completers(study: Study, wide: pd.DataFrame, arm: pd.Series, arms: tuple[str, ...]) -> pd.DataFrame:
    assert study.plan.design is not None
    baseline = study.plan.design.visit.baseline
    if baseline not in wide:
        return pd.DataFrame(columns=["arm", "group", "n", "mean", "sd"])
    complete = wide.notna().all(axis=1)
    rows = []
    for one in arms:
        for group, mask in (("complete", complete), ("incomplete", ~complete)):
            values = wide.loc[mask & (arm == one), baseline].dropna()
            sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
            mean = mean_with_interval(values)["mean"] if len(values) else float("nan")
            rows.append({"arm": one, "group": group, "n": len(values), "mean": mean, "sd": sd})
    return pd.DataFrame(rows)
