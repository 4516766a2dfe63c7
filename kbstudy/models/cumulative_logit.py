"""Cumulative logit models with exact derivatives: the fit, its profiles, and thresholds that differ by arm.

statsmodels' OrderedModel has numerical derivatives and the same thresholds for everybody; profile limits, shares with
their errors and the check of proportional odds need both, so the likelihood stands here. The tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from kbstudy.errors import FitError, Problem
from kbstudy.models._frames import FloatArray

__all__ = ["Cumulative", "Maximum", "by_arm", "maximise", "profile_limits", "proportional", "runaway", "shares"]

#: Twice what the log-likelihood could still gain, as a share of it, below which one more Newton step ends the search.
_ROUNDING: Final = 1e-12
_STEPS: Final = 100


@dataclass(frozen=True)
class Cumulative:
    """One row a person: ``above @ theta`` is the logit of ``P(Y <= own)``, ``below @ theta`` of ``P(Y < own)``.

    Parameters
    ----------
    above, below
        Shape ``(n, p)``.
    has_above, has_below
        Shape ``(n,)``: False for people in the highest and in the lowest category, where the logit is infinite.
    start
        Shape ``(p,)``: where to start.
    offset
        Added to both logits.
    """

    above: FloatArray
    below: FloatArray
    has_above: Any
    has_below: Any
    start: FloatArray
    offset: FloatArray | float = field(default=0.0)

    def held(self, column: int, value: float, start: FloatArray) -> Cumulative:
        """The model with one coefficient held at a value."""
        keep = np.arange(self.above.shape[1]) != column
        offset = self.offset + self.above[:, column] * value
        return Cumulative(self.above[:, keep], self.below[:, keep], self.has_above, self.has_below, start[keep], offset)

    def derivatives(self, theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood (minus infinity where thresholds are out of order), gradient and Hessian.

        With ``F`` the logistic function, ``F(u) - F(l) = F(u) F(-l) (1 - exp(l - u))``: three concave terms.
        """
        from scipy.special import expit, log_expit

        u, low = self.above @ theta + self.offset, self.below @ theta + self.offset
        inner = self.has_above & self.has_below
        gap = np.where(inner, u - low, 1.0)
        if np.any(gap <= 0):
            return -np.inf, np.zeros_like(theta), np.zeros((len(theta), len(theta)))
        value = log_expit(u[self.has_above]).sum() + log_expit(-low[self.has_below]).sum()
        value += np.log(-np.expm1(-gap[inner])).sum()
        f_u, f_l = np.where(self.has_above, expit(u), 1.0), np.where(self.has_below, expit(low), 0.0)
        by_gap = np.where(inner, 1 / np.expm1(gap), 0.0)
        between = self.above - self.below
        gradient = self.above.T @ (1 - f_u) - self.below.T @ f_l + between.T @ by_gap
        curve = _weighted(self.above, f_u * (1 - f_u)) + _weighted(self.below, f_l * (1 - f_l))
        return float(value), gradient, -curve - _weighted(between, by_gap * (1 + by_gap))


