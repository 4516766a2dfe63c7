"""The Wilcoxon signed-rank test and the Hodges–Lehmann pseudo-median, by the rules of R's ``wilcox.test``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from kbstudy.models._frames import FloatArray

__all__ = ["SignedRank", "signed_rank"]

#: From this many changes on, R uses the normal approximation.
_EXACT_BELOW: Final = 50


@dataclass(frozen=True, slots=True)
class SignedRank:
    """What the signed ranks say about a set of changes.

    Parameters
    ----------
    pseudo_median, low, high
        Hodges–Lehmann estimate and its interval, in the unit of the changes; limits NaN where none is attainable.
    v, p
        Sum of the ranks of the positive changes; two-sided p-value.
    n, zeros
        Changes that are not zero, which are used; changes that are, which are not.
    exact
        Whether the exact distribution was used rather than the normal approximation.
    attained
        Confidence level that the interval reaches; NaN for the approximation.
    """

    pseudo_median: float
    low: float
    high: float
    v: float
    p: float
    n: int
    zeros: int
    exact: bool
    attained: float


def signed_rank(change: FloatArray, level: float) -> SignedRank:
    """Test and estimate the centre of symmetry of changes.

    Parameters
    ----------
    change
        Shape ``(n,)``; at least one is not zero. Ties must be exact: round away floating-point noise first.
    level
        Confidence level.

    Returns
    -------
    SignedRank
        Estimate, interval, statistic and p-value.

    Notes
    -----
    Zeros are dropped. Fewer than 50 changes without ties or zeros: exact p-value, and the interval between two
    ordered Walsh averages ``(d_i + d_j) / 2, i <= j``. Otherwise: normal approximation with continuity correction and
    tie correction; the interval again ends at Walsh averages, at the point where the corrected z crosses its
    quantile. With ties R looks for that point numerically, to 1e-4, and in small samples lowers the level instead
    (it says so in a warning); its pseudo-median is then the centre of the corrected z and may differ from ours, the
    plain Hodges-Lehmann estimate, in the second digit.
    The estimate is the median of the Walsh averages.

    References
    ----------
    Hodges & Lehmann 1963, doi:10.1214/aoms/1177704172

    Examples
    --------
    >>> import numpy as np
    >>> found = signed_rank(np.array([1.5, -0.4, 2.2, 3.1, 0.9, 1.1]), 0.95)
    >>> found.v, found.p, found.exact
    (20.0, 0.0625, True)
    """
    from scipy.stats import rankdata

    used = change[change != 0]
    n, zeros = len(used), int(np.sum(change == 0))
    ranks = rankdata(np.abs(used))
    v = float(np.sum(ranks[used > 0]))
    is_exact = n < _EXACT_BELOW and zeros == 0 and len(np.unique(ranks)) == n
    walsh = np.sort(((used[:, None] + used) / 2)[np.triu_indices(n)])
    p = _exact_p(v, n) if is_exact else _approximate_p(v, ranks)
    k, attained = _exact_limit(n, level) if is_exact else (_approximate_limit(used, level), math.nan)
    low, high = (walsh[k - 1], walsh[len(walsh) - k]) if k > 0 else (math.nan, math.nan)
    return SignedRank(float(np.median(walsh)), float(low), float(high), v, p, n, zeros, is_exact, attained)


def _distribution(n: int) -> FloatArray:
    """``P(V <= v)`` for ``v = 0 … n(n + 1) / 2``: each rank is in the sum or not, with even odds."""
    ways = np.ones(1)
    for rank in range(1, n + 1):
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    return np.cumsum(ways / 2.0**n)


def _exact_p(v: float, n: int) -> float:
    smaller = min(v, n * (n + 1) / 2 - v)
    return min(1.0, 2 * float(_distribution(n)[int(smaller)]))


def _approximate_p(v: float, ranks: FloatArray) -> float:
    n = len(ranks)
    distance = v - n * (n + 1) / 4
    z = (distance - math.copysign(0.5, distance) * (distance != 0)) / _sigma(ranks)
    return min(1.0, math.erfc(abs(z) / math.sqrt(2)))


def _sigma(values: FloatArray) -> float:
    """SD of V when some of the values that are ranked are equal."""
    n = len(values)
    ties = np.unique(values, return_counts=True)[1].astype("float64")
    return math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - float(np.sum(ties**3 - ties)) / 48)


def _exact_limit(n: int, level: float) -> tuple[int, float]:
    """Which Walsh average, from either end, limits the interval, and the level that it attains."""
    cumulative = _distribution(n)
    k = max(1, int(np.searchsorted(cumulative, (1 - level) / 2)))
    return k, 1 - 2 * float(cumulative[k - 1])


def _approximate_limit(used: FloatArray, level: float) -> int:
    """The same for the normal approximation; below 1 where the level is out of reach."""
    n = len(used)
    reach = NormalDist().inv_cdf((1 + level) / 2) * _sigma(used)
    return math.ceil(n * (n + 1) / 4 - 0.5 - reach)
