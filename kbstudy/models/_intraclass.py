"""Variance components of repeated trials, and the intraclass correlations and errors that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kbstudy.models._frames import FloatArray

__all__ = ["Components", "Interval", "components", "icc_a1", "icc_c1", "icc_one", "raised", "sem"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def times(self, factor: float) -> Interval:
        """Scaled by a positive number."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Components:
    """Mean squares of people, trials and error, with their degrees of freedom.

    Parameters
    ----------
    people, trials
        How many there are.
    a_person, a_trial
        Values a person and people a trial: their number where no value is missing, else the harmonic mean.
    of_people, of_trials, of_error
        Mean squares of the two-way model. Where values are missing, what they are expected to be at the variance
        components of restricted maximum likelihood.
    df_error
        Degrees of freedom of ``of_error``.
    between, within, df_within
        The same of the one-way model, in which trials are exchangeable.
    by_reml
        Whether values are missing, so that the components come from restricted maximum likelihood.
    """

    people: int
    trials: int
    a_person: float
    a_trial: float
    of_people: float
    of_trials: float
    of_error: float
    df_error: float
    between: float
    within: float
    df_within: float
    by_reml: bool

    @property
    def person(self) -> float:
        """Variance between people, which can be negative where no value is missing."""
        return (self.of_people - self.of_error) / self.a_person

    @property
    def trial(self) -> float:
        """Variance of systematic differences between trials."""
        return (self.of_trials - self.of_error) / self.a_trial


def components(values: FloatArray) -> Components:
    """The components of a table of people by trials, NaN where a value is missing.

    Without missing values by the mean squares of the analysis of variance, which pingouin has too (rounded); with
    missing values by :func:`kbstudy.lmm`.
    """
    return _by_reml(values) if np.isnan(values).any() else _by_mean_squares(values)


def _by_mean_squares(values: FloatArray) -> Components:
    n, k = values.shape
    grand, people, trials = values.mean(), values.mean(axis=1), values.mean(axis=0)
    of_people = k * float(np.sum((people - grand) ** 2)) / (n - 1)
    of_trials = n * float(np.sum((trials - grand) ** 2)) / (k - 1)
    residual = values - people[:, None] - trials[None, :] + grand
    of_error = float(np.sum(residual**2)) / ((n - 1) * (k - 1))
    within = float(np.sum((values - people[:, None]) ** 2)) / (n * (k - 1))
    df_error, df_within = (n - 1) * (k - 1), n * (k - 1)
    return Components(n, k, k, n, of_people, of_trials, of_error, df_error, of_people, within, df_within, by_reml=False)


def _by_reml(values: FloatArray) -> Components:
    from kbstudy.models.mixed import lmm

    there = ~np.isnan(values)
    n, k = values.shape
    rows, columns = np.nonzero(there)
    frame = pd.DataFrame({"value": values[there], "who": rows.astype("str"), "trial": columns.astype("str")})
    two_way = lmm(frame, "value ~ 1 + (1 | who) + (1 | trial)", df_method="satterthwaite")
    one_way = lmm(frame, "value ~ 1 + (1 | who)", df_method="satterthwaite")
    a_person = n / float(np.sum(1.0 / there.sum(axis=1)))
    a_trial = k / float(np.sum(1.0 / there.sum(axis=0)))
    error, within = float(two_way.residual_variance), float(one_way.residual_variance)
    person, trial = (float(two_way.random_effects_covariance[name].iloc[0, 0]) for name in ("who", "trial"))
    alone = float(one_way.random_effects_covariance["who"].iloc[0, 0])
    size = int(there.sum())
    return Components(
        n,
        k,
        a_person,
        a_trial,
        error + a_person * person,
        error + a_trial * trial,
        error,
        size - n - k + 1,
        within + a_person * alone,
        within,
        size - n,
        by_reml=True,
    )


def icc_one(c: Components, level: float) -> Interval:
    """ICC(1): one-way, trials exchangeable; limits from F, as Shrout and Fleiss 1979."""
    return _from_f(c.between / c.within, c.people - 1, c.df_within, c.a_person, level)


def icc_c1(c: Components, level: float) -> Interval:
    """ICC(C,1): consistency of a single trial; limits from F, as McGraw and Wong 1996."""
    return _from_f(c.of_people / c.of_error, c.people - 1, c.df_error, c.a_person, level)


def _from_f(f: float, df_people: float, df_error: float, k: float, level: float) -> Interval:
    from scipy import stats

    tail = (1 - level) / 2
    low = f / float(stats.f.isf(tail, df_people, df_error))
    high = f * float(stats.f.isf(tail, df_error, df_people))
    return Interval(*((x - 1) / (x + k - 1) for x in (f, low, high)))


def icc_a1(c: Components, level: float) -> Interval:
    """ICC(A,1): absolute agreement of a single trial; limits by Satterthwaite, as McGraw and Wong 1996."""
    from scipy import stats

    k, n, tail = c.a_person, c.a_trial, (1 - level) / 2
    value = c.person / (c.person + c.trial + c.of_error)
    trials = k * value * c.of_trials
    error = (n * (1 + (k - 1) * value) - k * value) * c.of_error
    df = (trials + error) ** 2 / (trials**2 / (c.trials - 1) + error**2 / c.df_error)
    both = k * c.of_trials + (k * n - k - n) * c.of_error
    f_low, f_high = float(stats.f.isf(tail, c.people - 1, df)), float(stats.f.isf(tail, df, c.people - 1))
    low = n * (c.of_people - f_low * c.of_error) / (f_low * both + n * c.of_people)
    high = n * (f_high * c.of_people - c.of_error) / (both + n * f_high * c.of_people)
    return Interval(value, low, high)


def raised(single: Interval, k: int) -> Interval:
    """The same correlation for the mean of ``k`` trials, by Spearman and Brown's formula."""
    return Interval(*(k * x / (1 + (k - 1) * x) for x in (single.value, single.low, single.high)))


def sem(c: Components, level: float, *, agreement: bool) -> Interval:
    """Standard error of measurement; with ``agreement`` systematic differences between trials count as error.

    Limits from chi-squared; for agreement on Satterthwaite's degrees of freedom.
    """
    from scipy import stats

    variance, df = c.of_error, c.df_error
    if agreement:
        parts = c.of_trials / c.a_trial, (c.a_trial - 1) / c.a_trial * c.of_error
        variance = sum(parts)
        df = variance**2 / (parts[0] ** 2 / (c.trials - 1) + parts[1] ** 2 / c.df_error)
    tail = (1 - level) / 2
    low, high = (math.sqrt(df * variance / float(stats.chi2.isf(p, df))) for p in (tail, 1 - tail))
    return Interval(math.sqrt(variance), low, high)
