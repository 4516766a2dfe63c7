"""The Gaussian likelihood of a mixed model and its derivatives in given directions of the covariance.

With ``V_i`` the covariance of cluster i, ``Φ = (Σ X'V⁻¹X)⁻¹``, ``β = Φ Σ X'V⁻¹y``, ``e = y − Xβ``:

    −2ℓ_REML = Σ log|V_i| + log|X'V⁻¹X| + e'V⁻¹e      (constants are added by the caller)

For directions ``V_r``: ``F_r = V⁻¹V_rV⁻¹``, ``P_r = X'F_rX``, ``Q_rs = X'V⁻¹V_rV⁻¹V_sV⁻¹X``, ``P = V⁻¹ − V⁻¹XΦX'V⁻¹``;

    gradient     g_r  = tr(PV_r) − e'F_re
    information  T_rs = tr(PV_rPV_s)                 (expected Hessian of −2ℓ)
    curvature    Y_rs = y'PV_rPV_sPy                 (observed Hessian 2Y − T + what is second order in V)

(Harville & Jeske 1992, doi:10.1080/01621459.1992.10475276; Gilmour, Thompson & Cullis 1995, doi:10.2307/2533274.)
No matrix is larger than a cluster: traces over people are taken on second moments of patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kbstudy.models.mixed.moments import Bundle, FloatArray

__all__ = ["Slopes", "Value", "evaluate", "inverse"]


@dataclass(frozen=True)
class Value:
    """The likelihood at one covariance; replicates lead every shape.

    Parameters
    ----------
    deviance
        ``(R,)``: −2 log-likelihood without its constants.
    beta, phi
        ``(R, p)`` and ``(R, p, p)``: coefficients and their covariance at this ``V``.
    gradient, expected, observed
        ``(R, k)``, ``(R, k, k)``, ``(R, k, k)``: of the deviance in the given directions; ``observed`` lacks the part
        that is second order in ``V``.
    design
        ``(R, k, p, p)``: ``P_r``.
    slope
        For each bundle ``(R, G, n, n)``: derivative of the deviance in the elements of ``V``.
    inverses
        For each bundle ``(R, G, n, n)``: ``V⁻¹``.
    """

    deviance: FloatArray
    beta: FloatArray
    phi: FloatArray
    gradient: FloatArray
    expected: FloatArray
    observed: FloatArray
    design: FloatArray
    slope: tuple[FloatArray, ...]
    inverses: tuple[FloatArray, ...]


@dataclass(frozen=True)
class Slopes:
    """A covariance and its directions: for each bundle ``(R, G, n, n)`` and ``(R, k, G, n, n)``."""

    covariance: tuple[FloatArray, ...]
    directions: tuple[FloatArray, ...]


def inverse(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverses and log-determinants of positive definite matrices; NaN, never an exception, where they are not.

    Parameters
    ----------
    matrices
        Shape ``(..., n, n)``.
    """
    n = matrices.shape[-1]
    with np.errstate(all="ignore"):
        if n == 1:
            return 1.0 / matrices, np.log(matrices[..., 0, 0])
        if n == 2:
            return _inverse_2x2(matrices)
        usable = np.isfinite(matrices).all(axis=(-1, -2), keepdims=True)
        matrices = np.where(usable, matrices, np.eye(n))
        sign, logdet = np.linalg.slogdet(matrices)
        usable &= (sign > 0)[..., None, None] & np.isfinite(logdet)[..., None, None]
        inverted = np.linalg.inv(np.where(usable, matrices, np.eye(n)))
    return np.where(usable, inverted, np.nan), np.where(usable[..., 0, 0], logdet, np.nan)


def _inverse_2x2(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    a, b, d = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]
    determinant = a * d - b * b
    found = np.empty_like(matrices)
    found[..., 0, 0], found[..., 1, 1] = d, a
    found[..., 0, 1] = found[..., 1, 0] = -b
    return found / determinant[..., None, None], np.log(np.where(a > 0, determinant, np.nan))


