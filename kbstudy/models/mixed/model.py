"""A model ready to be solved: the design, how rows hang together, and which responses were seen.

The same model solves one response or thousands: the replicate axis goes all the way through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

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
from kbstudy.models.mixed.search import better, effect_starts, search, try_all
from kbstudy.models.mixed.structures import Layout, Structure

__all__ = ["EffectsModel", "Model", "Solved", "VisitsModel", "solve"]

BoolArray = npt.NDArray[np.bool_]

#: Structures for which hostile designs showed no second hill that another start would find.
_ONE_HILL: Final = ("unstructured", "compound_symmetry", "ar1", "ar1_heterogeneous", "ante_dependence")


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
        """Starting values without a look at the likelihood, ``(R, k)``."""
        ...

    def starts(
        self, columns: FloatArray, observed: BoolArray, bundles: Sequence[Bundle], covariance: Covariance, *, reml: bool
    ) -> FloatArray:
        """Starting values to choose from, the best guess first, ``(S, R, k)``."""
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

    def starts(
        self,
        columns: FloatArray,
        observed: BoolArray,  # noqa: ARG002
        bundles: Sequence[Bundle],
        covariance: Covariance,
        *,
        reml: bool,
    ) -> FloatArray:
        """Ratios of variances, the most likely first."""
        assert isinstance(covariance, RandomEffects)
        return effect_starts(covariance, bundles, len(columns), reml=reml)


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
        return self._begin_at(self._rough(columns, observed), len(columns))

    def starts(
        self,
        columns: FloatArray,
        observed: BoolArray,
        bundles: Sequence[Bundle],  # noqa: ARG002
        covariance: Covariance,  # noqa: ARG002
        *,
        reml: bool,  # noqa: ARG002
    ) -> FloatArray:
        """The same, and for structured covariances other correlations."""
        rough = self._rough(columns, observed)
        matrices = [rough, *(_with_correlation(rough, each) for each in self._correlations())]
        return np.stack([self._begin_at(matrix, len(columns)) for matrix in matrices])

    def _correlations(self) -> list[FloatArray]:
        """None, strong and alternating ones."""
        if self.layout.visits < 3 or self.structure.name in _ONE_HILL:
            return []
        lag = self.layout.lag.astype("float64")
        return [0.0**lag, 0.9 ** np.minimum(lag, 1.0), (-0.5) ** lag]

    def _rough(self, columns: FloatArray, observed: BoolArray) -> FloatArray:
        size = self.layout.visits
        wide = np.full((len(columns), int(self.people.max()) + 1, size), np.nan)
        wide[:, self.people, self.visits] = np.where(observed, columns[..., -1], np.nan)
        return _rough_covariance(wide.reshape(-1, size))

    def _begin_at(self, covariance: FloatArray, replicates: int) -> FloatArray:
        """A covariance as starting values, the same for every group and replicate."""
        theta = self.structure.begin(covariance, self.layout)
        return np.tile(theta, (replicates, int(self.groups.max()) + 1))


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


def _with_correlation(covariance: FloatArray, correlation: FloatArray) -> FloatArray:
    """The variances of one with the correlations of the other."""
    sd = np.sqrt(np.diag(covariance))
    return np.asarray(sd[:, None] * correlation * sd)


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
    if start is not None:
        optimum = minimise(covariance, bundles, start, reml=reml)
    elif len(y) == 1:
        optimum = search(
            covariance, bundles, model.starts(columns, observed, bundles, covariance, reml=reml), reml=reml
        )
    else:
        optimum = _solve_many(model, columns, observed, bundles, covariance, reml)
    return Solved(tuple(bundles), covariance, optimum, scaling, reml)


def _solve_many(
    model: Model,
    columns: FloatArray,
    observed: BoolArray,
    bundles: Sequence[Bundle],
    covariance: Covariance,
    reml: bool,
) -> Optimum:
    """From one guess, and from others only where that fails: to look for more at each would cost more than it finds."""
    first = minimise(covariance, bundles, model.begin(columns, observed), reml=reml)
    again = np.flatnonzero(~first.converged & np.isfinite(first.value.deviance))
    if not len(again):
        return first
    some = [bundle.take(again) for bundle in bundles]
    starts = model.starts(columns[again], observed[again], some, covariance, reml=reml)
    return better(covariance, bundles, first, try_all(covariance, some, starts, reml=reml), again, reml)


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
