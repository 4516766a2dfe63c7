"""Kenward and Roger's adjusted covariance and degrees of freedom.

Arrays in, arrays out, one replicate. What is called ``W`` is the covariance of the covariance parameters: expected
information gives pbkrtest's numbers, observed information those of SAS ``DDFM=KENWARDROGER(FIRSTORDER)`` and of mmrm's
"Kenward-Roger-Linear". (Kenward & Roger 1997, doi:10.2307/2533558; Halekoh & Højsgaard 2014,
doi:10.18637/jss.v059.i09.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kbstudy.models.mixed.moments import Bundle, FloatArray

__all__ = ["adjusted_covariance", "expected_covariance", "kenward_roger_f"]


def expected_covariance(expected: FloatArray) -> FloatArray:
    """``2 T⁻¹``, by the pseudo-inverse where T is badly conditioned: ``(k, k)``."""
    scale = np.sqrt(np.maximum(np.diag(expected), 1e-300))
    unit = expected / np.outer(scale, scale)
    inverted = np.linalg.pinv(unit, rcond=1e-12, hermitian=True)
    return np.asarray(2.0 * inverted / np.outer(scale, scale))


def adjusted_covariance(
    bundles: Sequence[Bundle],
    inverses: Sequence[FloatArray],
    directions: Sequence[FloatArray],
    phi: FloatArray,
    design: FloatArray,
    parameters: FloatArray,
) -> FloatArray:
    """``Φ + 2ΦUΦ`` with ``U = Σ W_rs (Q_rs − P_r Φ P_s)``.

    Parameters
    ----------
    bundles, inverses, directions
        The data, ``V⁻¹`` and ``V_r`` of each bundle, with one replicate.
    phi
        ``(p, p)``.
    design
        ``(k, p, p)``: ``P_r``.
    parameters
        ``(k, k)``: ``W``.
    """
    p = len(phi)
    second = np.zeros((p, p))
    for bundle, inv, along in zip(bundles, inverses, directions, strict=True):
        weighted = np.tensordot(parameters, along[0], 1)
        middle = np.sum(along[0] @ inv[0] @ weighted, axis=0)
        second += bundle.contract((inv[0] @ middle @ inv[0])[None, None])[0, 0, :p, :p]
    first = np.einsum("rij,rs,sjk->ik", design @ phi, parameters, design, optimize=True)
    u = second - first
    return np.asarray(phi + phi @ (u + u.T) @ phi)


def kenward_roger_f(
    rows: FloatArray,
    beta: FloatArray,
    phi: FloatArray,
    adjusted: FloatArray,
    design: FloatArray,
    parameters: FloatArray,
) -> tuple[float, int, float]:
    """Scaled F, numerator and denominator degrees of freedom of ``Lβ = 0``.

    Parameters
    ----------
    rows
        ``(q, p)``, of full row rank.
    beta, phi, adjusted, design, parameters
        Coefficients, their covariance, the adjusted one, ``P_r`` and ``W``.
    """
    q = len(rows)
    theta = rows.T @ np.linalg.solve(rows @ phi @ rows.T, rows)
    each = theta @ phi @ design @ phi
    traces = np.trace(each, axis1=1, axis2=2)
    a1 = float(traces @ parameters @ traces)
    a2 = float(np.sum(parameters * np.einsum("rij,sji->rs", each, each, optimize=True)))
    scale, df = _scale_and_df(a1, a2, q)
    wald = float(rows @ beta @ np.linalg.solve(rows @ adjusted @ rows.T, rows @ beta))
    return scale * wald / q, q, df


def _scale_and_df(a1: float, a2: float, q: int) -> tuple[float, float]:
    """λ and the denominator degrees of freedom from the two traces."""
    if a2 <= 0:
        return 1.0, float("inf")
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    d = 3.0 * q + 2.0 * (1.0 - g)
    c1, c2, c3 = g / d, (q - g) / d, (q + 2 - g) / d
    mean = 1.0 / (1.0 - a2 / q)
    variance = (2.0 / q) * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    ratio = variance / (2.0 * mean**2)
    df = 4.0 + (q + 2.0) / (q * ratio - 1.0)
    return (1.0 if abs(df - 2.0) < 0.01 else df / (mean * (df - 2.0))), float(df)
