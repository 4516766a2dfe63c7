"""What every declared variable is, and what was found in it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.study.plan import Covariate, Outcome
from kbstudy.study.study import Study

__all__ = ["codebook"]

_COLUMNS = ("name", "label", "column", "kind", "unit", "allowed", "n", "missing", "observed")


def codebook(study: Study) -> pd.DataFrame:
    """The codebook of a study: one row a variable.

    Parameters
    ----------
    study
        From :func:`kbstudy.load`.

    Returns
    -------
    pandas.DataFrame
        Columns ``name, label, column`` (in the raw file), ``kind, unit, allowed`` (what the study declares), ``n,
        missing`` (values and missing values among those allocated; over all visits for outcomes) and ``observed``
        (smallest to largest, or the count of each level).
    """
    return pd.DataFrame(list(_rows(study)), columns=list(_COLUMNS))


def _rows(study: Study) -> Iterator[dict[str, object]]:
    if study.plan.design is None:
        return
    allocated = study.people[study.people["arm"].notna()]
    if study.plan.design.arm:
        arm = study.plan.design.arm
        about: dict[str, object] = {"name": "arm", "label": "Arm", "column": arm.column, "kind": "category", "unit": ""}
        yield {**about, "allowed": fmt.words(arm.levels), **_found(allocated["arm"], "category", 0)}
    for covariate in study.plan.covariates:
        allowed = _range(covariate.range) or fmt.words(covariate.levels)
        found = _found(allocated[covariate.name], covariate.kind, covariate.decimals)
        yield {**_about(covariate, covariate.column), "kind": covariate.kind, "allowed": allowed, **found}
    for outcome in study.plan.outcomes:
        column = outcome.column or ", ".join(
            [*(f"{name} ({visit})" for visit, name in outcome.columns.items()), *outcome.items]
        )
        found = _found(study.table(outcome.name, covariates=())[outcome.name], "number", outcome.digits)
        about = {**_about(outcome, column), "unit": outcome.unit_text}
        yield {**about, "kind": "number", "allowed": _range(outcome.limits), **found}


def _about(item: Covariate | Outcome, column: str) -> dict[str, object]:
    return {"name": item.name, "label": item.title, "column": column, "unit": item.unit}


def _range(limits: tuple[float, float] | None) -> str:
    return f"{fmt.plain(limits[0])} to {fmt.plain(limits[1])}" if limits else ""


def _found(values: pd.Series, kind: str, decimals: int) -> dict[str, object]:
    known = values.dropna()
    counts = {"n": len(known), "missing": int(values.isna().sum())}
    if known.empty:
        return {**counts, "observed": ""}
    if kind == "number":
        return {**counts, "observed": fmt.interval(known.min(), known.max(), decimals)}
    levels = known.value_counts(sort=False)
    return {**counts, "observed": ", ".join(f"{level} {n}" for level, n in levels.items())}
