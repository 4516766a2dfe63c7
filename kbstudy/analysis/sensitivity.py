"""Analyses that answer the primary question in another way, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kbstudy.estimates import Estimates
from kbstudy.study import TESTED, Study

__all__ = ["sensitivity_of"]


def sensitivity_of(study: Study, estimates: Mapping[str, Estimates]) -> pd.DataFrame | None:
    """The primary analysis and those with the same outcome, contrast and visit.

    Returns
    -------
    pandas.DataFrame or None
        A row an analysis, the primary first: ``analysis, title, n, estimate, low, high, is_primary``; ``None`` without
        a primary analysis or without another one.
    """
    primary = next((item for item in study.plan.analyses if item.primary and item.method in TESTED), None)
    if primary is None:
        return None
    asked = primary.estimand
    same = [
        item
        for item in study.plan.analyses
        if item.method in TESTED
        and item.outcome == primary.outcome
        and (item.estimand.contrast, item.estimand.visit) == (asked.contrast, asked.visit)
    ]
    if len(same) < 2:
        return None
    rows = []
    for item in sorted(same, key=lambda one: not one.primary):
        found = estimates[item.name]
        row = found.rows(contrast=asked.contrast, visit=asked.visit if found.primary_visit else None).iloc[0]
        numbers = {name: row[name] for name in ("n", "estimate", "low", "high")}
        rows.append({"analysis": item.name, "title": found.title, **numbers, "is_primary": item.primary})
    return pd.DataFrame(rows)
