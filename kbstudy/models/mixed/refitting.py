"""Many responses on one design, solved together: for simulation, bootstrap and permutation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem
from kbstudy.models.mixed.model import Model, Solved, solve
from kbstudy.models.mixed.moments import FloatArray, IntArray
from kbstudy.models.mixed.satterthwaite import parameter_covariance

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["Refits", "chunks_of", "refit"]

#: Bytes of working memory for one chunk of replicates: about what a processor keeps close.
_WORKING = 2.0**25


@dataclass(frozen=True, repr=False)
class Refits:
    """Fits of many responses; replicates lead every shape. A fit that failed is NaN throughout, and counted.

    Parameters
    ----------
    names
        The fixed effects.
    beta
        ``(R, p)``.
    vcov
        ``(R, p, p)``: not adjusted for small samples.
    log_likelihood
        ``(R,)``.
    converged
        ``(R,)``.
    iterations
        ``(R,)``.
    theta
        ``(R, k)``: parameters of the optimiser.
    gradients
        ``(R, k, p, p)``: derivatives of ``vcov`` in these parameters, for degrees of freedom.
    parameters
        ``(R, k, k)``: covariance of these parameters.
    """

    names: tuple[str, ...]
    beta: FloatArray
    vcov: FloatArray
    log_likelihood: FloatArray
    converged: npt.NDArray[np.bool_]
    iterations: IntArray
    theta: FloatArray
    gradients: FloatArray
    parameters: FloatArray

    @property
    def failed(self) -> int:
        """How many did not converge."""
        return int((~self.converged).sum())

    @cached_property
    def coefficients(self) -> dict[str, FloatArray]:
        """``estimate, se, df, statistic, p``, each ``(R, p)``; Satterthwaite's degrees of freedom."""
        return self.combine(np.eye(len(self.names)))

    def combine(self, rows: npt.ArrayLike) -> dict[str, FloatArray]:
        """The same for combinations ``L β``: rows ``(q, p)``, answers ``(R, q)``."""
        from scipy.special import stdtr

        weights = np.atleast_2d(np.asarray(rows, dtype="float64"))
        if weights.shape[1] != len(self.names):
            what = f"a row of weights has {weights.shape[1]} entries and the model {len(self.names)} fixed effects"
            raise PlanError(Problem(what, do=f"In this order: {', '.join(self.names)}."))
        estimate = self.beta @ weights.T
        with np.errstate(invalid="ignore", divide="ignore"):
            se = np.sqrt(np.einsum("qi,rij,qj->rq", weights, self.vcov, weights, optimize=True))
            slope = np.einsum("qi,rkij,qj->rqk", weights, self.gradients, weights, optimize=True)
            spread = np.einsum("rqk,rkl,rql->rq", slope, self.parameters, slope, optimize=True)
            df = 2.0 * se**4 / spread
            statistic = estimate / se
            p = 2.0 * stdtr(np.minimum(df, 1e12), -np.abs(statistic))
        return {"estimate": estimate, "se": se, "df": df, "statistic": statistic, "p": p}

    def summary(self) -> pd.DataFrame:
        """One row a fixed effect: mean and SD of the estimates, mean standard error, share with p below 5 %."""
        found = {name: value[self.converged] for name, value in self.coefficients.items()}
        return pd.DataFrame(
            {
                "term": self.names,
                "mean": found["estimate"].mean(axis=0),
                "sd": found["estimate"].std(axis=0, ddof=1),
                "mean_se": found["se"].mean(axis=0),
                "share_below_0.05": (found["p"] < 0.05).mean(axis=0),
            }
        )

    def __str__(self) -> str:
        fits = fmt.count(len(self.beta), "response")
        head = f"{fits} fitted on one design; {self.failed} failed (NaN); Satterthwaite degrees of freedom."
        return f"{head}\n{self.summary().to_string(index=False)}"

    def __repr__(self) -> str:
        return str(self)


