"""Profile likelihood: how far a standard deviation or a correlation can move before the likelihood objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, Problem
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models.mixed.model import EffectsModel
from kbstudy.models.mixed.optimise import minimise
from kbstudy.models.mixed.profile_paths import Path, path_of
from kbstudy.models.mixed.variances import (
    RANGES,
    Component,
    checked_level,
    component_values,
    components,
    variance_estimates,
)

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["profile_intervals"]

#: An estimate this near to an edge is at it.
_AT_EDGE: Final = 1e-7
#: A profile this far below the fit has found a better optimum, not rounding (of effects that are nearly the same: an
#: intercept in the year 0 and a slope).
_BETTER: Final = 1e-3
#: A root of the rise is capped here, so that a likelihood that is not defined can stand in a search for a root.
_HIGHEST: Final = 1e3


def profile_intervals(fit: MixedFit, *, level: float = 0.95) -> Estimates:
    """Profile-likelihood intervals of every standard deviation and correlation.

    Parameters
    ----------
    fit
        A fitted model. The likelihood that was fitted is profiled: REML or ML.
    level
        Confidence level.

    Returns
    -------
    Estimates
        Terms ``sd Intercept | id``, ``correlation Intercept, week | id``, ``sd residual``; for a model of visits
        ``sd Week 4``, ``correlation Week 4, Week 8``, or what its structure has (``range`` of a spatial one).

    Raises
    ------
    PlanError
        An impossible level.
    FitError
        A profile that finds a better optimum than the fit.

    Notes
    -----
    The limits of ``v`` are where ``min(−2ℓ | v) − min(−2ℓ)`` reaches the quantile of chi-squared with one degree of
    freedom. A limit at the edge of what is possible (a standard deviation of zero, a correlation of ±1) means that the
    likelihood does not rule the edge out. Where an effect may have no variance at all, its correlations may be
    anything. lme4's ``confint`` profiles the ML likelihood whatever was fitted: compare with a fit by ``reml=False``.

    References
    ----------
    Venzon & Moolgavkar 1988, doi:10.2307/2347496; Bates et al. 2015, doi:10.18637/jss.v067.i01

    Validated against
    -----------------
    Roots of the ML deviance of lme4 1.1-31 found in R (``tests/reference/make_mixed.R``), and ``confint`` of lme4.
    """
    level = checked_level(level)
    profile = _Profile.of(fit, level)
    wanted = components(fit.model, fit.words)
    values = component_values(fit.model, fit.solved, wanted)[0]
    limits = [profile.limits(component) for component in wanted]
    frame = pd.DataFrame({"term": [c.term for c in wanted], "estimate": values})
    frame["low"], frame["high"] = np.array(limits).T
    frame["method"] = f"profile likelihood, {'REML' if fit.reml else 'ML'}"
    likelihood = "restricted likelihood" if fit.reml else "likelihood"
    said = f"Intervals of standard deviations and correlations come from the profile of the {likelihood}."
    return variance_estimates(
        fit,
        frame,
        title="standard deviations and correlations",
        method=said,
        level=level,
        notes=_notes(frame, profile, wanted),
        citations=(cite.VENZON_MOOLGAVKAR_1988,),
    )


def _notes(frame: pd.DataFrame, profile: _Profile, wanted: Sequence[Component]) -> list[str]:
    low, high = np.array([RANGES[component.kind] for component in wanted]).T
    edge = frame.loc[(frame["low"] == low) | (frame["high"] == high), "term"]
    notes = []
    if len(edge):
        notes.append(f"The likelihood does not rule out the edge of what is possible for: {fmt.words(list(edge))}.")
    if profile.rough:
        notes.append(f"A profile did not converge everywhere, so limits are approximate: {fmt.words(profile.rough)}.")
    return notes


@dataclass(frozen=True)
class _Profile:
    """One fit, being profiled."""

    fit: MixedFit
    cut: float
    rough: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, fit: MixedFit, level: float) -> _Profile:
        from scipy.special import chdtri

        return cls(fit, float(chdtri(1, 1.0 - level)))

    def limits(self, component: Component) -> tuple[float, float]:
        """Lower and upper limit in the user's units."""
        if self._is_free(component):
            return -1.0, 1.0
        path = path_of(self.fit, component)
        self.rise(path, path.estimate, component)  # an error where the fit is not the optimum
        return self._limit(path, component, 0), self._limit(path, component, 1)

    def _is_free(self, component: Component) -> bool:
        """Whether one of two correlated random effects may have no variance; then any correlation is possible."""
        if component.kind != "correlation" or not isinstance(self.fit.model, EffectsModel):
            return False
        ends = [
            path_of(self.fit, replace(component, kind="sd", row=i, column=i)) for i in (component.row, component.column)
        ]
        return any(self.rise(path, 0.0, component) < self.cut for path in ends)

    def rise(self, path: Path, value: float, component: Component) -> float:
        """``−2ℓ`` above its minimum while the component is held; infinite where the likelihood is not defined."""
        solved = self.fit.solved
        covariance, starts = path.at(value), np.unique([path.start, path.away], axis=0)
        bundles = [bundle.take(np.zeros(len(starts), dtype=np.intp)) for bundle in solved.bundles]
        found = minimise(covariance, bundles, starts, reml=solved.reml)
        usable = path.valid(found.theta) & np.isfinite(found.value.deviance)
        if not usable.any():
            return np.inf
        deviance = np.where(usable, found.value.deviance, np.inf)
        best = int(np.argmin(deviance))
        if not found.converged[best] and component.term not in self.rough:
            self.rough.append(component.term)
        rise = float(deviance[best] - solved.optimum.value.deviance[0])
        if rise < -_BETTER:
            what = (
                f"the profile of {component.term} found a likelihood that is better by {-rise / 2:.2g} than the fit's"
            )
            raise FitError(Problem(what, do="Please report this with the data: the fit is on a lower peak."))
        return max(rise, 0.0)

    def _limit(self, path: Path, component: Component, side: int) -> float:
        """Where the signed root of the rise crosses that of the quantile."""
        from scipy.optimize import brentq

        near, low = path.estimate, -float(np.sqrt(self.cut))

        def excess(value: float) -> float:
            return min(float(np.sqrt(self.rise(path, value, component))), _HIGHEST) + low

        if abs(near - path.edges[side]) < _AT_EDGE:
            return path.shown[side]
        inside, far = near, near
        for value in path.outward(side):
            inside, far = far, value
            if excess(far) > 0:
                root = brentq(lambda v: low if v == near else excess(v), inside, far, xtol=1e-10, rtol=1e-10)
                return path.report(float(root))
        return path.shown[side]
