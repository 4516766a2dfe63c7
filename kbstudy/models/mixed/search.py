"""More than one place to start from, because a likelihood can have more than one hill.

Random effects start where the likelihood is highest among a few ratios of variances. Where that ends at a singular
``D``, or does not end, the other ratios are tried; structured covariances of visits are tried from several correlations
always.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kbstudy.models.mixed.covariance import Covariance, RandomEffects
from kbstudy.models.mixed.likelihood import evaluate
from kbstudy.models.mixed.moments import Bundle, FloatArray, IntArray
from kbstudy.models.mixed.optimise import Optimum, minimise

__all__ = ["better", "effect_starts", "search", "try_all"]

BoolArray = npt.NDArray[np.bool_]

#: Variances of all effects over the residual's, from nearly none to nearly all there is.
_RATIOS: Final = (0.05, 1.0, 20.0, 400.0)
#: Where among them everything is alike.
_EVEN: Final = 1
#: Elements of covariance matrices beyond which memory allows one start only: some hundreds of crossed rows.
_LARGEST: Final = 300_000
#: One effect large, the others small.
_LARGE: Final = (20.0,)
_SMALL: Final = 0.05
#: Further ratios for uncorrelated effects, which may lie far from their zero, as with calendar years.
_FAR: Final = (1e5, 1e10)
#: A standard deviation of an effect below this share of the residual's is as good as zero.
_SINGULAR: Final = 1e-3
#: −2 log-likelihood, relative: less than this is no other hill.
_SAME: Final = 1e-9


def effect_starts(covariance: RandomEffects, bundles: Sequence[Bundle], replicates: int, *, reml: bool) -> FloatArray:
    """Starting values ``(S, R, k)``, each scaled to its best size, the most likely first."""
    ratios = np.array(_ratios(covariance))
    if sum(bundle.weight.shape[1] * bundle.size**2 for bundle in bundles) > _LARGEST:
        ratios = ratios[_EVEN : _EVEN + 1]
    tiled = [bundle.take(np.tile(np.arange(replicates), len(ratios))) for bundle in bundles]
    found = _scaled(covariance, tiled, np.repeat(ratios, replicates, axis=0), reml)
    theta, deviance = (part.reshape(len(ratios), replicates, *part.shape[1:]) for part in found)
    order = np.argsort(np.where(np.isfinite(deviance), deviance, np.inf), axis=0, kind="stable")
    return np.asarray(np.take_along_axis(theta, order[:, :, None], axis=0))


def _ratios(covariance: RandomEffects) -> list[FloatArray]:
    """Even ratios, and each effect by itself; the residual variance is one."""
    traces = [np.trace(term.basis, axis1=1, axis2=2) for term in covariance.terms]
    diagonal = np.concatenate([*traces, [0.0]])
    far = _FAR if any(term.size > 1 and not term.correlated for term in covariance.terms) else ()
    found = [np.sqrt(ratio) * diagonal for ratio in (*_RATIOS, *far)]
    effects = np.flatnonzero(diagonal)
    for effect, large in itertools.product(effects if len(effects) > 1 else (), (*_LARGE, *far)):
        alone = np.sqrt(_SMALL) * diagonal
        alone[effect] = np.sqrt(large)
        found.append(alone)
    return found


def _scaled(
    covariance: RandomEffects, bundles: Sequence[Bundle], theta: FloatArray, reml: bool
) -> tuple[FloatArray, FloatArray]:
    """θ with all variances multiplied by what makes them most likely, and the deviance there.

    With ``V = Σ v_l V_l`` the gradient gives the squares, ``e'V⁻¹e = n − Σ v_l g_l``, and their mean is that number.
    """
    value = evaluate(bundles, covariance.slopes(theta), reml=reml)
    free = sum((bundle.weight.sum(axis=1) * bundle.size for bundle in bundles), np.zeros(len(theta)))
    if reml:
        free = free - value.beta.shape[1]
    squares = free - np.sum(covariance.coordinates(theta) * value.gradient, axis=1)
    with np.errstate(all="ignore"):
        size = squares / free
        scaled = theta * np.sqrt(size)[:, None]
        scaled[:, -1] = theta[:, -1] + 0.5 * np.log(size)
        return scaled, value.deviance - squares + free * (1.0 + np.log(size))


def search(covariance: Covariance, bundles: Sequence[Bundle], starts: FloatArray, *, reml: bool) -> Optimum:
    """The lowest deviance that is reached.

    Parameters
    ----------
    covariance, bundles
        The model and the data.
    starts
        ``(S, 1, k)``, the best guess first. The others are tried where the first does not converge or another hill may
        be higher.
    reml
        Which likelihood.
    """
    first = minimise(covariance, bundles, starts[0], reml=reml)
    again = np.flatnonzero(~first.converged | _may_be_another(covariance, first.theta))
    if len(starts) == 1 or not len(again):
        return first
    return better(covariance, bundles, first, try_all(covariance, bundles, starts[1:], reml=reml), again, reml)


def try_all(covariance: Covariance, bundles: Sequence[Bundle], starts: FloatArray, *, reml: bool) -> Optimum:
    """Every replicate from every start, ``(S, R, k)``: replicates of replicates, start by start."""
    count, replicates, size = starts.shape
    tiled = [bundle.take(np.tile(np.arange(replicates), count)) for bundle in bundles]
    return minimise(covariance, tiled, starts.reshape(count * replicates, size), reml=reml)


def _may_be_another(covariance: Covariance, theta: FloatArray) -> BoolArray:
    """Where another hill may be higher: a singular ``D``; any structure of visits that has more than one start."""
    if not isinstance(covariance, RandomEffects):
        return np.ones(len(theta), dtype="bool")
    found, at = np.zeros(len(theta), dtype="bool"), 0
    for term in covariance.terms:
        factor = np.tensordot(theta[:, at : at + len(term.basis)], term.basis, 1)
        at += len(term.basis)
        smallest = np.linalg.svd(np.nan_to_num(factor), compute_uv=False)[:, -1]
        found |= smallest < _SINGULAR * np.exp(np.minimum(theta[:, -1], 0.0))
    return found


def better(
    covariance: Covariance, bundles: Sequence[Bundle], first: Optimum, second: Optimum, again: IntArray, reml: bool
) -> Optimum:
    """For each replicate that was tried ``again`` the best; the first where they agree."""
    deviances = np.where(second.converged, second.value.deviance, np.inf).reshape(-1, len(again))
    best = np.argmin(deviances, axis=0)
    lowest = deviances[best, np.arange(len(again))]
    here = np.where(first.converged, first.value.deviance, np.inf)[again]
    with np.errstate(invalid="ignore"):
        lower = lowest < here - _SAME * (1.0 + np.abs(np.where(np.isfinite(here), here, 0.0)))
    if not lower.any():
        return first
    at, chosen = again[lower], (best * len(again) + np.arange(len(again)))[lower]
    parts = ("theta", "converged", "iterations", "decrement")
    merged = {name: np.copy(getattr(first, name)) for name in parts}
    for name in parts:
        merged[name][at] = getattr(second, name)[chosen]
    value = evaluate(bundles, covariance.slopes(merged["theta"]), reml=reml)
    return replace(first, **merged, value=value, chain=covariance.chain(merged["theta"], value))
