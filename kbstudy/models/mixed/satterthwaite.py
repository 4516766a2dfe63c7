"""Satterthwaite's degrees of freedom, for rows and for several rows at once.

Arrays in, arrays out; replicates lead every shape. (Fai & Cornelius 1996, doi:10.1080/00949659608811740; Kuznetsova,
Brockhoff & Christensen 2017, doi:10.18637/jss.v082.i13.)
"""

from __future__ import annotations

import numpy as np

from kbstudy.models.mixed.moments import FloatArray

__all__ = ["parameter_covariance", "satterthwaite_df", "satterthwaite_f"]

#: Eigenvalues of the Hessian below this share of the largest belong to directions in which nothing changes: a variance
#: at zero. They are left out, so that such a variance adds no uncertainty.
_FLAT = 1e-8


def parameter_covariance(hessian: FloatArray) -> FloatArray:
    """``2 H⁻¹`` of the covariance parameters, without flat directions: ``(R, k, k)``."""
    hessian = np.where(np.isfinite(hessian).all(axis=(1, 2), keepdims=True), hessian, 0.0)
    values, vectors = np.linalg.eigh((hessian + np.swapaxes(hessian, 1, 2)) / 2.0)
    curved = values > _FLAT * np.abs(values).max(axis=1, keepdims=True)
    inverted = np.where(curved, 1.0 / np.where(curved, values, 1.0), 0.0)
    return np.asarray(2.0 * (vectors * inverted[:, None, :]) @ np.swapaxes(vectors, 1, 2))


def satterthwaite_df(rows: FloatArray, phi: FloatArray, design: FloatArray, parameters: FloatArray) -> FloatArray:
    """Degrees of freedom of ``l'β`` for each row.

    Parameters
    ----------
    rows
        ``(R, q, p)`` or ``(q, p)``.
    phi
        ``(R, p, p)``: covariance of β.
    design
        ``(R, k, p, p)``: ``P_r``, so that ``∂Φ/∂θ_r = Φ P_r Φ``.
    parameters
        ``(R, k, k)``: covariance of the covariance parameters in the same directions.

    Returns
    -------
    numpy.ndarray
        ``2 f² / (∇f' W ∇f)`` with ``f = l'Φl``, shape ``(R, q)``; infinite where f does not depend on the parameters.
    """
    reached = rows @ phi
    variance = np.sum(reached * rows, axis=-1)
    slope = np.einsum("rqi,rkij,rqj->rqk", reached, design, reached, optimize=True)
    spread = np.einsum("rqk,rkl,rql->rq", slope, parameters, slope, optimize=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2.0 * variance**2 / spread)


def satterthwaite_f(
    rows: FloatArray, beta: FloatArray, phi: FloatArray, design: FloatArray, parameters: FloatArray
) -> tuple[float, int, float]:
    """F, numerator and denominator degrees of freedom of ``Lβ = 0`` for one replicate, as lmerTest and mmrm have it.

    Parameters
    ----------
    rows
        ``(q, p)``; rows that say the same count once.
    beta, phi, design, parameters
        As for :func:`satterthwaite_df`, without the replicate axis.
    """
    values, vectors = np.linalg.eigh(rows @ phi @ rows.T)
    kept = values > 1e-10 * values.max()
    values, turned = values[kept], vectors[:, kept].T @ rows
    squares = (turned @ beta) ** 2 / values
    each = satterthwaite_df(turned[None], phi[None], design[None], parameters[None])[0]
    return float(np.mean(squares)), len(values), _joint_df(each)


def _joint_df(each: FloatArray) -> float:
    """Degrees of freedom of a mean of independent squared t: from the mean of F."""
    q = len(each)
    if q == 1:
        return float(each[0])
    if np.all(np.abs(np.diff(each)) < 1e-8 * np.abs(each[1:])):
        return float(np.mean(each))
    if np.any(each <= 2.0):
        return 2.0
    mean = float(np.sum(each / (each - 2.0)))
    return 2.0 * mean / (mean - q)
