"""Score intervals for proportions, their difference and their ratios, and the number needed to treat."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final

from kbstudy import formatting as fmt

__all__ = ["koopman", "needed_to_treat", "newcombe", "odds_ratio_score", "wilson"]

#: Ratios beyond this are endless to any reader; limits are sought within.
_LARGEST_LOG_RATIO: Final = 40.0


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for ``k`` of ``n``.

    Parameters
    ----------
    k, n
        Numerator and denominator, people; ``n >= 1``.
    level
        Confidence level.

    Returns
    -------
    tuple of float
        Limits as proportions, within 0 and 1.

    Notes
    -----
    ``(p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n)``, no continuity correction.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson(33, 50)
    >>> round(low, 4), round(high, 4)
    (0.5215, 0.7756)
    """
    p, z = k / n, NormalDist().inv_cdf((1 + level) / 2)
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (0.0 if k == 0 else (centre - half) / scale, 1.0 if k == n else (centre + half) / scale)


def newcombe(k1: int, n1: int, k0: int, n0: int, level: float = 0.95) -> tuple[float, float]:
    """Newcombe's hybrid score interval for ``k1/n1 - k0/n0``, two independent groups.

    Parameters
    ----------
    k1, n1, k0, n0
        Numerators and denominators, people; ``n1, n0 >= 1``.
    level
        Confidence level.

    Returns
    -------
    tuple of float
        Limits as differences of proportions, within -1 and 1.

    Notes
    -----
    With Wilson limits ``l, u`` of each proportion ``p``, the limits lie ``sqrt((p1 - l1)² + (u0 - p0)²)`` below and
    ``sqrt((u1 - p1)² + (p0 - l0)²)`` above the difference (method 10 of the paper).

    References
    ----------
    Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> low, high = newcombe(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    p1, p0 = k1 / n1, k0 / n0
    (low1, high1), (low0, high0) = wilson(k1, n1, level), wilson(k0, n0, level)
    difference = p1 - p0
    return difference - math.hypot(p1 - low1, high0 - p0), difference + math.hypot(high1 - p1, p0 - low0)


def koopman(k1: int, n1: int, k0: int, n0: int, level: float = 0.95) -> tuple[float, float]:
    """Koopman's score interval for the ratio of two proportions, ``(k1/n1) / (k0/n0)``.

    Parameters
    ----------
    k1, n1, k0, n0
        Numerators and denominators, people; ``n1, n0 >= 1``.
    level
        Confidence level.

    Returns
    -------
    tuple of float
        Limits; 0 where ``k1`` is 0, infinite where ``k0`` is 0, and both where both are.

    Notes
    -----
    All ratios ``r`` with ``(p1 - r p0)² <= z² (q1 (1 - q1) / n1 + r² q0 (1 - q0) / n0)``, where ``q1 = r q0`` are the
    most likely proportions with that ratio. It exists where nobody, or everybody, reached the threshold, which the
    logarithm method does not.

    References
    ----------
    Koopman 1984, doi:10.2307/2531405

    Examples
    --------
    The paper's example:

    >>> low, high = koopman(36, 40, 16, 80)
    >>> round(low, 2), round(high, 2)
    (2.94, 7.15)
    """

    def distance(ratio: float) -> float:
        b = n1 * ratio + k1 + n0 + k0 * ratio
        root = math.sqrt(max(b * b - 4 * (n1 + n0) * ratio * (k1 + k0), 0.0))
        q0 = 2 * (k1 + k0) / (b + root)  # the smaller root, without the cancellation of b - root
        q1 = min(ratio * q0, 1.0)
        variance = q1 * (1 - q1) / n1 + ratio * ratio * q0 * (1 - q0) / n0
        return _signed_z(k1 / n1 - ratio * k0 / n0, variance)

    if k1 == k0 == 0:
        return 0.0, math.inf
    return _ratio_limits(distance, k1 == 0, k0 == 0, level)


def odds_ratio_score(k1: int, n1: int, k0: int, n0: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval for the ratio of two odds, ``(k1/(n1 - k1)) / (k0/(n0 - k0))``.

    Parameters
    ----------
    k1, n1, k0, n0
        Numerators and denominators, people; ``n1, n0 >= 1``.
    level
        Confidence level.

    Returns
    -------
    tuple of float
        Limits; 0 where ``k1`` is 0 or ``k0`` is ``n0``, infinite where ``k0`` is 0 or ``k1`` is ``n1``.

    Notes
    -----
    All ratios ``r`` with ``(n1 (p1 - q1))² (1 / (n1 q1 (1 - q1)) + 1 / (n0 q0 (1 - q0))) <= z²``, where ``q1, q0`` are
    the most likely proportions with that odds ratio; Miettinen and Nurminen's without their factor ``N / (N - 1)``.

    References
    ----------
    Miettinen & Nurminen 1985, doi:10.1002/sim.4780040211

    Examples
    --------
    >>> low, high = odds_ratio_score(15, 20, 8, 20)
    >>> round(low, 3), round(high, 3)
    (1.197, 16.84)
    """

    def distance(ratio: float) -> float:
        total, a = k1 + k0, n0 * (ratio - 1)
        b = n1 * ratio + n0 - total * (ratio - 1)
        root = math.sqrt(max(b * b + 4 * a * total, 0.0))
        q0 = 2 * total / (b + root) if b >= 0 else (root - b) / (2 * a)  # each without cancellation
        q1 = min(max((total - n0 * q0) / n1, 0.0), 1.0)
        spread = n1 * q1 * (1 - q1), n0 * q0 * (1 - q0)
        precision = sum(1 / part if part > 0 else math.inf for part in spread)
        return _signed_z(k1 - n1 * q1, 1 / precision)

    if k1 + k0 in (0, n1 + n0):
        return 0.0, math.inf
    return _ratio_limits(distance, k1 == 0 or k0 == n0, k0 == 0 or k1 == n1, level)


