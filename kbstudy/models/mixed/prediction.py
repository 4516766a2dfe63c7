"""What a model says of each person: random effects, and values expected at visits that were missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kbstudy.models.mixed.covariance import RandomEffects, RepeatedMeasures
from kbstudy.models.mixed.model import EffectsModel, VisitsModel
from kbstudy.models.mixed.moments import FloatArray

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["marginal_covariance", "participant_level", "random_effects"]


def participant_level(fit: MixedFit) -> pd.Series:
    """Predicted outcome of each row of the model, given what was seen of the participant."""
    index = fit.data["row"].to_numpy()
    if isinstance(fit.model, VisitsModel):
        return pd.Series(_conditional_means(fit, fit.model), index, name="predicted")
    assert isinstance(fit.model, EffectsModel)
    found = fit.model.x @ fit.solved.beta[0]
    for effect, modes in zip(fit.model.effects, _modes(fit, fit.model)[0], strict=True):
        found = found + fit.solved.scaling.spread[0] * np.sum(effect.z * modes[effect.codes], axis=1)
    return pd.Series(found, index, name="predicted")


def random_effects(fit: MixedFit) -> dict[str, pd.DataFrame]:
    """Conditional modes and standard deviations by level, in the user's units."""
    if not isinstance(fit.model, EffectsModel):
        return {}
    spread = float(fit.solved.scaling.spread[0])
    modes, variances = _modes(fit, fit.model)
    found: dict[str, pd.DataFrame] = {}
    for i, (group, names) in enumerate(fit.words.terms):
        own, back = modes[i], fit.model.back[i]
        sd = np.sqrt(np.maximum(np.diagonal(back @ variances[i] @ back.T, axis1=1, axis2=2), 0.0))
        values = pd.DataFrame(spread * own @ back.T, _levels(fit, i), list(names))
        table = values.join(pd.DataFrame(spread * sd, values.index, [f"sd of {name}" for name in names]))
        found[group] = found[group].join(table) if group in found else table
    return found


def _levels(fit: MixedFit, term: int) -> list[str]:
    """Labels of the levels of a term, in the order of its codes."""
    group = fit.words.terms[term][0]
    assert isinstance(fit.model, EffectsModel)
    labels = dict(zip(fit.model.effects[term].codes.tolist(), fit.data[f"level of {group}"], strict=True))
    return [str(labels[code]) for code in sorted(labels)]


def _residuals(fit: MixedFit) -> FloatArray:
    """Marginal residuals in units of the scaled outcome, zero where nothing was seen."""
    y = fit.data["outcome"].to_numpy()
    spread = fit.solved.scaling.spread[0]
    return np.where(fit.observed, (y - fit.model.x @ fit.solved.beta[0]) / spread, 0.0)


def _modes(fit: MixedFit, model: EffectsModel) -> tuple[list[FloatArray], list[FloatArray]]:
    """For each term its modes ``(levels, q)`` and conditional variances ``(levels, q, q)``, in scaled units."""
    covariance = fit.solved.covariance
    assert isinstance(covariance, RandomEffects)
    theta = fit.solved.optimum.theta
    matrices, variance = covariance.matrices(covariance.coordinates(theta)[0]), float(np.exp(2.0 * theta[0, -1]))
    if model.has_one_grouping:
        return _modes_of_clusters(fit, model, matrices, variance)
    return _modes_of_blocks(fit, model, matrices, variance)


