"""The people of an analysis of covariance: their values as arrays, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kbstudy.errors import DataError, Problems
from kbstudy.models._arms import Comparison, Fate, not_randomised
from kbstudy.models._frames import FloatArray, identify_each, labels, numbers


@dataclass(frozen=True)
class AncovaQuestion(Comparison):
    """What was asked, with labels as text."""

    baseline: str
    covariates: tuple[str, ...]
    robust: str | None


@dataclass(frozen=True)
class People:
    """One entry a person, in every field: numeric covariates as floats, categorical ones as labels."""

    ids: pd.Series
    arms: pd.Series
    outcome: FloatArray
    baseline: FloatArray
    covariates: dict[str, FloatArray | pd.Series]

    def only(self, keep: Sequence[bool]) -> People:
        """Those for whom ``keep`` is true."""
        mask = np.asarray(keep, dtype="bool")
        chosen = {name: values[mask] for name, values in self.covariates.items()}
        return People(self.ids[mask], self.arms[mask], self.outcome[mask], self.baseline[mask], chosen)


def read_people(data: pd.DataFrame, asked: AncovaQuestion) -> People:
    """Everybody in the data, or a :class:`~kbstudy.errors.DataError` with all that is wrong."""
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    people = People(
        ids,
        labels(data[asked.arm]),
        numbers(data, asked.outcome, ids, problems),
        numbers(data, asked.baseline, ids, problems),
        {name: covariate(data, name, ids, problems) for name in asked.covariates},
    )
    problems.raise_as(DataError)
    return people


def covariate(data: pd.DataFrame, name: str, ids: pd.Series, problems: Problems) -> FloatArray | pd.Series:
    """Floats for numbers, labels for categories; numbers stored as text are refused rather than made categories."""
    series = data[name].infer_objects()
    if isinstance(series.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(series):
        return labels(series)
    is_number = pd.api.types.is_numeric_dtype(series)
    looks_like_numbers = pd.to_numeric(series.dropna(), errors="coerce").notna().all()
    return numbers(data, name, ids, problems) if is_number or looks_like_numbers else labels(series)


def people_fates(data: pd.DataFrame, people: People, asked: AncovaQuestion) -> list[Fate]:
    """Analysed, missing (no outcome), dropped (something else is lacking) or not randomised; and why."""
    named: dict[str, FloatArray | pd.Series] = {asked.no_value: people.outcome, "no baseline value": people.baseline}
    named |= {f'covariate "{name}" missing': values for name, values in people.covariates.items()}
    reasons: list[list[str]] = [[] for _ in people.ids]
    for reason, values in named.items():
        for i in np.flatnonzero(is_missing(values)):
            reasons[i].append(reason)
    never = not_randomised(data[asked.arm])
    return [out or _fate(why, asked.no_value) for out, why in zip(never, reasons, strict=True)]


def is_missing(values: FloatArray | pd.Series) -> Any:
    """Who has no value, or no label."""
    return np.asarray(values == "") if isinstance(values, pd.Series) else np.isnan(values)


def _fate(reasons: list[str], no_value: str) -> Fate:
    status = "analysed" if not reasons else "missing" if no_value in reasons else "dropped"
    return status, "; ".join(reasons)