def _weighted(rows: FloatArray, weights: FloatArray) -> FloatArray:
    product: FloatArray = (rows * weights[:, None]).T @ rows
    return product


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is highest."""

    theta: FloatArray
    log_likelihood: float
    covariance: FloatArray


def proportional(codes: Any, design: FloatArray) -> Cumulative:
    """``logit P(Y <= k) = threshold[k] - x b``: first the thresholds, then the coefficients.

    Parameters
    ----------
    codes
        Shape ``(n,)``: categories from 0, each of them seen.
    design
        Shape ``(n, p)``, no intercept.
    """
    return by_arm(codes, np.zeros(len(codes), dtype="int64"), design)


def by_arm(codes: Any, arms: Any, design: FloatArray) -> Cumulative:
    """The same with thresholds of their own in each arm, between the categories that are seen there.

    Parameters
    ----------
    codes, arms
        Shape ``(n,)``: category and number of the arm.
    design
        Shape ``(n, p)``: covariates, not the arm.
    """
    n, parts, start, first = len(codes), np.zeros((2, len(codes)), dtype="int64"), [], 0
    tops = np.zeros(n, dtype="int64")
    for arm in np.unique(arms):
        mine = arms == arm
        seen, rank = np.unique(codes[mine], return_inverse=True)
        parts[0, mine], parts[1, mine], tops[mine] = rank, first, len(seen) - 1
        shares = np.cumsum(np.bincount(rank))[:-1] / mine.sum()
        start.append(np.log(shares / (1 - shares)))
        first += len(seen) - 1
    rank, offset = parts
    above, below = (np.zeros((n, first + design.shape[1])) for _ in range(2))
    above[:, first:] = below[:, first:] = -design
    has_above, has_below, rows = rank < tops, rank > 0, np.arange(n)
    above[rows[has_above], (offset + rank)[has_above]] = 1.0
    below[rows[has_below], (offset + rank - 1)[has_below]] = 1.0
    return Cumulative(above, below, has_above, has_below, np.append(np.concatenate(start), np.zeros(design.shape[1])))


def maximise(model: Cumulative) -> Maximum:
    """The maximum, by Newton's method with halved steps; the log-likelihood is concave, so there is no other.

    Raises
    ------
    FitError
        If it is not reached.
    """
    theta = model.start
    value, gradient, hessian = model.derivatives(theta)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(-hessian, gradient) if len(theta) else theta
        except np.linalg.LinAlgError:
            break
        # Below this, rounding hides what the log-likelihood gains, and one more step leaves the square of it.
        if float(gradient @ step) < _ROUNDING * max(1.0, abs(value)):
            last, _, hessian = model.derivatives(theta + step)
            covariance: Any = np.linalg.inv(-hessian)
            return Maximum(theta + step, last, covariance)
        for halved in 0.5 ** np.arange(40):
            trial = model.derivatives(theta + halved * step)
            if trial[0] >= value:
                break
        theta, (value, gradient, hessian) = theta + halved * step, trial
    what = f"the cumulative logit model does not converge in {_STEPS} steps"
    raise FitError(Problem(what, do="Leave out covariates, or merge categories that few people have."))


def runaway(model: Cumulative) -> FloatArray:
    """A direction in which the likelihood never falls and somewhere rises, shape ``(p,)``; zero if there is none.

    With such a direction there is no finite maximum (complete or quasi-complete separation); found by linear
    programming.
    """
    from scipy.optimize import linprog

    size = np.maximum(np.abs(model.above).max(axis=0), np.abs(model.below).max(axis=0))
    better = np.vstack([model.above[model.has_above], -model.below[model.has_below]]) / size
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(-better.sum(axis=0), -better, np.zeros(len(better)), bounds=(-1, 1), options=tight)
    assert found.status == 0, found.message  # zero is a solution and the box is bounded
    none: FloatArray = np.zeros(len(size))
    return np.asarray(found.x) if np.any(better @ found.x > 1e-6) else none


def profile_limits(model: Cumulative, top: Maximum, column: int, level: float) -> tuple[float, float]:
    """Profile-likelihood limits of one coefficient.

    Notes
    -----
    Where twice the loss of log-likelihood, all others maximised again, is the chi-square quantile on 1 degree of
    freedom.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri

    wanted = float(chdtri(1, 1 - level))
    centre, se = float(top.theta[column]), float(np.sqrt(top.covariance[column, column]))

    def loss(value: float) -> float:
        return 2 * (top.log_likelihood - maximise(model.held(column, value, top.theta)).log_likelihood) - wanted

    limits = []
    for direction in (-1.0, 1.0):
        reach = 2.0 * se
        while loss(centre + direction * reach) < 0:
            reach *= 1.5
        limits.append(float(brentq(loss, centre, centre + direction * reach, xtol=1e-12, rtol=1e-12)))
    return limits[0], limits[1]


def shares(top: Maximum, categories: int, design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The share of each category, averaged over people, and its standard error by the delta method.

    Parameters
    ----------
    top
        Of a proportional odds model.
    categories
        How many.
    design
        Shape ``(n, p)``: the people as they would be, for example all in one arm.
    """
    from scipy.special import expit

    x, thresholds = design, categories - 1
    logits = top.theta[:thresholds][None, :] - (x @ top.theta[thresholds:])[:, None]
    below = np.column_stack([np.zeros(len(x)), expit(logits), np.ones(len(x))])
    density = below * (1 - below)
    estimate = np.diff(below, axis=1).mean(axis=0)
    slopes = np.zeros((categories, len(top.theta)))
    for k in range(categories):
        if k < thresholds:
            slopes[k, k] = density[:, k + 1].mean()
        if k > 0:
            slopes[k, k - 1] -= density[:, k].mean()
        slopes[k, thresholds:] = -((density[:, k + 1] - density[:, k])[:, None] * x).mean(axis=0)
    se = np.sqrt(np.einsum("kp,pq,kq->k", slopes, top.covariance, slopes))
    return estimate, se