def _modes_of_clusters(
    fit: MixedFit, model: EffectsModel, matrices: list[FloatArray], variance: float
) -> tuple[list[FloatArray], list[FloatArray]]:
    """``b = D (σ²I + Z'Z D)⁻¹ Z'e`` for all clusters at once."""
    z = np.concatenate([effect.z for effect in model.effects], axis=1) * fit.observed[:, None]
    codes, q = model.effects[0].codes, z.shape[1]
    levels = int(codes.max()) + 1
    d, at = np.zeros((q, q)), 0
    for matrix in matrices:
        d[at : at + len(matrix), at : at + len(matrix)] = matrix
        at += len(matrix)
    squares, cross = np.zeros((levels, q, q)), np.zeros((levels, q))
    np.add.at(squares, codes, z[:, :, None] * z[:, None, :])
    np.add.at(cross, codes, z * _residuals(fit)[:, None])
    inverted = np.linalg.inv(variance * np.eye(q) + squares @ d)
    modes = (d @ inverted @ cross[:, :, None])[..., 0]
    spread = variance * d @ inverted
    ends = np.cumsum([len(matrix) for matrix in matrices])
    slices = [slice(int(end) - len(matrix), int(end)) for end, matrix in zip(ends, matrices, strict=True)]
    return [modes[:, s] for s in slices], [spread[:, s, s] for s in slices]


def _modes_of_blocks(
    fit: MixedFit, model: EffectsModel, matrices: list[FloatArray], variance: float
) -> tuple[list[FloatArray], list[FloatArray]]:
    """``b = D Z'V⁻¹e`` and ``D − D Z'V⁻¹Z D``, block by block."""
    residual = _residuals(fit)
    modes = [np.zeros((int(e.codes.max()) + 1, e.z.shape[1])) for e in model.effects]
    spreads = [np.zeros((len(m), m.shape[1], m.shape[1])) for m in modes]
    for block in range(int(model.blocks.max()) + 1):
        rows = np.flatnonzero((model.blocks == block) & fit.observed)
        if not len(rows):
            continue
        inverted = np.linalg.inv(_block_covariance(model, matrices, variance, rows))
        for i, (effect, d) in enumerate(zip(model.effects, matrices, strict=True)):
            for level in np.unique(effect.codes[rows]):
                z = effect.z[rows] * (effect.codes[rows] == level)[:, None]
                modes[i][level] = d @ z.T @ inverted @ residual[rows]
                spreads[i][level] = d - d @ z.T @ inverted @ z @ d
    return modes, spreads


def _block_covariance(model: EffectsModel, matrices: list[FloatArray], variance: float, rows: np.ndarray) -> FloatArray:
    found = variance * np.eye(len(rows))
    for effect, d in zip(model.effects, matrices, strict=True):
        z, codes = effect.z[rows], effect.codes[rows]
        found += (z @ d @ z.T) * (codes[:, None] == codes)
    return found


def marginal_covariance(fit: MixedFit, rows: np.ndarray) -> FloatArray:
    """Covariance of some rows of :attr:`MixedFit.data`, in the user's units: ``(n, n)``."""
    spread, model, covariance = float(fit.solved.scaling.spread[0]), fit.model, fit.solved.covariance
    theta = fit.solved.optimum.theta
    if isinstance(model, VisitsModel):
        assert isinstance(covariance, RepeatedMeasures)
        visits, group = model.visits[rows], model.groups[rows[0]]
        return np.asarray(spread**2 * covariance.matrices(theta)[0, group][np.ix_(visits, visits)])
    assert isinstance(model, EffectsModel)
    assert isinstance(covariance, RandomEffects)
    matrices = covariance.matrices(covariance.coordinates(theta)[0])
    variance = float(np.exp(2.0 * theta[0, -1]))
    return np.asarray(spread**2 * _block_covariance(model, matrices, variance, rows))


def _conditional_means(fit: MixedFit, model: VisitsModel) -> FloatArray:
    """Fixed effects, and what a participant's seen visits say about each of their rows."""
    fixed, residual = model.x @ fit.solved.beta[0], _residuals(fit) * fit.solved.scaling.spread[0]
    found = fixed.copy()
    for person in range(int(model.people.max()) + 1):
        rows = np.flatnonzero(model.people == person)
        seen = fit.observed[rows]
        if seen.any():
            sigma = marginal_covariance(fit, rows)
            found[rows] += sigma[:, seen] @ np.linalg.solve(sigma[np.ix_(seen, seen)], residual[rows[seen]])
    return np.asarray(found)
