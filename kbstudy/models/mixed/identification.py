"""Whether the data can tell the covariance parameters apart, and whether the optimiser got there; if not, why."""

from __future__ import annotations

from typing import Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, Problem
from kbstudy.models.mixed.covariance import RandomEffects
from kbstudy.models.mixed.fit import Words
from kbstudy.models.mixed.likelihood import evaluate
from kbstudy.models.mixed.model import Solved
from kbstudy.models.mixed.moments import FloatArray

__all__ = ["check_converged", "check_identified"]

#: Smallest eigenvalue of the expected information, scaled to a unit diagonal, below which it is singular.
_SINGULAR: Final = 1e-11
#: log σ, where the outcome has variance one, below which rounding is as large as the residuals.
_LOWEST_LOG_SD: Final = -12.0
#: Information about log σ that is none: it is twice the residual degrees of freedom where the likelihood has a maximum.
_NO_INFORMATION: Final = 1e-3


def check_identified(solved: Solved, words: Words) -> None:
    """The expected information of the variances must not be singular.

    Raises
    ------
    FitError
        Naming the parameters that only a sum or difference of is determined.
    """
    expected = _information(solved)
    diagonal = np.diag(expected)
    if not np.isfinite(expected).all():
        return  # the fit did not converge, which is said elsewhere
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(expected / np.outer(scale, scale))
    if values[0] > _SINGULAR:
        return
    names = parameter_names(solved, words)
    involved = [names[i] for i in np.flatnonzero(np.abs(vectors[:, 0]) > 0.1)]
    what = f"the data cannot tell apart: {fmt.words(involved)}"
    do = "Leave out a random effect, or use a simpler covariance: there are too few repeated values for this one."
    raise FitError(Problem(what, do=do))


def _information(solved: Solved) -> FloatArray:
    """Expected information of the covariance; of random effects where all variances are alike.

    What can be told apart does not depend on the variances, but at an optimum where they differ by many orders of
    magnitude rounding alone makes the information singular.
    """
    if not isinstance(solved.covariance, RandomEffects):
        return np.asarray(solved.optimum.value.expected[0])
    even = solved.covariance.slopes(solved.covariance.begin()[None])
    return np.asarray(evaluate(solved.bundles, even, reml=solved.reml).expected[0])


def parameter_names(solved: Solved, words: Words) -> list[str]:
    """The coordinates of the covariance in words."""
    if not isinstance(solved.covariance, RandomEffects):
        return [f"covariance parameter {i + 1}" for i in range(solved.optimum.theta.shape[1])]
    found = []
    for term, (group, names) in zip(solved.covariance.terms, words.terms, strict=True):
        for i, j in zip(*term.entries, strict=True):
            one = f"the variance of {names[i]} by {group}"
            found.append(one if i == j else f"the covariance of {names[j]} and {names[i]} by {group}")
    return [*found, "the residual variance"]


def check_converged(solved: Solved, words: Words) -> None:
    """The optimiser must have arrived, and not where the residual variance is zero.

    Raises
    ------
    FitError
        With what ran away, if something did.
    """
    optimum = solved.optimum
    if isinstance(solved.covariance, RandomEffects) and _is_without_residual(solved):
        what = "the residual variance goes to zero: the random effects reproduce every value"
        do = "Leave out a random effect: too few values are left to tell it from the residual. Or values were computed."
        raise FitError(Problem(what, do=do))
    if optimum.converged[0]:
        return
    what = f"the model did not converge in {int(optimum.iterations[0])} iterations{_runaway(solved, words)}"
    do = "Use a simpler covariance (fewer random effects, compound_symmetry or ar1 instead of unstructured)."
    raise FitError(Problem(what, do=do))


def _is_without_residual(solved: Solved) -> bool:
    """Whether σ runs to zero: down to rounding, or to where the likelihood no longer depends on it."""
    log_sd = solved.optimum.theta[0, -1]
    information = 4.0 * np.exp(4.0 * log_sd) * solved.optimum.value.expected[0, -1, -1]
    return bool(log_sd < _LOWEST_LOG_SD or information < _NO_INFORMATION)


def _runaway(solved: Solved, words: Words) -> str:
    """A covariance that vanishes or grows without bound: the likelihood has no maximum."""
    if isinstance(solved.covariance, RandomEffects):
        return ""
    with np.errstate(all="ignore"):
        matrices = solved.covariance.matrices(solved.optimum.theta)[0]  # type: ignore[attr-defined]
    return _vanishing_visits(matrices, words)


def _vanishing_visits(matrices: FloatArray, words: Words) -> str:
    for matrix in matrices:
        if not np.isfinite(matrix).all():
            return ": the covariance grows without bound"
        values, vectors = np.linalg.eigh(matrix)
        if values[0] < 1e-6 * values[-1]:
            visits = [words.visits[i] for i in np.flatnonzero(np.abs(vectors[:, 0]) > 0.2)]
            return f": what varies among {fmt.words(visits)} goes to zero (too few participants for so many visits)"
    return ""
