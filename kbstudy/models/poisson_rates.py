"""Exact intervals for counts of events over an exposure, and for none at all: numbers in, numbers out."""

from __future__ import annotations

import math

__all__ = ["clopper_pearson", "garwood", "rate_ratio_exact", "zero_events_exact", "zero_events_rule_of_three"]


def garwood(events: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a Poisson count.

    Notes
    -----
    ``chi2(a/2; 2k) / 2`` to ``chi2(1 - a/2; 2k + 2) / 2``; divide by the exposure for a rate.

    References
    ----------
    Garwood 1936, doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> [round(limit, 3) for limit in garwood(0)], [round(limit, 3) for limit in garwood(10)]
    ([0.0, 3.689], [4.795, 18.39])
    """
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(gammaincinv(events, tail))
    return low, float(gammaincinv(events + 1, 1 - tail))


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a proportion.

    References
    ----------
    Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [round(limit, 4) for limit in clopper_pearson(1, 20)]
    [0.0013, 0.2487]
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    return low, 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))


def rate_ratio_exact(
    events: int, exposure: float, other_events: int, other_exposure: float, level: float = 0.95
) -> tuple[float, float, float]:
    """A ratio of two Poisson rates: estimate and the exact interval given the number of events.

    Returns
    -------
    tuple of float
        Ratio, low, high. Without events in the other group the ratio and the upper limit are infinite; without any
        event the ratio is NaN and the interval runs from 0 to infinity.

    Notes
    -----
    Given ``k1 + k2``, ``k1`` is binomial with ``p = r t1 / (r t1 + t2)``; the limits are those of Clopper and Pearson
    for ``p``, turned into ``r``. As R's ``poisson.test``.

    Examples
    --------
    >>> [round(value, 3) for value in rate_ratio_exact(11, 800, 23, 1011)]
    [0.604, 0.266, 1.291]
    """
    total, relative = events + other_events, other_exposure / exposure
    if total == 0:
        return math.nan, 0.0, math.inf
    low, high = clopper_pearson(events, total, level)
    ratio = events * relative / other_events if other_events else math.inf
    return ratio, relative * low / (1 - low), relative * high / (1 - high) if high < 1 else math.inf


def zero_events_rule_of_three(n: int) -> float:
    """The rule of three: with no event in ``n`` people, up to about ``3 / n`` can be at risk (95 %, one-sided).

    References
    ----------
    Hanley & Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031

    Examples
    --------
    >>> zero_events_rule_of_three(40)
    0.075
    """
    return min(3 / n, 1.0)


def zero_events_exact(n: int, level: float = 0.95) -> float:
    """The exact one-sided upper limit with no event in ``n`` people.

    Notes
    -----
    ``1 - (1 - level)^(1/n)``, R's ``binom.test(0, n, alternative = "less")``.

    Examples
    --------
    >>> round(zero_events_exact(40), 4)
    0.0722
    """
    return -math.expm1(math.log1p(-level) / n)
