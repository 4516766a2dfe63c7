"""Newton's method on many likelihoods at once, safeguarded so that it neither overshoots nor stops at a saddle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from kbstudy.models.mixed.covariance import Chain, Covariance
from kbstudy.models.mixed.likelihood import Value, evaluate
from kbstudy.models.mixed.moments import Bundle, FloatArray, IntArray

__all__ = ["Optimum", "minimise"]

BoolArray = npt.NDArray[np.bool_]

_MOST_ITERATIONS: Final = 300
#: Half the squared Newton step in the metric of the Hessian: what the quadratic model still promises to gain.
_DECREMENT: Final = 1e-12
#: The same where steps are refused because rounding hides what is left to gain.
_ROUNDING: Final = 1e-8
#: Of θ, whose entries are about one; where they are not, half their length.
_LONGEST_STEP: Final = 2.0
#: Share of the largest curvature that is added to all of them when a step is refused; ten times more each time.
_FIRST_DAMPING: Final = 3e-2
_SMALLEST_CURVATURE: Final = 1e-9
#: Curvature below minus this share of the largest is a way down: a saddle, not a minimum.
_SADDLE: Final = 1e-6
_MOST_ESCAPES: Final = 5
_MOST_REFUSALS: Final = 40


@dataclass(frozen=True)
class Optimum:
    """Where the deviance is smallest; replicates lead every shape.

    Parameters
    ----------
    theta
        ``(R, k)``.
    value, chain
        The likelihood there, and its derivatives in θ.
    converged
        ``(R,)``: the last Newton step promised nothing more, at a point that is not a saddle.
    iterations
        ``(R,)``.
    decrement
        ``(R,)``: half the squared length of the last Newton step, in units of the deviance.
    """

    theta: FloatArray
    value: Value
    chain: Chain
    converged: BoolArray
    iterations: IntArray
    decrement: FloatArray

    @property
    def curvature(self) -> FloatArray:
        """Eigenvalues of the Hessian in θ, smallest first: ``(R, k)``."""
        return np.linalg.eigvalsh(np.nan_to_num(self.chain.hessian))


@dataclass(frozen=True)
class _Rows:
    """Arrays with one row a replicate."""

    def take(self, chosen: IntArray) -> Self:
        return type(self)(*(getattr(self, part.name)[chosen] for part in fields(self)))

    def put(self, other: Self, where: BoolArray) -> Self:
        """``other`` where it is said, else this."""
        pairs = ((getattr(self, part.name), getattr(other, part.name)) for part in fields(self))
        return type(self)(*(np.where(where.reshape(-1, *[1] * (a.ndim - 1)), b, a) for a, b in pairs))


@dataclass(frozen=True)
class _Point(_Rows):
    theta: FloatArray
    deviance: FloatArray
    gradient: FloatArray
    hessian: FloatArray


@dataclass(frozen=True)
class _Care(_Rows):
    """How carefully each replicate has to go."""

    damping: FloatArray
    refused: IntArray
    escapes: IntArray


@dataclass(frozen=True)
class _Step(_Rows):
    """Where to go, what that promises, and the steepest way down if there is one."""

    move: FloatArray
    decrement: FloatArray
    lowest: FloatArray
    downward: FloatArray


def minimise(
    covariance: Covariance,
    bundles: Sequence[Bundle],
    start: FloatArray,
    *,
    reml: bool,
    most_iterations: int = _MOST_ITERATIONS,
) -> Optimum:
    """Minimise the deviance of every replicate from its starting values.

    Parameters
    ----------
    covariance, bundles
        The model and the data; the bundles carry as many replicates as ``start`` has rows.
    start
        Shape ``(R, k)``.
    reml
        Which likelihood.
    most_iterations
        What is not finished by then has not converged.
    """
    replicates = len(start)
    theta, decrement = start.astype("float64"), np.full(replicates, np.nan)
    iterations, converged = np.zeros(replicates, dtype=np.intp), np.zeros(replicates, dtype="bool")
    active, held = np.arange(replicates), list(bundles)
    point = _at(covariance, held, theta, reml)
    care = _Care(np.zeros(replicates), np.zeros(replicates, dtype=np.intp), np.zeros(replicates, dtype=np.intp))
    for _ in range(most_iterations):
        step = _newton(point, care.damping)
        finished, lost = _judge(point, step, care)
        if (finished | lost).any():
            at = active[finished | lost]
            theta[at] = np.where(finished[:, None], point.theta + step.move, point.theta)[finished | lost]
            converged[at], decrement[at] = finished[finished | lost], step.decrement[finished | lost]
            left = np.flatnonzero(~(finished | lost))
            if not len(left):
                break
            active, held = active[left], [bundle.take(left) for bundle in held]
            point, care, step = point.take(left), care.take(left), step.take(left)
        iterations[active] += 1
        point, care = _advance(covariance, held, point, care, step, reml)
    else:
        theta[active], decrement[active] = point.theta, _newton(point, care.damping).decrement
    with np.errstate(all="ignore"):  # what ran away may overflow; it has not converged
        value = evaluate(bundles, covariance.slopes(theta), reml=reml)
        chain = covariance.chain(theta, value)
    return Optimum(theta, value, chain, converged, iterations, decrement)


def _at(covariance: Covariance, bundles: Sequence[Bundle], theta: FloatArray, reml: bool) -> _Point:
    with np.errstate(all="ignore"):  # a step may land where the likelihood is not defined; that is NaN, and refused
        value = evaluate(bundles, covariance.slopes(theta), reml=reml)
        chain = covariance.chain(theta, value)
    return _Point(theta, value.deviance, chain.gradient, chain.hessian)


def _newton(point: _Point, damping: FloatArray) -> _Step:
    """``−|H|⁻¹g`` in the eigenvectors of H, small curvatures raised, long steps cut."""
    usable = np.asarray(np.isfinite(point.hessian).all(axis=(1, 2)) & np.isfinite(point.gradient).all(axis=1))
    hessian = np.where(usable[:, None, None], point.hessian, np.eye(point.hessian.shape[-1]))
    values, vectors = np.linalg.eigh((hessian + np.swapaxes(hessian, 1, 2)) / 2.0)
    largest = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-300)
    curvature = np.maximum(np.abs(values), _SMALLEST_CURVATURE * largest)
    along = (np.swapaxes(vectors, 1, 2) @ point.gradient[:, :, None])[..., 0]
    decrement = np.where(usable, 0.5 * np.sum(along**2 / curvature, axis=1), np.nan)
    move = -(vectors @ (along / (curvature + damping[:, None] * largest))[:, :, None])[..., 0]
    length = np.sqrt(np.sum(move**2, axis=1, keepdims=True))
    far = np.sqrt(np.sum(point.theta**2, axis=1, keepdims=True))
    move = move * np.minimum(1.0, np.maximum(_LONGEST_STEP, far / 2.0) / np.maximum(length, 1e-300))
    return _Step(move, decrement, values[:, 0] / largest[:, 0], vectors[:, :, 0])


def _judge(point: _Point, step: _Step, care: _Care) -> tuple[BoolArray, BoolArray]:
    """Which replicates are done, and which are lost."""
    scale = 1.0 + np.abs(point.deviance)
    stuck = care.refused > _MOST_REFUSALS // 2
    flat = (step.decrement < _DECREMENT * scale) | (stuck & (step.decrement < _ROUNDING * scale))
    is_saddle = (step.lowest < -_SADDLE) & (care.escapes < _MOST_ESCAPES)
    lost = ~np.isfinite(point.deviance) | ~np.isfinite(step.decrement) | (care.refused > _MOST_REFUSALS)
    return flat & ~is_saddle & ~lost, lost


def _advance(
    covariance: Covariance, bundles: Sequence[Bundle], point: _Point, care: _Care, step: _Step, reml: bool
) -> tuple[_Point, _Care]:
    """Take the step where it lowers the deviance; leave a saddle along its way down."""
    scale = 1.0 + np.abs(point.deviance)
    at_saddle = (step.decrement < _DECREMENT * scale) & (step.lowest < -_SADDLE)
    move = np.where(at_saddle[:, None], 0.1 * step.downward, step.move)
    there = _at(covariance, bundles, point.theta + move, reml)
    accepted = at_saddle | (there.deviance <= point.deviance)
    eased = np.where(care.damping < 1e-6, 0.0, care.damping / 10.0)
    damping = np.where(accepted, eased, np.maximum(10.0 * care.damping, _FIRST_DAMPING))
    gained = at_saddle | (there.deviance < point.deviance)  # a step that rounding swallows is no progress
    refused = np.where(gained, 0, care.refused + 1)
    return point.put(there, accepted), _Care(damping, refused, care.escapes + at_saddle)
