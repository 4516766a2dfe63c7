"""Parametric bootstrap: outcomes drawn from the fitted model, all fitted again at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._frames import check_level
from kbstudy.models.mixed.covariance import RandomEffects, RepeatedMeasures
from kbstudy.models.mixed.model import EffectsModel, Solved, VisitsModel, solve
from kbstudy.models.mixed.moments import FloatArray
from kbstudy.models.mixed.refitting import chunks_of
from kbstudy.models.mixed.variances import RANGES, component_values, components, raised, variance_estimates
from kbstudy.models.resampling import generator
from kbstudy.progress import Bar

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["Bootstrap", "bootstrap"]


@dataclass(frozen=True, repr=False)
class Bootstrap:
    """What a parametric bootstrap found.

    Parameters
    ----------
    fit
        The model that outcomes were drawn from.
    replicates
        One row a replicate, a column for each fixed effect and each standard deviation and correlation; NaN in a whole
        row where the refit failed, and in a correlation where one of its standard deviations was zero.
    level
        Confidence level.
    """

    fit: MixedFit
    replicates: pd.DataFrame
    level: float

    @property
    def failed(self) -> int:
        """How many replicates did not converge; they are in no interval."""
        return int(self._lost.sum())

    @property
    def _lost(self) -> pd.Series:
        return self.replicates[list(self.fit.design.names)].isna().any(axis=1)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows of :attr:`estimates`."""
        return self.estimates.frame

    @property
    def estimates(self) -> Estimates:
        """Percentile intervals."""
        return self.intervals("percentile")

    def intervals(self, kind: Literal["percentile", "basic"] = "percentile") -> Estimates:
        """Intervals of every fixed effect, standard deviation and correlation.

        Parameters
        ----------
        kind
            ``"percentile"``: quantiles of the replicates. ``"basic"``: the estimate minus what the quantiles are away
            from it on the other side, kept within what is possible (no negative standard deviation).

        Returns
        -------
        Estimates
            ``estimate`` is the fit's, ``se`` the standard deviation of the replicates.

        References
        ----------
        Davison & Hinkley 1997, chapter 5, doi:10.1017/CBO9780511802843
        """
        if kind not in ("percentile", "basic"):
            raise PlanError(Problem(f'kind="{kind}" is neither "percentile" nor "basic"'))
        kept = self.replicates[~self._lost]
        low, high = self._quantiles(kept)
        estimate = _row(self.fit, self.fit.solved)[0]
        if kind == "basic":
            low, high = (np.clip(2.0 * estimate - q, *self._ranges) for q in (high, low))
        frame = pd.DataFrame({"term": list(kept), "estimate": estimate, "se": kept.std().to_numpy()})
        frame = frame.assign(low=low, high=high, method=f"parametric bootstrap, {kind}, {self._likelihood}")
        return variance_estimates(
            self.fit,
            frame,
            title=f"parametric bootstrap, {kind} intervals",
            method=self._method(kind),
            level=self.level,
            notes=self._notes(kept),
            citations=(cite.DAVISON_HINKLEY_1997,),
        )

    @property
    def _ranges(self) -> tuple[FloatArray, FloatArray]:
        """What each column can be at least and at most."""
        anything = [(-np.inf, np.inf) for _ in self.fit.design.names]
        limits = [RANGES[component.kind] for component in components(self.fit.model, self.fit.words)]
        low, high = np.array([*anything, *limits]).T
        return low, high

    @property
    def _likelihood(self) -> str:
        return "REML" if self.fit.reml else "ML"

    def _quantiles(self, kept: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        tail = (1.0 - self.level) / 2.0
        found = kept.quantile([tail, 1.0 - tail]).to_numpy()
        return found[0], found[1]

    def _method(self, kind: str) -> str:
        drawn = fmt.count(len(self.replicates), "set of outcomes", "sets of outcomes")
        return (
            f"Intervals are {kind} intervals of a parametric bootstrap: {drawn} of the observed rows drawn from the "
            f"fitted model, each fitted again by {self._likelihood}."
        )

    def _notes(self, kept: pd.DataFrame) -> list[str]:
        notes, undefined = [], kept.isna().sum()
        if self.failed:
            drawn = fmt.count(len(self.replicates), "replicate")
            notes.append(f"{self.failed} of {drawn} did not converge and are left out.")
        for name, n in undefined[undefined > 0].items():
            some = fmt.count(int(n), "replicate")
            notes.append(
                f"In {some} a standard deviation was zero and {name} did not exist: its interval is of the others."
            )
        return notes

    def __str__(self) -> str:
        return str(self.estimates)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.estimates._repr_html_()


def bootstrap(fit: MixedFit, replicates: int = 1000, *, rng: Any, level: float = 0.95) -> Bootstrap:
    """Draw outcomes from a fitted model and fit it to each of them.

    Parameters
    ----------
    fit
        A fitted model.
    replicates
        How many outcome vectors.
    rng
        A ``numpy.random.Generator``, or the seed of one. There is no default: a result that cannot be repeated is no
        result.
    level
        Confidence level of the intervals.

    Returns
    -------
    Bootstrap

    Raises
    ------
    PlanError
        No usable ``rng``, an impossible level, or too few replicates to have a quantile so far out.
    FitError
        No refit converged.

    Notes
    -----
    Random effects and residuals (or, for a model of visits, all visits of a person) are normal with the estimated
    covariances; rows without an outcome stay without. Random numbers are drawn replicate by replicate, so that results
    do not depend on how many are fitted at a time. Standard deviations near zero are estimated too small on average,
    and percentile intervals inherit that; those of :func:`~kbstudy.models.mixed.profile.profile_intervals` do not.

    References
    ----------
    Davison & Hinkley 1997, doi:10.1017/CBO9780511802843

    Validated against
    -----------------
    Fits of each replicate one by one, and the exact standard errors of fixed effects
    (``tests/models/mixed/test_variances.py``).
    """
    draws = _checked(replicates, rng, level)
    parts = []
    with Bar("Bootstrap", replicates) as bar:
        for chunk in chunks_of(fit.model, replicates):
            parts.append(_refit(fit, _draw(fit, chunk.stop - chunk.start, draws)))
            bar.advance(chunk.stop - chunk.start)
    names = [*fit.design.names, *(component.term for component in components(fit.model, fit.words))]
    result = Bootstrap(fit, pd.DataFrame(np.concatenate(parts), columns=names), float(level))
    if result.failed == replicates:
        what = f"none of {fmt.count(replicates, 'refit')} converged"
        raise FitError(Problem(what, do="Use a simpler covariance: the fitted one does not survive new data."))
    return result


def _checked(replicates: int, rng: Any, level: float) -> np.random.Generator:
    problems = Problems()
    check_level(level, problems)
    whole = isinstance(replicates, int | np.integer) and not isinstance(replicates, bool)
    if not whole:
        problems.add(Problem(f"replicates={replicates!r} is not a whole number"))
    draws = generator(rng, problems)
    problems.raise_as(PlanError)
    least = int(np.ceil(2.0 / (1.0 - level) - 1e-9))
    if replicates < least:
        do = f"Use at least {least}; 1000 or more for a report."
        raise PlanError(Problem(f"{replicates} replicates have no {fmt.confidence(level)} interval", do=do))
    return draws


# ---- drawing -----------------------------------------------------------------------------------------------------


def _draw(fit: MixedFit, size: int, rng: np.random.Generator) -> FloatArray:
    """Outcomes ``(size, N)`` for every row of the model."""
    spread = float(fit.solved.scaling.spread[0])
    mean = fit.model.x @ fit.solved.beta[0]
    if isinstance(fit.solved.covariance, RandomEffects):
        return np.asarray(mean + spread * _effects(fit, fit.solved.covariance, size, rng))
    assert isinstance(fit.solved.covariance, RepeatedMeasures)
    return np.asarray(mean + spread * _visits(fit, fit.solved.covariance, size, rng))


def _effects(fit: MixedFit, covariance: RandomEffects, size: int, rng: np.random.Generator) -> FloatArray:
    """``Zb + e`` in scaled units; a replicate's normals follow one another in the stream."""
    assert isinstance(fit.model, EffectsModel)
    theta, model = fit.solved.optimum.theta[0], fit.model
    levels = [int(effect.codes.max()) + 1 for effect in model.effects]
    counts = [n * term.size for n, term in zip(levels, covariance.terms, strict=True)]
    normals = rng.standard_normal((size, sum(counts) + len(model.x)))
    *parts, residual = np.split(normals, np.cumsum(counts), axis=1)
    found: FloatArray = np.exp(theta[-1]) * residual
    at = 0
    for effect, term, n, part in zip(model.effects, covariance.terms, levels, parts, strict=True):
        factor = np.tensordot(theta[at : at + len(term.basis)], term.basis, 1)
        own = part.reshape(size, n, term.size) @ factor.T
        found += np.einsum("rnq,nq->rn", own[:, effect.codes], effect.z)
        at += len(term.basis)
    return found


def _visits(fit: MixedFit, covariance: RepeatedMeasures, size: int, rng: np.random.Generator) -> FloatArray:
    """Residuals of all visits of everybody, in scaled units."""
    assert isinstance(fit.model, VisitsModel)
    model = fit.model
    factors = np.linalg.cholesky(covariance.matrices(fit.solved.optimum.theta)[0])
    people, visits = int(model.people.max()) + 1, model.layout.visits
    group = np.zeros(people, dtype=np.intp)
    group[model.people] = model.groups
    normals = rng.standard_normal((size, people, visits))
    wide = (factors[group] @ normals[..., None])[..., 0]
    return np.asarray(wide[:, model.people, model.visits])


# ---- fitting -----------------------------------------------------------------------------------------------------


def _refit(fit: MixedFit, y: FloatArray) -> FloatArray:
    """Fixed effects and components of each replicate; NaN where the refit failed from two places."""
    found = _refit_from(fit, y, _start(fit))
    failed = np.isnan(found[:, 0])
    if failed.any():
        found[failed] = _refit_from(fit, y[failed], None)
    return found


def _start(fit: MixedFit) -> FloatArray:
    """The fit's parameters; a variance of zero is stationary, so no place to start from."""
    theta, covariance = fit.solved.optimum.theta[0], fit.solved.covariance
    return raised(covariance, theta) if isinstance(covariance, RandomEffects) else theta


def _refit_from(fit: MixedFit, y: FloatArray, start: FloatArray | None) -> FloatArray:
    observed = np.broadcast_to(fit.observed, y.shape)
    theta = None if start is None else np.tile(start, (len(y), 1))
    with np.errstate(all="ignore"):
        solved = solve(fit.model, y, observed, reml=fit.reml, start=theta)
        found = _row(fit, solved)
    return np.asarray(np.where(solved.optimum.converged[:, None], found, np.nan))


def _row(fit: MixedFit, solved: Solved) -> FloatArray:
    return np.hstack([solved.beta, component_values(fit.model, solved, components(fit.model, fit.words))])
