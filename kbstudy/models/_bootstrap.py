"""The bootstrap of a linear model whose people are drawn within arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, Problem
from kbstudy.models._frames import FloatArray
from kbstudy.models.resampling import Bca, IntArray, bca_interval, resamples_of
from kbstudy.progress import Bar

__all__ = ["Bootstrapped", "bootstrap_linear", "combinations_of"]

#: A resample whose design is this close to singular has no estimate.
_SINGULAR: Final = 1e-9
#: More lost resamples than this share, and the rest no longer stand for all.
_MOST_LOST: Final = 0.05


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """The intervals, how many resamples had an estimate, and how many had none."""

    intervals: Bca
    kept: int
    lost: int

    def notes(self) -> list[str]:
        """What a reader must know about the resamples."""
        notes = []
        if self.lost:
            some = fmt.count(self.lost, "resample")
            notes.append(
                f"{some} could not be fitted (a category or all of the spread of a covariate was not drawn) and "
                f"{'is' if self.lost == 1 else 'are'} left out."
            )
        return [*notes, *self.intervals.notes()]


def bootstrap_linear(
    fit: Any, weights: FloatArray, strata: IntArray, level: float, resamples: int, rng: np.random.Generator
) -> Bootstrapped:
    """BCa intervals of combinations of coefficients; people are drawn with replacement within strata.

    Raises
    ------
    FitError
        A person who alone determines a coefficient; too many resamples without an estimate.
    """
    estimate, influence = combinations_of(fit, weights, strata)
    pieces = []
    with Bar("Bootstrap", resamples) as bar:
        for drawn in resamples_of(strata, resamples, rng):
            pieces.append(replicates_of(fit, weights, drawn))
            bar.advance(len(drawn))
    replicates = np.concatenate(pieces)
    kept = replicates[~np.isnan(replicates).any(axis=1)]
    lost = resamples - len(kept)
    if lost > _MOST_LOST * resamples:
        what = f"{lost} of {resamples} resamples could not be fitted: some category or arm has very few people"
        raise FitError(Problem(what, do='Merge small categories, leave out the covariate, or use interval="t".'))
    return Bootstrapped(bca_interval(estimate, kept, influence, strata, level), len(kept), lost)


def combinations_of(fit: Any, weights: FloatArray, strata: IntArray) -> tuple[FloatArray, FloatArray]:
    """The estimates, and each person's jackknife influence on them, shape ``(n, k)``."""
    q, combined = _orthogonal(fit, weights)
    kept = 1 - np.sum(q**2, axis=1)
    if (kept < 1e-9).any():
        what = "a person alone determines a coefficient (leverage 1): a resample without that person has none"
        raise FitError(Problem(what, do='Merge the category, leave out the covariate, or use interval="t".'))
    residuals = np.asarray(fit.resid) / kept
    size = np.bincount(strata)[strata]
    influence: FloatArray = (size - 1)[:, None] * (q * residuals[:, None]) @ combined.T
    return weights @ np.asarray(fit.params), influence


def replicates_of(fit: Any, weights: FloatArray, drawn: IntArray) -> FloatArray:
    """The estimates from each row of people, shape ``(b, k)``; NaN where the design is singular.

    The fit's residuals are fitted again, in an orthogonal basis: what is added to the estimates is small and exact.
    """
    q, combined = _orthogonal(fit, weights)
    n, p = q.shape
    rows = np.arange(len(drawn))[:, None] * n
    times = np.bincount((drawn + rows).ravel(), minlength=len(drawn) * n).reshape(len(drawn), n).astype("float64")
    squares = (times @ (q[:, :, None] * q[:, None, :]).reshape(n, p * p)).reshape(-1, p, p)
    products = times @ (q * np.asarray(fit.resid)[:, None])
    singular = np.linalg.eigvalsh(squares)[:, 0] < _SINGULAR
    squares[singular] = np.eye(p)
    found: FloatArray = (
        weights @ np.asarray(fit.params) + np.linalg.solve(squares, products[..., None])[..., 0] @ combined.T
    )
    found[singular] = np.nan
    return found


def _orthogonal(fit: Any, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """An orthonormal basis ``Q`` of the design, and the combinations ``L R^-1`` of its coefficients."""
    q, r = np.linalg.qr(np.asarray(fit.model.exog))
    return q, np.linalg.solve(r.T, weights.T).T
