"""Score intervals for one proportion and for the difference of two: numbers in, numbers out."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["newcombe", "wilson"]


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