def evaluate(bundles: Sequence[Bundle], slopes: Slopes, *, reml: bool) -> Value:
    """The deviance with everything that a Newton step needs.

    Parameters
    ----------
    bundles
        The data.
    slopes
        Covariance of each pattern and the directions in which to differentiate.
    reml
        Restricted or full likelihood.
    """
    inverted = [inverse(covariance) for covariance in slopes.covariance]
    moments = sum(b.contract(inv[:, None])[:, 0] for b, (inv, _) in zip(bundles, inverted, strict=True))
    logdet = sum((b.weight * ld).sum(axis=-1) for b, (_, ld) in zip(bundles, inverted, strict=True))
    beta, phi, logdet_x, residual, squares = _regress(np.asarray(moments))
    kernels = np.zeros((len(beta), 2, *moments.shape[1:]))  # type: ignore[union-attr]
    kernels[:, 0, :-1, :-1] = phi if reml else 0.0
    kernels[:, 1] = residual[:, :, None] * residual[:, None, :]
    parts = [_part(*each, kernels) for each in zip(bundles, inverted, slopes.directions, strict=True)]
    projected = np.sum([part.projected for part in parts], axis=0)
    design = projected[..., :-1, :-1]
    crossed = (projected @ residual[:, None, :, None])[..., :-1, 0]
    phi_design = phi[:, None] @ design
    expected = np.sum([part.expected for part in parts], axis=0)
    if reml:
        expected = expected + _products(phi_design, np.swapaxes(phi_design, -1, -2))
    curvature = np.sum([part.curvature for part in parts], axis=0) - crossed @ phi @ np.swapaxes(crossed, -1, -2)
    return Value(
        deviance=np.asarray(logdet) + squares + (logdet_x if reml else 0.0),
        beta=beta,
        phi=phi,
        gradient=np.sum([part.gradient for part in parts], axis=0),
        expected=expected,
        observed=2.0 * curvature - expected,
        design=design,
        slope=tuple(part.slope for part in parts),
        inverses=tuple(inv for inv, _ in inverted),
    )


def _regress(moments: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Generalised least squares from ``[X, y]'V⁻¹[X, y]``: β, Φ, log|X'V⁻¹X|, ``(−β, 1)``, e'V⁻¹e."""
    phi, logdet = inverse(moments[:, :-1, :-1])
    beta = (phi @ moments[:, :-1, -1:])[..., 0]
    residual = np.concatenate([-beta, np.ones_like(beta[:, :1])], axis=-1)
    # As a quadratic form, rounding of β counts only squared; y'V⁻¹y − β'X'V⁻¹y would carry it in full.
    squares = (residual[:, None] @ moments @ residual[..., None])[:, 0, 0]
    return beta, phi, logdet, residual, squares


@dataclass(frozen=True)
class _Part:
    """What one bundle adds."""

    gradient: FloatArray
    expected: FloatArray
    curvature: FloatArray
    projected: FloatArray
    slope: FloatArray


def _part(
    bundle: Bundle, inverted: tuple[FloatArray, FloatArray], directions: FloatArray, kernels: FloatArray
) -> _Part:
    inv = inverted[0]
    spread = inv[:, None] @ bundle.spread(kernels) @ inv[:, None]
    by_phi, by_residual = spread[:, 0], spread[:, 1]
    weighted = bundle.weight[..., None, None] * inv
    slope = weighted - by_phi - by_residual
    right = directions @ inv[:, None]
    return _Part(
        gradient=(_flat(directions) @ slope.reshape(len(slope), -1, 1))[..., 0],
        expected=_products(right, np.swapaxes(directions @ (weighted - 2.0 * by_phi)[:, None], -1, -2)),
        curvature=_products(right, np.swapaxes(directions @ by_residual[:, None], -1, -2)),
        projected=bundle.contract(inv[:, None] @ right),
        slope=slope,
    )


def _flat(kernels: FloatArray) -> FloatArray:
    return kernels.reshape(*kernels.shape[:2], -1)


def _products(left: FloatArray, right: FloatArray) -> FloatArray:
    """``Σ left_r ∘ right_s`` over everything behind the second axis: ``(R, k, k)``."""
    return _flat(left) @ np.swapaxes(_flat(right), -1, -2)