def _signed_z(difference: float, variance: float) -> float:
    """A difference in standard errors; endless where there is no error."""
    if variance > 0:
        return difference / math.sqrt(variance)
    return math.copysign(math.inf, difference) if abs(difference) > 1e-12 else 0.0


def _ratio_limits(
    distance: Callable[[float], float], from_zero: bool, endless: bool, level: float
) -> tuple[float, float]:
    """Where ``distance``, which falls with the ratio, is z and minus z."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    low = 0.0 if from_zero else _crossing(distance, z)
    return low, math.inf if endless else _crossing(distance, -z)


def _crossing(distance: Callable[[float], float], wanted: float) -> float:
    from scipy.optimize import brentq

    def excess(log_ratio: float) -> float:
        return min(max(distance(math.exp(log_ratio)) - wanted, -1e6), 1e6)

    return math.exp(float(brentq(excess, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO, xtol=1e-13, rtol=1e-13)))


def needed_to_treat(difference: float, low: float, high: float) -> str:
    """The number needed to treat with its interval, in Altman's words.

    Parameters
    ----------
    difference, low, high
        The difference of two shares of people with a good result, and its limits, between -1 and 1.

    Returns
    -------
    str
        ``NNTB`` (to benefit) where more people reached it, ``NNTH`` (to harm) where fewer did; through infinity where
        the limits lie on both sides of no difference.

    References
    ----------
    Altman 1998, doi:10.1136/bmj.317.7168.1309

    Examples
    --------
    The paper's example, a difference of 10 % (-5 % to 25 %):

    >>> needed_to_treat(0.10, -0.05, 0.25)
    'NNTB 10.0 (NNTH 20.0 to ∞ to NNTB 4.0)'
    >>> needed_to_treat(0.40, 0.25, 0.50)
    'NNTB 2.5 (NNTB 2.0 to 4.0)'
    >>> needed_to_treat(-0.40, -0.50, -0.25)
    'NNTH 2.5 (NNTH 2.0 to 4.0)'
    """
    if low < 0 < high:
        limits = f"{_needed(low)} to ∞ to {_needed(high)}"
    else:
        near, far = sorted((low, high), key=abs, reverse=True)
        limits = f"{_needed(near)} to {fmt.number(abs(1 / far), 1) if far else '∞'}"
    return f"{_needed(difference)} ({limits})"


def _needed(difference: float) -> str:
    if difference == 0:
        return "∞"
    return f"{'NNTB' if difference > 0 else 'NNTH'} {fmt.number(abs(1 / difference), 1)}"
