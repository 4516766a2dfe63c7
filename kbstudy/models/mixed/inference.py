"""From a solved model to standard errors, degrees of freedom and tests, by the method that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from kbstudy.models.mixed.kenward_roger import adjusted_covariance, expected_covariance, kenward_roger_f
from kbstudy.models.mixed.model import Solved
from kbstudy.models.mixed.moments import FloatArray
from kbstudy.models.mixed.satterthwaite import parameter_covariance, satterthwaite_df, satterthwaite_f

__all__ = ["DF_METHODS", "DfMethod", "Inference", "JointTest", "Rows"]

DfMethod = Literal["kenward_roger", "kenward_roger_linear", "satterthwaite", "residual"]

#: What each method is called in print.
DF_METHODS: Final = {
    "kenward_roger": "Kenward–Roger (expected information)",
    "kenward_roger_linear": "Kenward–Roger (first order)",
    "satterthwaite": "Satterthwaite",
    "residual": "residual degrees of freedom (n − p)",
}


@dataclass(frozen=True)
class Rows:
    """Linear combinations of coefficients: arrays of shape ``(q,)`` and the covariance ``(q, q)`` of the estimates."""

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    covariance: FloatArray

    @property
    def statistic(self) -> FloatArray:
        """T."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.estimate / self.se)

    @property
    def p(self) -> FloatArray:
        """Two-sided p of t."""
        from scipy.special import stdtr

        return np.asarray(2.0 * stdtr(np.minimum(self.df, 1e12), -np.abs(self.statistic)))

    def limits(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper confidence limits."""
        from scipy.special import stdtrit

        half = stdtrit(np.minimum(self.df, 1e12), 0.5 + level / 2.0) * self.se
        return self.estimate - half, self.estimate + half

    @property
    def correlation(self) -> FloatArray:
        """Correlations of the estimates."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.covariance / np.outer(self.se, self.se))


@dataclass(frozen=True)
class JointTest:
    """An F test of several combinations at once."""

    f: float
    ndf: int
    ddf: float

    @property
    def p(self) -> float:
        """Upper tail of F."""
        from scipy.special import fdtrc

        return float(fdtrc(self.ndf, min(self.ddf, 1e12), self.f))


@dataclass(frozen=True)
class Inference:
    """Everything that a contrast needs, for one response.

    Parameters
    ----------
    solved
        The model at its optimum.
    df_method
        How degrees of freedom (and with Kenward–Roger standard errors) are found.
    replicate
        Which response.
    """

    solved: Solved
    df_method: DfMethod
    replicate: int = 0

    @property
    def _at(self) -> slice:
        return slice(self.replicate, self.replicate + 1)

    @cached_property
    def _phi(self) -> FloatArray:
        return np.asarray(self.solved.optimum.value.phi[self.replicate])

    @cached_property
    def _beta(self) -> FloatArray:
        """In scaled units, with what was taken out of the outcome put back."""
        scaling = self.solved.scaling
        centre = np.linalg.solve(scaling.back, scaling.centre[self.replicate]) / scaling.spread[self.replicate]
        return np.asarray(self.solved.optimum.value.beta[self.replicate] + centre)

    @cached_property
    def _observed_parameters(self) -> FloatArray:
        """Covariance of the parameters θ from the observed Hessian."""
        return np.asarray(parameter_covariance(self.solved.optimum.chain.hessian[self._at])[0])

    @cached_property
    def _parameters(self) -> FloatArray:
        """Covariance of the coordinates in which ``P_r`` is given."""
        if self.df_method == "kenward_roger":
            return expected_covariance(self.solved.optimum.value.expected[self.replicate])
        jacobian = self.solved.optimum.chain.jacobian[self.replicate]
        return np.asarray(jacobian @ self._observed_parameters @ jacobian.T)

    @cached_property
    def _design(self) -> FloatArray:
        return np.asarray(self.solved.optimum.value.design[self.replicate])

    @cached_property
    def _adjusted(self) -> FloatArray:
        """The covariance of the coefficients that tests use."""
        if not self.df_method.startswith("kenward_roger"):
            return self._phi
        solved = self.solved
        return adjusted_covariance(
            [bundle.take(np.array([self.replicate])) for bundle in solved.bundles],
            [inverse[self._at] for inverse in solved.optimum.value.inverses],
            solved.covariance.slopes(solved.optimum.theta[self._at]).directions,
            self._phi,
            self._design,
            self._parameters,
        )

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients that tests use, in the user's units: ``(p, p)``."""
        scaling = self.solved.scaling
        return np.asarray(scaling.spread[self.replicate] ** 2 * scaling.back @ self._adjusted @ scaling.back.T)

    @property
    def residual_df(self) -> float:
        """``n − p``."""
        return float(self.solved.scaling.rows[self.replicate] - len(self._phi))

    def rows(self, combinations: FloatArray) -> Rows:
        """Estimates, standard errors and degrees of freedom of ``Lβ``, L of shape ``(q, p)``; NaN rows stay NaN."""
        spread = self.solved.scaling.spread[self.replicate]
        scaled = combinations @ self.solved.scaling.back
        covariance = spread**2 * scaled @ self._adjusted @ scaled.T
        se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        return Rows(spread * scaled @ self._beta, se, self._df(scaled), covariance)

    def _df(self, scaled: FloatArray) -> FloatArray:
        if self.df_method == "residual":
            return np.where(np.isnan(scaled).any(axis=1), np.nan, self.residual_df)
        # With one row Kenward and Roger's degrees of freedom are Satterthwaite's for the same W.
        found = satterthwaite_df(scaled[None], self._phi[None], self._design[None], self._parameters[None])
        return np.asarray(found[0])

    def joint(self, combinations: FloatArray) -> JointTest:
        """F test of ``Lβ = 0``; combinations that follow from the others are left out.

        Kenward and Roger's test depends only on what the rows span; Satterthwaite's degrees of freedom depend on the
        rows themselves, as in lmerTest and mmrm.
        """
        scaled = combinations @ self.solved.scaling.back
        if self.df_method.startswith("kenward_roger"):
            rows = _independent_rows(scaled)
            found = kenward_roger_f(rows, self._beta, self._phi, self._adjusted, self._design, self._parameters)
            return JointTest(*found)
        f, ndf, ddf = satterthwaite_f(scaled, self._beta, self._phi, self._design, self._parameters)
        return JointTest(f, ndf, self.residual_df if self.df_method == "residual" else ddf)


def _independent_rows(rows: FloatArray) -> FloatArray:
    """As many orthonormal rows as the rank, spanning the same space."""
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(right[values > 1e-10 * values.max(initial=0.0)])
