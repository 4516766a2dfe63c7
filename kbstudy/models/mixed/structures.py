"""Covariance structures of repeated measures: unconstrained parameters in, a ``T × T`` covariance matrix out.

Each structure is one function ``(θ, layout) -> Σ`` written so that complex θ pass through it: first derivatives are
taken by a complex step, which is exact to rounding, second ones by a central difference of those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from kbstudy.models.mixed.moments import FloatArray, IntArray

__all__ = ["STRUCTURES", "Layout", "Structure"]


@dataclass(frozen=True)
class Layout:
    """Where the visits are: ``times`` are their numbers in order, used by spatial structures only."""

    times: FloatArray

    @property
    def visits(self) -> int:
        """``T``."""
        return len(self.times)

    @cached_property
    def lag(self) -> IntArray:
        """Distance in visits, ``(T, T)``."""
        order = np.arange(self.visits)
        return np.asarray(np.abs(order[:, None] - order))

    @cached_property
    def distance(self) -> FloatArray:
        """Distance in time, in units of the mean gap between neighbours, ``(T, T)``."""
        return np.abs(self.times[:, None] - self.times) / self.unit

    @property
    def unit(self) -> float:
        """The mean gap between neighbouring visits."""
        return float(np.mean(np.diff(np.sort(self.times)))) or 1.0


# ---- correlations: parameters (..., k) to (..., T, T), complex-safe ---------------------------------------------


def _tanh(theta: Any) -> Any:
    return np.tanh(theta)


def _compound_symmetry(theta: Any, layout: Layout) -> Any:
    """One correlation, in (−1/(T − 1), 1): negative intra-person correlation is allowed."""
    lowest = -1.0 / max(layout.visits - 1, 1)
    rho = lowest + (1.0 - lowest) / (1.0 + np.exp(-theta[..., 0]))
    return np.where(layout.lag == 0, 1.0, rho[..., None, None])


def _ar1(theta: Any, layout: Layout) -> Any:
    return _tanh(theta[..., 0])[..., None, None] ** layout.lag


def _toeplitz(theta: Any, layout: Layout) -> Any:
    """Partial autocorrelations, so that the matrix is positive definite whatever they are (Durbin–Levinson)."""
    partial = _tanh(theta)
    phi: list[Any] = []
    rho = [np.ones_like(partial[..., 0])]
    spread = np.ones_like(partial[..., 0])
    for step in range(layout.visits - 1):
        reflected = partial[..., step]
        ahead = sum((phi[j] * rho[step - j] for j in range(step)), np.zeros_like(spread))
        rho.append(ahead + reflected * spread)
        phi = [phi[j] - reflected * phi[step - 1 - j] for j in range(step)] + [reflected]
        spread = spread * (1.0 - reflected**2)
    return np.stack(rho, axis=-1)[..., layout.lag]


def _ante_dependence(theta: Any, layout: Layout) -> Any:
    """The correlation of two visits is the product of those of the neighbours between them."""
    rho = _tanh(theta)
    size = layout.visits
    found = np.ones((*theta.shape[:-1], size, size), dtype=theta.dtype)
    for i in range(size):
        for j in range(i + 1, size):
            found[..., i, j] = found[..., j, i] = found[..., i, j - 1] * rho[..., j - 1]
    return found


def _spatial_exponential(theta: Any, layout: Layout) -> Any:
    return np.exp(-layout.distance * np.exp(-theta[..., 0])[..., None, None])


def _spatial_gaussian(theta: Any, layout: Layout) -> Any:
    return np.exp(-(layout.distance**2) * np.exp(-2.0 * theta[..., 0])[..., None, None])


def _unstructured(theta: Any, layout: Layout) -> Any:
    """``TDT'``, row by row of T: regressions of each visit on those before it, and on the diagonal ``½ log D``.

    Unlike the entries of a Cholesky factor, regressions do not move with the variances: where visits are nearly the
    same, the optimum is not at the end of a long curved valley.
    """
    size = layout.visits
    rows, columns = np.tril_indices(size)
    factor = np.zeros((*theta.shape[:-1], size, size), dtype=theta.dtype)
    factor[..., rows, columns] = np.where(rows == columns, 1.0, theta)
    factor = factor * np.exp(theta[..., rows == columns])[..., None, :]
    return factor @ np.swapaxes(factor, -1, -2)


# ---- the inverse: starting values from a rough covariance --------------------------------------------------------


def _start_unstructured(rough: FloatArray, layout: Layout) -> FloatArray:
    factor = np.linalg.cholesky(rough)
    sd = np.diag(factor)
    rows, columns = np.tril_indices(layout.visits)
    return np.where(rows == columns, np.log(sd)[columns], (factor / sd)[rows, columns])


def _mean_correlation(rough: FloatArray, layout: Layout, lag: int | None = None) -> float:
    sd = np.sqrt(np.diag(rough))
    chosen = layout.lag > 0 if lag is None else layout.lag == lag
    found = (rough / np.outer(sd, sd))[chosen]
    return float(np.clip(np.mean(found), -0.9, 0.95)) if len(found) else 0.0


def _start_compound(rough: FloatArray, layout: Layout) -> FloatArray:
    lowest = -1.0 / max(layout.visits - 1, 1)
    share = np.clip((_mean_correlation(rough, layout) - lowest) / (1.0 - lowest), 0.05, 0.95)
    return np.array([np.log(share / (1.0 - share))])


def _start_ar1(rough: FloatArray, layout: Layout) -> FloatArray:
    return np.array([np.arctanh(_mean_correlation(rough, layout, 1))])


def _start_toeplitz(rough: FloatArray, layout: Layout) -> FloatArray:
    return np.array([*_start_ar1(rough, layout), *[0.0] * (layout.visits - 2)])


def _start_ante(rough: FloatArray, _: Layout) -> FloatArray:
    sd = np.sqrt(np.diag(rough))
    neighbours = np.diag(rough, 1) / (sd[1:] * sd[:-1])
    return np.asarray(np.arctanh(np.clip(neighbours, -0.9, 0.95)))


def _start_spatial(rough: FloatArray, layout: Layout) -> FloatArray:
    rho = np.clip(_mean_correlation(rough, layout, 1), 1e-6, 0.9)
    return np.array([-np.log(-np.log(rho))])


# ---- structures --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Structure:
    """A covariance structure.

    Parameters
    ----------
    name, words
        Its name, and what it assumes, in words for a methods section.
    correlation
        ``(θ, layout) -> (..., T, T)``; the covariance itself for the unstructured one.
    start
        Starting values of the correlation parameters from a rough covariance.
    correlations
        How many correlation parameters there are for ``T`` visits.
    heterogeneous
        Whether each visit has its own variance; ``None`` where the variances are part of ``correlation``.
    """

    name: str
    words: str
    correlation: Callable[[Any, Layout], Any]
    start: Callable[[FloatArray, Layout], FloatArray]
    correlations: Callable[[int], int]
    heterogeneous: bool | None

    def parameters(self, visits: int) -> int:
        """Length of θ."""
        variances = 0 if self.heterogeneous is None else visits if self.heterogeneous else 1
        return variances + self.correlations(visits)

    def matrix(self, theta: Any, layout: Layout) -> Any:
        """θ ``(..., k)`` to Σ ``(..., T, T)``: logarithms of standard deviations first, then correlations."""
        if self.heterogeneous is None:
            return self.correlation(theta, layout)
        variances = layout.visits if self.heterogeneous else 1
        sd = np.exp(theta[..., :variances]) * np.ones(layout.visits)
        return sd[..., :, None] * self.correlation(theta[..., variances:], layout) * sd[..., None, :]

    def begin(self, rough: FloatArray, layout: Layout) -> FloatArray:
        """Starting values from a rough, positive definite covariance."""
        if self.heterogeneous is None:
            return self.start(rough, layout)
        variances = np.diag(rough) if self.heterogeneous else np.array([np.mean(np.diag(rough))])
        return np.concatenate([0.5 * np.log(variances), self.start(rough, layout)])

    def first(self, theta: FloatArray, layout: Layout) -> FloatArray:
        """∂Σ/∂θ: ``(..., k, T, T)``."""
        step = 1e-150
        shifted = theta[..., None, :] + 1j * step * np.eye(theta.shape[-1])
        return np.asarray(self.matrix(shifted, layout).imag / step, dtype="float64")

    def second(self, theta: FloatArray, layout: Layout) -> FloatArray:
        """∂²Σ/∂θ²: ``(..., k, k, T, T)``."""
        step = 1e-5
        moves = step * np.eye(theta.shape[-1])
        up, down = theta[..., None, :] + moves, theta[..., None, :] - moves
        return (self.first(up, layout) - self.first(down, layout)) / (2.0 * step)


def _pair(
    name: str,
    words: str,
    correlation: Callable[[Any, Layout], Any],
    start: Callable[[FloatArray, Layout], FloatArray],
    correlations: Callable[[int], int],
) -> tuple[Structure, Structure]:
    """A structure with one variance, and the same with one a visit."""
    plain = f"{words} and one variance for all visits"
    each = f"{words} and a variance for each visit"
    return (
        Structure(name, plain, correlation, start, correlations, heterogeneous=False),
        Structure(f"{name}_heterogeneous", each, correlation, start, correlations, heterogeneous=True),
    )


def _one(_: int) -> int:
    return 1


def _gaps(visits: int) -> int:
    return visits - 1


_ALL: Final = (
    Structure(
        "unstructured",
        "a variance for each visit and a covariance for each pair of visits (unstructured)",
        _unstructured,
        _start_unstructured,
        lambda visits: visits * (visits + 1) // 2,
        heterogeneous=None,
    ),
    *_pair(
        "compound_symmetry",
        "the same correlation between any two visits (compound symmetry)",
        _compound_symmetry,
        _start_compound,
        _one,
    ),
    *_pair(
        "ar1",
        "a correlation that decays with each visit in between (first-order autoregressive)",
        _ar1,
        _start_ar1,
        _one,
    ),
    *_pair("toeplitz", "one correlation for each distance in visits (Toeplitz)", _toeplitz, _start_toeplitz, _gaps),
    *_pair(
        "ante_dependence",
        "one correlation for each pair of neighbouring visits (first-order ante-dependence)",
        _ante_dependence,
        _start_ante,
        _gaps,
    ),
    Structure(
        "spatial_exponential",
        "a correlation that decays exponentially with the time between visits and one variance",
        _spatial_exponential,
        _start_spatial,
        _one,
        heterogeneous=False,
    ),
    Structure(
        "spatial_gaussian",
        "a correlation that decays with the square of the time between visits (Gaussian) and one variance",
        _spatial_gaussian,
        _start_spatial,
        _one,
        heterogeneous=False,
    ),
)

#: Every covariance structure by its name.
STRUCTURES: Final = {structure.name: structure for structure in _ALL}
