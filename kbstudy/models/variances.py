"""Intervals for one variance, a ratio and a difference of two, from independent normal samples: numbers in and out."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["difference_hopkins", "difference_mls", "ratio_f", "signed_root", "variance_chi2"]


def signed_root(variance: float) -> float:
    """The root of the size, with the sign: a negative variance stays visible as a negative SD.

    Examples
    --------
    >>> signed_root(4.0), signed_root(-4.0)
    (2.0, -2.0)
    """
    return math.copysign(math.sqrt(abs(variance)), variance)


def variance_chi2(s2: float, df: int, level: float = 0.95) -> tuple[float, float]:
    """The chi-square interval of a variance.

    Parameters
    ----------
    s2, df
        Sample variance and its degrees of freedom.
    level
        Confidence level.

    Notes
    -----
    ``df s² / chi2(df; 1 - a/2)`` to ``df s² / chi2(df; a/2)``.

    Examples
    --------
    >>> [round(limit, 3) for limit in variance_chi2(4.0, 9)]
    [1.892, 13.331]
    """
    from scipy.special import chdtri

    tail = (1 - level) / 2
    return df * s2 / float(chdtri(df, tail)), df * s2 / float(chdtri(df, 1 - tail))


def ratio_f(s2: float, df: int, other_s2: float, other_df: int, level: float = 0.95) -> tuple[float, float]:
    """The F interval of ``s2 / other_s2``.

    Notes
    -----
    ``r / F(1 - a/2; df, other_df)`` to ``r / F(a/2; df, other_df)``, as R's ``var.test``.

    Examples
    --------
    >>> [round(limit, 3) for limit in ratio_f(4.0, 9, 1.0, 9)]
    [0.994, 16.104]
    """
    from scipy.special import fdtri

    tail, ratio = (1 - level) / 2, s2 / other_s2
    return ratio / float(fdtri(df, other_df, 1 - tail)), ratio / float(fdtri(df, other_df, tail))


def difference_mls(s2: float, df: int, other_s2: float, other_df: int, level: float = 0.95) -> tuple[float, float]:
    """The modified large-sample interval of ``variance - other variance``, which may be negative.

    Parameters
    ----------
    s2, df
        Sample variance and its degrees of freedom.
    other_s2, other_df
        Of the sample that is subtracted.
    level
        Confidence level.

    Notes
    -----
    With ``a = (1 - level) / 2``, upper points ``F(p; d1, d2)``, ``G_i = 1 - 1 / F(1 - a; df_i, inf)`` and
    ``H_i = 1 / F(a; df_i, inf) - 1``, the lower limit lies ``sqrt(G1² s1⁴ + H2² s2⁴ + G12 s1² s2²)`` below the
    difference, ``G12 = ((F - 1)² - G1² F² - H2²) / F`` with ``F = F(1 - a; df1, df2)``; the upper limit likewise with
    ``H1, G2`` and ``H12 = ((1 - F)² - H1² F² - G2²) / F``, ``F = F(a; df1, df2)``. The interval has
    zero in it exactly if the F test keeps equal variances.

    References
    ----------
    Ting, Burdick, Graybill, Jeyaratnam & Lu 1990, J Stat Comput Simul 35:135-143; Burdick & Graybill 1992, Confidence
    Intervals on Variance Components.

    Examples
    --------
    >>> [round(limit, 2) for limit in difference_mls(9.0, 19, 4.0, 19)]
    [-0.8, 15.28]
    """
    from scipy.special import chdtri, fdtri

    tail = (1 - level) / 2
    g1, g2 = (1 - d / float(chdtri(d, tail)) for d in (df, other_df))
    h1, h2 = (d / float(chdtri(d, 1 - tail)) - 1 for d in (df, other_df))
    high_f, low_f = float(fdtri(df, other_df, 1 - tail)), float(fdtri(df, other_df, tail))
    g12 = ((high_f - 1) ** 2 - g1**2 * high_f**2 - h2**2) / high_f
    h12 = ((1 - low_f) ** 2 - h1**2 * low_f**2 - g2**2) / low_f
    below = g1**2 * s2**2 + h2**2 * other_s2**2 + g12 * s2 * other_s2
    above = h1**2 * s2**2 + g2**2 * other_s2**2 + h12 * s2 * other_s2
    difference = s2 - other_s2
    return difference - math.sqrt(max(below, 0.0)), difference + math.sqrt(max(above, 0.0))


def difference_hopkins(s2: float, df: int, other_s2: float, other_df: int, level: float = 0.95) -> tuple[float, float]:
    """Hopkins' interval of ``variance - other variance``: as if the difference were normally distributed.

    Notes
    -----
    ``D ± z sqrt(2 s1⁴ / df1 + 2 s2⁴ / df2)``.

    References
    ----------
    Hopkins 2015, doi:10.1152/japplphysiol.00098.2015

    Examples
    --------
    >>> [round(limit, 2) for limit in difference_hopkins(9.0, 19, 4.0, 19)]
    [-1.26, 11.26]
    """
    se = math.sqrt(2 * s2**2 / df + 2 * other_s2**2 / other_df)
    z, difference = NormalDist().inv_cdf((1 + level) / 2), s2 - other_s2
    return difference - z * se, difference + z * se
