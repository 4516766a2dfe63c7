"""Analysis of covariance as linear algebra: a design whose first coefficients *are* the adjusted means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy.models._frames import FloatArray

__all__ = ["Linear", "aliased", "arm_block", "bell_mccaffrey", "category_block", "leverage", "number_block", "solve"]


@dataclass(frozen=True, slots=True)
class Linear:
    """Linear combinations of coefficients: arrays of shape ``(k,)``."""

    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    p: FloatArray
    low: FloatArray
    high: FloatArray
    df: FloatArray


def arm_block(arms: Sequence[str], levels: Sequence[str]) -> pd.DataFrame:
    """One indicator column an arm, and no intercept: each arm has its own mean.

    Examples
    --------
    >>> arm_block(["B", "A"], ["A", "B"]).to_numpy().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return pd.DataFrame({f"arm[{level}]": [float(arm == level) for arm in arms] for level in levels})


def number_block(name: str, values: FloatArray) -> pd.DataFrame:
    """A numeric covariate minus its mean, so that the arm means are taken at that mean.

    A covariate whose spread is far from one is divided by a power of two (which costs no digits), so that the other
    estimates do not depend on whether it is in mol or in pmol.
    """
    centred = values - np.mean(values)
    spread = float(np.max(np.abs(centred)))
    divisor = 1.0 if 1e-4 <= spread <= 1e4 else 2.0 ** np.round(np.log2(spread))
    return pd.DataFrame({name: centred / divisor})


def category_block(name: str, values: Sequence[str]) -> pd.DataFrame:
    """A categorical covariate coded to sum to zero, so that the arm means weigh all categories equally.

    Examples
    --------
    >>> category_block("sex", ["f", "m", "f"])
       sex[f]
    0     1.0
    1    -1.0
    2     1.0
    """
    *coded, last = sorted(set(values))
    columns = {f"{name}[{level}]": [float(v == level) - float(v == last) for v in values] for level in coded}
    return pd.DataFrame(columns)


def aliased(blocks: Sequence[tuple[str, pd.DataFrame]]) -> list[str]:
    """Names of the blocks that the blocks before them already determine, wholly or in part.

    Examples
    --------
    >>> import numpy as np
    >>> one = number_block("cm", np.array([150.0, 160.0, 175.0]))
    >>> aliased([("cm", one), ("m", one / 100)])
    ['m']
    """
    kept: list[FloatArray] = []
    names = []
    for name, block in blocks:
        columns = block.to_numpy(dtype="float64")
        wider = np.column_stack([*kept, columns / np.linalg.norm(columns, axis=0)])
        if np.linalg.matrix_rank(wider, tol=1e-9) < wider.shape[1]:
            names.append(name)
        else:
            kept = [wider]
    return names


def leverage(design: pd.DataFrame) -> FloatArray:
    """Diagonal of the hat matrix, shape ``(n,)``: 1 where a person alone determines a coefficient."""
    q = np.linalg.qr(design.to_numpy(dtype="float64"))[0]
    diagonal: FloatArray = np.sum(q**2, axis=1)
    return diagonal


def bell_mccaffrey(design: FloatArray, weights: FloatArray) -> FloatArray:
    """Degrees of freedom of linear combinations with HC2 standard errors.

    Parameters
    ----------
    design
        Shape ``(n, p)``, of full rank, no leverage of 1.
    weights
        Shape ``(k, p)``: one combination a row.

    Returns
    -------
    numpy.ndarray
        Shape ``(k,)``.

    Notes
    -----
    The squared HC2 standard error of ``l'b`` is ``e'Ae`` with ``A`` diagonal; if variances were equal it would have
    the mean and variance of a scaled chi-square on ``(tr AM)² / tr(AMAM)`` degrees of freedom, ``M = I - H`` (Bell and
    McCaffrey 2002; Imbens and Kolesár 2016). For a design of two arms alone this is Welch's formula with equal sample
    variances in it.

    References
    ----------
    Imbens & Kolesár 2016, doi:10.1162/REST_a_00552

    Validated against
    -----------------
    R clubSandwich 0.5.8, ``linear_contrast(vcov = "CR2", cluster = 1:n, test = "Satterthwaite")``.

    Examples
    --------
    >>> two_arms = np.repeat(np.eye(2), [4, 12], axis=0)
    >>> round(float(bell_mccaffrey(two_arms, np.array([[-1.0, 1.0]]))[0]), 3)
    5.176
    """
    q, r = np.linalg.qr(design)
    kept = 1.0 - np.sum(q**2, axis=1)
    scaled = q @ np.linalg.solve(r.T, weights.T)
    a = scaled**2 / kept[:, None]  # (n, k)
    spread = np.einsum("ip,ik,iq->kpq", q, a, q)
    variance = np.sum(a**2 * (2.0 * kept - 1.0)[:, None], axis=0) + np.sum(spread**2, axis=(1, 2))
    df: FloatArray = np.sum(a * kept[:, None], axis=0) ** 2 / variance
    return df


def solve(fit: Any, weights: npt.ArrayLike, level: float, df: FloatArray | None = None) -> Linear:
    """Estimate linear combinations of the coefficients of a fitted statsmodels regression.

    Parameters
    ----------
    fit
        The fitted model, with the covariance matrix that is to be used.
    weights
        Shape ``(k, p)``: one combination a row.
    level
        Confidence level.
    df
        Shape ``(k,)``: degrees of freedom of each combination; the residual ones if not given.

    Returns
    -------
    Linear
        ``L b`` with standard error ``sqrt(diag(L V L'))`` and t on ``df``.
    """
    from scipy.special import stdtr, stdtrit

    test = fit.t_test(np.asarray(weights, dtype="float64"), use_t=True)
    estimate, se = (np.ravel(part) for part in (test.effect, test.sd))
    degrees = np.full(len(estimate), float(test.df_denom)) if df is None else df
    t = estimate / se
    half = stdtrit(degrees, (1 + level) / 2) * se
    return Linear(estimate, se, t, 2 * stdtr(degrees, -np.abs(t)), estimate - half, estimate + half, degrees)
