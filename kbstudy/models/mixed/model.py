"""A model ready to be solved: the design, how rows hang together, and which responses were seen.

The same model solves one response or thousands: the replicate axis goes all the way through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kbstudy.models.mixed.covariance import Covariance, RandomEffects, RepeatedMeasures
from kbstudy.models.mixed.likelihood import Slopes
from kbstudy.models.mixed.moments import Bundle, FloatArray, IntArray
from kbstudy.models.mixed.optimise import Optimum, minimise
from kbstudy.models.mixed.reduction import (
    Effects,
    Scaling,
    reduce_dense,
    reduce_effects,
    reduce_visits,
    scale,
)
from kbstudy.models.mixed.structures import Layout, Structure

__all__ = ["EffectsModel", "Model", "Solved", "VisitsModel", "solve"]

BoolArray = npt.NDArray[np.bool_]


class Model(Protocol):
    """What :func:`solve` needs."""

    @property
    def x(self) -> FloatArray:
        """``(N, p)``: the design."""
        ...

    @property
    def people(self) -> IntArray:
        """``(N,)``: the participant of each row."""
        ...

    def reduce(self, columns: FloatArray, observed: BoolArray) -> tuple[list[Bundle], Covariance]:
        """Moments of patterns and their covariance."""
        ...

    def begin(self, columns: FloatArray, observed: BoolArray) -> FloatArray:
        """Starting values, ``(R, k)``."""
        ...


@dataclass(frozen=True)
class EffectsModel:
    """Random effects and independent residuals.

    Parameters
    ----------
    x
        ``(N, p)``.
    effects
        The terms; their columns are scaled so that ``Z'Z/N`` is the identity (a diagonal for uncorrelated effects).
    back
        For each term ``(q, q)``: scaled effects to the user's.
    blocks
        ``(N,)``: rows that share no level with other blocks.
    people
        ``(N,)``: the level of the finest grouping.
    """

    x: FloatArray
    effects: tuple[Effects, ...]
    back: tuple[FloatArray, ...]
    blocks: IntArray
    people: IntArray

    @property
    def has_one_grouping(self) -> bool:
        """Whether all terms have the same levels, so that clusters can shrink to their random effects."""
        first = self.effects[0].codes
        return all(np.array_equal(first, effect.codes) for effect in self.effects[1:])

    def reduce(self, columns: FloatArray, observed: BoolArray) -> tuple[list[Bundle], RandomEffects]:
        """By clusters where all terms share a grouping, else by blocks."""
        if self.has_one_grouping:
            return reduce_effects(columns, self.effects, observed)
        return reduce_dense(columns, self.effects, self.blocks, observed)

    def begin(self, columns: FloatArray, observed: BoolArray) -> FloatArray:  # noqa: ARG002 - the other model looks
        """Variance spread evenly."""
        terms = tuple(effect.term for effect in self.effects)
        return np.tile(RandomEffects(terms, ()).begin(), (len(columns), 1))


@dataclass(frozen=True)
class VisitsModel:
    """A residual covariance among visits, the same for everybody or one a group.

    Parameters
    ----------
    x
        ``(N, p)``.
    people, visits, groups
        ``(N,)``: participant, visit and covariance group of each row, from 0.
    structure, layout
        The covariance.
    """

    x: FloatArray
    people: IntArray
    visits: IntArray
    groups: IntArray
    structure: Structure
    layout: Layout

    def reduce(self, columns: FloatArray, observed: BoolArray) -> tuple[list[Bundle], RepeatedMeasures]:
        """By visits seen."""
        return reduce_visits(
            columns,
            self.people,
            self.visits,
            self.groups,
            observed,
            structure=self.structure,
            layout=self.layout,
        )

    def begin(self, columns: FloatArray, observed: BoolArray) -> FloatArray:
        """From covariances of residuals between pairs of visits, drawn a little towards independence."""
        groups = int(self.groups.max()) + 1
        size = self.layout.visits
        wide = np.full((len(columns), int(self.people.max()) + 1, size), np.nan)
        wide[:, self.people, self.visits] = np.where(observed, columns[..., -1], np.nan)
        theta = self.structure.begin(_rough_covariance(wide.reshape(-1, size)), self.layout)
        return np.tile(theta, (len(columns), groups))


def _rough_covariance(wide: FloatArray) -> FloatArray:
    """Pairwise mean products of residuals ``(people, T)``, made positive definite."""
    seen = np.isfinite(wide).astype("float64")
    values = np.nan_to_num(wide)
    counts = seen.T @ seen
    products = values.T @ values / np.maximum(counts, 1.0)
    diagonal = np.diag(np.maximum(np.diag(products), 1e-3))
    rough = 0.9 * np.where(np.eye(len(products)) > 0, 0.0, products) + diagonal
    values_, vectors = np.linalg.eigh(rough)
    floor = 0.05 * values_.max()
    return np.asarray((vectors * np.maximum(values_, floor)) @ vectors.T)


@dataclass(frozen=True)
class Solved:
    """A model at its optimum, for one response or many.

    Parameters
    ----------
    bundles, covariance
        What was solved.
    optimum
        Where.
    scaling
        The way back to the user's units.
    reml
        Which likelihood.
    """

    bundles: tuple[Bundle, ...]
    covariance: Covariance
    optimum: Optimum
    scaling: Scaling
    reml: bool

    @property
    def beta(self) -> FloatArray:
        """``(R, p)`` in the user's units."""
        return self.scaling.coefficients(self.optimum.value.beta)

    @property
    def vcov(self) -> FloatArray:
        """``(R, p, p)`` in the user's units."""
        return self.scaling.covariance(self.optimum.value.phi)

    @property
    def log_likelihood(self) -> FloatArray:
        """``(R,)``."""
        return self.scaling.log_likelihood(self.optimum.value.deviance, reml=self.reml)

    @property
    def slopes(self) -> Slopes:
        """Covariance and directions of each bundle at the optimum."""
        return self.covariance.slopes(self.optimum.theta)


def solve(model: Model, y: FloatArray, observed: BoolArray, *, reml: bool, start: FloatArray | None = None) -> Solved:
    """Fit a model to one or many responses.

    Parameters
    ----------
    model
        The model.
    y, observed
        ``(R, N)``: responses, and which of them were seen.
    reml
        Restricted or full maximum likelihood.
    start
        ``(R, k)``; the model's own starting values if not given.
    """
    columns, scaling = scale(model.x, y, observed)
    bundles, covariance = model.reduce(columns, observed)
    theta = model.begin(columns, observed) if start is None else start
    optimum = minimise(covariance, bundles, theta, reml=reml)
    return Solved(tuple(bundles), covariance, optimum, scaling, reml)


def connected(codes: Sequence[IntArray]) -> IntArray:
    """Blocks of rows that share no level of any grouping with other blocks, numbered from 0.

    Examples
    --------
    >>> connected([np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])]).tolist()
    [0, 0, 0, 1]
    """
    block = np.arange(len(codes[0]))
    while True:
        before = block
        for levels in codes:
            lowest = np.full(int(levels.max()) + 1, len(block))
            np.minimum.at(lowest, levels, block)
            block = lowest[levels]
        if np.array_equal(before, block):
            return np.unique(block, return_inverse=True)[1].reshape(-1).astype(np.intp)