def refit(fit: MixedFit, responses: npt.ArrayLike, *, reml: bool | None = None) -> Refits:
    """Fit the model of ``fit`` to many responses at once.

    Parameters
    ----------
    fit
        The model: its design, its covariance.
    responses
        ``(replicates, rows)``: a value for each row of ``fit.data`` (also those without an outcome) or for each
        analysed row; NaN where a replicate has no value, each replicate with its own missingness.
    reml
        Restricted likelihood; as in ``fit`` if not said.

    Returns
    -------
    Refits
        Estimates, covariances, log-likelihoods and what is needed for Satterthwaite's degrees of freedom. A response
        that cannot be fitted is NaN and counted in ``failed``; it never stops the others.

    Raises
    ------
    PlanError
        Responses of another shape.
    DataError
        Infinite values.

    Notes
    -----
    Replicates share everything that depends on the design only, run through Newton's method side by side, and leave
    when they have converged. Each answer equals a fit of its own.

    Validated against
    -----------------
    Single fits, to 1e-8 (``tests/models/mixed/test_refit.py``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from kbstudy.models.mixed import lmm
    >>> rng = np.random.default_rng(3)
    >>> trial = pd.DataFrame({"id": np.repeat(range(20), 3), "week": [0, 4, 8] * 20, "y": rng.normal(size=60)})
    >>> fit = lmm(trial, "y ~ week + (1 | id)")
    >>> again = refit(fit, rng.normal(size=(50, 60)))
    >>> again.beta.shape, again.failed
    ((50, 2), 0)
    """
    y = _checked(fit, responses)
    observed = np.isfinite(y)
    likelihood = fit.reml if reml is None else reml
    enough = np.flatnonzero(observed.sum(axis=1) > fit.model.x.shape[1])
    parts = (
        [tuple(part[:0] for part in _part(fit.solved))]
        if not len(enough)
        else [
            _part(solve(fit.model, y[enough[chunk]], observed[enough[chunk]], reml=likelihood))
            for chunk in chunks_of(fit.model, len(enough))
        ]
    )
    return Refits(fit.design.names, *(_at(np.concatenate(p), enough, len(y)) for p in zip(*parts, strict=True)))


def _at(values: npt.NDArray[Any], rows: IntArray, replicates: int) -> npt.NDArray[Any]:
    """Among all replicates: NaN, not converged and no iterations where there was too little to fit."""
    empty = np.nan if values.dtype.kind == "f" else 0
    found = np.full((replicates, *values.shape[1:]), empty, dtype=values.dtype)
    found[rows] = values
    return found


def _part(solved: Solved) -> tuple[np.ndarray, ...]:
    """What is kept of one chunk, NaN where it failed."""
    optimum, value, scaling = solved.optimum, solved.optimum.value, solved.scaling
    good = optimum.converged
    along = np.swapaxes(optimum.chain.jacobian, 1, 2)
    turned = value.phi[:, None] @ value.design @ value.phi[:, None]
    gradients = scaling.spread[:, None, None, None] ** 2 * (scaling.back @ turned @ scaling.back.T)
    flat = gradients.reshape(*gradients.shape[:2], -1)
    in_theta = (along @ flat).reshape(len(flat), -1, *gradients.shape[2:])
    kept = (solved.beta, solved.vcov, solved.log_likelihood)
    rest = (optimum.theta, in_theta, parameter_covariance(optimum.chain.hessian))
    return (*(_only(part, good) for part in kept), good, optimum.iterations, *(_only(part, good) for part in rest))


def _only(values: FloatArray, good: npt.NDArray[np.bool_]) -> FloatArray:
    return np.where(good.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


def _checked(fit: MixedFit, responses: npt.ArrayLike) -> FloatArray:
    """Responses on the rows of the model, ``(R, N)``."""
    y = np.atleast_2d(np.asarray(responses, dtype="float64"))
    rows, analysed = len(fit.data), int(fit.observed.sum())
    if y.ndim != 2 or y.shape[1] not in (rows, analysed):
        what = f"responses have the shape {y.shape}"
        do = f"Give (replicates, {rows}) for all rows of fit.data, or (replicates, {analysed}) for the analysed ones."
        raise PlanError(Problem(what, do=do))
    if np.isinf(y).any():
        replicate, row = (int(i) for i in np.argwhere(np.isinf(y))[0])
        raise DataError(Problem(f"an infinite value in replicate {replicate}, row {row}", do="Use NaN for no value."))
    if y.shape[1] == rows:
        return y
    whole = np.full((len(y), rows), np.nan)
    whole[:, fit.observed] = y
    return whole


def chunks_of(model: Model, replicates: int) -> Iterator[slice]:
    """Replicates in pieces small enough for memory; answers do not depend on the pieces."""
    rows, p = model.x.shape
    cluster = int(np.bincount(getattr(model, "blocks", model.people)).max())
    dense = rows * cluster if hasattr(model, "blocks") and not model.has_one_grouping else 0  # type: ignore[attr-defined]
    each = 8.0 * (3.0 * rows * (p + 1) + 8.0 * dense)
    size = int(max(1, min(replicates, _WORKING // each, 512)))
    for start in range(0, replicates, size):
        yield slice(start, min(start + size, replicates))
