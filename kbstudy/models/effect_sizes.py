"""Standardised mean changes of one group measured twice: arrays in, frozen results out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from kbstudy.models._frames import FloatArray

__all__ = [
    "EffectSize",
    "between_arms_effect_size",
    "hedges_correction",
    "noncentrality_interval",
    "paired_effect_sizes",
]

_NONCENTRAL_T: Final = "noncentral-t CI"
_ALGINA_KESELMAN: Final = "noncentral-t CI scaled as Algina & Keselman 2003 (approximate)"
_KNOWN_R: Final = "noncentral-t CI scaled with r taken as known (approximate)"
_BONETT: Final = "large-sample CI as Bonett 2008 (approximate)"
_NO_INTERVAL: Final = "no CI"


@dataclass(frozen=True, slots=True)
class EffectSize:
    """One standardised mean change.

    Parameters
    ----------
    name
        Which one: ``cohen_dz``, ``hedges_gz``, …
    value, low, high, se
        In standard deviations; NaN where undefined or where no defensible interval exists.
    df
        Degrees of freedom of the noncentral t behind the interval, NaN without one.
    method
        The divisor and the kind of interval, in words.
    """

    name: str
    value: float
    method: str
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    df: float = math.nan


def hedges_correction(df: float) -> float:
    """The exact factor that removes the bias of a standardised mean.

    Parameters
    ----------
    df
        Degrees of freedom of the standard deviation in the divisor.

    Returns
    -------
    float
        ``J(df)``, below 1; NaN below 2 degrees of freedom, where no correction exists.

    Notes
    -----
    ``J(df) = gamma(df / 2) / (sqrt(df / 2) * gamma((df - 1) / 2))``, not the approximation ``1 - 3 / (4 df - 1)``.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107

    Examples
    --------
    >>> round(hedges_correction(9), 10)
    0.9138748918
    """
    if df < 2:
        return math.nan
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def noncentrality_interval(t: float, df: float, level: float) -> tuple[float, float]:
    """The noncentrality parameters that a t statistic is compatible with.

    Parameters
    ----------
    t
        The observed statistic.
    df
        Its degrees of freedom.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    tuple of float
        The parameters under which ``t`` is the upper and the lower ``(1 - level) / 2`` quantile; NaN where the
        distribution cannot be computed (t beyond about 1e5, or a level within 1e-9 of 1).

    Notes
    -----
    Solved by bracketing on the noncentral t distribution function, to about 1e-9.

    Examples
    --------
    >>> low, high = noncentrality_interval(-4.062128, 9, 0.95)
    >>> round(low, 4), round(high, 4)
    (-6.6978, -1.3112)
    """
    tail = (1 - level) / 2
    try:
        return _noncentrality(t, df, 1 - tail), _noncentrality(t, df, tail)
    except (ValueError, RuntimeError):  # scipy: the bracket does not enclose a solution
        return math.nan, math.nan


def _noncentrality(t: float, df: float, probability: float) -> float:
    """The parameter under which ``P(T <= t)`` is ``probability``; that probability falls as the parameter rises."""
    from scipy.optimize import brentq
    from scipy.stats import nct

    if t < 0:
        return -_noncentrality(-t, df, 1 - probability)

    def excess(parameter: float) -> float:
        return float(nct.cdf(t, df, parameter)) - probability

    low = NormalDist().inv_cdf(1 - probability) - 0.1  # because P(T <= t) >= P(Z <= -parameter) for t >= 0
    high = max(low, t) + 1
    while excess(high) > 0:
        high += high - low
    return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-14))


def paired_effect_sizes(
    before: FloatArray, after: FloatArray, change: FloatArray, level: float
) -> tuple[EffectSize, ...]:
    """All the usual standardised mean changes, each under its own name.

    Parameters
    ----------
    before, after, change
        Values of the same people, shape ``(n,)`` with ``n >= 2``; ``change`` is ``after - before`` and varies.
    level
        Confidence level.

    Returns
    -------
    tuple of EffectSize
        ``cohen_dz, hedges_gz, cohen_dav, cohen_dav_mean_sd, hedges_gav, cohen_drm, glass_delta_baseline``.

    Notes
    -----
    With ``m`` and ``s`` the mean and SD of the changes, ``s1`` and ``s2`` the SDs before and after, ``r`` their
    correlation and ``J`` from :func:`hedges_correction`: ``d_z = m / s``; ``d_av = m / sqrt((s1² + s2²) / 2)``, or
    ``m / ((s1 + s2) / 2)`` for the ``mean_sd`` variant; ``d_rm = d_z sqrt(2 (1 - r))``; ``delta = m / s1``;
    ``g = J(n - 1) d``. The interval of d_z inverts the noncentral t. Those of d_av and d_rm multiply its limits by the
    factor that turns d_z into them, as if that factor were known: for d_av this is Algina and Keselman's interval.
    The interval of delta is ``delta ± z sqrt(s² / (s1² (n - 1)) + delta² / (2 (n - 1)))``.

    References
    ----------
    Algina & Keselman 2003, doi:10.1177/0013164403256358; Bonett 2008, doi:10.1037/1082-989X.13.2.99;
    Lakens 2013, doi:10.3389/fpsyg.2013.00863
    """
    n = len(change)
    mean, s, s1, s2 = float(np.mean(change)), _sd(change), _sd(before), _sd(after)
    limits = noncentrality_interval(mean / s * math.sqrt(n), n - 1, level)
    dz = EffectSize(
        "cohen_dz",
        mean / s,
        f"mean change / SD of the changes; {_NONCENTRAL_T}",
        limits[0] / math.sqrt(n),
        limits[1] / math.sqrt(n),
        df=n - 1,
    )
    j = hedges_correction(n - 1)
    dav = _times(s / math.sqrt((s1 * s1 + s2 * s2) / 2), dz, "cohen_dav", f"RMS SD of both visits; {_ALGINA_KESELMAN}")
    bare = EffectSize("cohen_dav_mean_sd", mean / ((s1 + s2) / 2), f"mean SD of both visits; {_NO_INTERVAL}")
    drm = _times(_factor_rm(s, s1, s2), dz, "cohen_drm", f"d_z times sqrt(2(1 - r)); {_KNOWN_R}")
    gz = _times(j, dz, "hedges_gz", f"J(n - 1) times d_z; {_NONCENTRAL_T}")
    gav = _times(j, dav, "hedges_gav", f"J(n - 1) times d_av (RMS SD); {_ALGINA_KESELMAN}")
    return dz, gz, dav, bare, gav, drm, _glass(mean, s, s1, n, level)


def between_arms_effect_size(name: str, one: FloatArray, other: FloatArray, level: float) -> EffectSize:
    """Hedges' g of two independent groups.

    Parameters
    ----------
    name
        What the result is called.
    one, other
        Values of the people of each group, at least two in each.
    level
        Confidence level.

    Returns
    -------
    EffectSize
        ``J(n1 + n2 - 2)`` times the difference of the means divided by the pooled SD, with an interval from the
        noncentral t distribution; NaN where no group has any spread.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107

    Examples
    --------
    >>> size = between_arms_effect_size("hedges_g", np.array([3.0, 5, 4, 6]), np.array([1.0, 2, 3, 2]), 0.95)
    >>> round(size.value, 3), round(size.low, 3), round(size.high, 3)
    (2.01, 0.331, 3.606)
    """
    n1, n2 = len(one), len(other)
    df = n1 + n2 - 2
    pooled = math.sqrt(((n1 - 1) * _sd(one) ** 2 + (n2 - 1) * _sd(other) ** 2) / df)
    method = f"J(n1 + n2 - 2) times difference / pooled SD; {_NONCENTRAL_T}"
    if pooled == 0:
        return EffectSize(name, math.nan, method)
    d, root, j = float(np.mean(one) - np.mean(other)) / pooled, math.sqrt(1 / n1 + 1 / n2), hedges_correction(df)
    low, high = noncentrality_interval(d / root, df, level)
    return EffectSize(name, j * d, method, j * low * root, j * high * root, df=df)


def _sd(values: FloatArray) -> float:
    """The sample SD, exactly zero where all values are equal."""
    return float(np.std(values, ddof=1)) if np.ptp(values) > 0 else 0.0


def _times(factor: float, size: EffectSize, name: str, method: str) -> EffectSize:
    return EffectSize(name, factor * size.value, method, factor * size.low, factor * size.high, df=size.df)


def _factor_rm(s: float, s1: float, s2: float) -> float:
    """``sqrt(2 (1 - r))``, NaN where a visit has no spread and r is undefined."""
    if s1 == 0 or s2 == 0:
        return math.nan
    return math.sqrt(max(s * s - (s1 - s2) ** 2, 0.0) / (s1 * s2))


def _glass(mean: float, s: float, s1: float, n: int, level: float) -> EffectSize:
    method = f"mean change / baseline SD; {_BONETT}"
    if s1 == 0:
        return EffectSize("glass_delta_baseline", math.nan, method)
    delta = mean / s1
    se = math.sqrt((s * s / (s1 * s1) + delta * delta / 2) / (n - 1))
    half = NormalDist().inv_cdf((1 + level) / 2) * se
    return EffectSize("glass_delta_baseline", delta, method, delta - half, delta + half, se)
