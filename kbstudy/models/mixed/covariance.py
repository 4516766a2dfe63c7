"""From unconstrained parameters to the covariance of each pattern, and back up the chain rule.

Two kinds share one interface: random effects (linear in variances and covariances) and a residual covariance among
visits. ``coordinates`` are the directions that the likelihood is differentiated in; ``θ`` are what is optimised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from kbstudy.models.mixed.likelihood import Slopes, Value
from kbstudy.models.mixed.moments import FloatArray, IntArray
from kbstudy.models.mixed.structures import Layout, Structure

__all__ = ["Chain", "Covariance", "RandomEffects", "RepeatedMeasures", "Term"]


@dataclass(frozen=True)
class Chain:
    """Derivatives in θ, and ``∂coordinates/∂θ`` ``(R, K, k)``."""

    gradient: FloatArray
    hessian: FloatArray
    jacobian: FloatArray


class Covariance(Protocol):
    """What the optimiser and the inference need of a covariance model."""

    def slopes(self, theta: FloatArray) -> Slopes:
        """Covariance and directions of each bundle at θ ``(R, k)``."""
        ...

    def chain(self, theta: FloatArray, value: Value) -> Chain:
        """Gradient and observed Hessian of the deviance in θ."""
        ...


@dataclass(frozen=True)
class Term:
    """Random effects of one grouping, ``D = LL'`` with ``L`` linear in its parameters.

    Parameters
    ----------
    basis
        ``(k, q, q)``: ``L = Σ_a θ_a basis_a``.
    correlated
        Whether ``D`` has covariances, or only variances (what a formula writes as ``||``).
    """

    basis: FloatArray
    correlated: bool = True

    @classmethod
    def of(cls, size: int, *, correlated: bool = True) -> Term:
        """``L`` lower triangular, or diagonal; its diagonal is not logged, so that zero can be reached."""
        rows, columns = np.tril_indices(size) if correlated else (np.arange(size), np.arange(size))
        basis = np.zeros((len(rows), size, size))
        basis[np.arange(len(rows)), rows, columns] = 1.0
        return cls(basis, correlated)

    @classmethod
    def symmetric(cls, size: int, *, correlated: bool = True) -> Term:
        """``L`` symmetric: what models are fitted in.

        Triangular ``L`` bends where an early effect hardly varies and a later one does: long curved valleys, and
        resting points that are no optima. Symmetric ``L`` prefers no effect, and where ``D`` is singular its Hessian is
        positive semidefinite just where no way into positive definite ``D`` leads down: a certificate of the boundary.
        """
        triangular = cls.of(size, correlated=correlated).basis
        return cls(np.maximum(triangular, np.swapaxes(triangular, 1, 2)), correlated)

    @property
    def size(self) -> int:
        """``q``."""
        return int(self.basis.shape[-1])

    @property
    def entries(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the free entries of ``D``."""
        if self.correlated:
            return np.tril_indices(self.size)
        return np.arange(self.size), np.arange(self.size)

    @property
    def second(self) -> FloatArray:
        """``∂²D/∂θ∂θ'`` of the free entries: ``(k, k, entries)``."""
        product = np.einsum("aij,bkj->abik", self.basis, self.basis)
        rows, columns = self.entries
        return np.asarray((product + np.swapaxes(product, 2, 3))[:, :, rows, columns])


@dataclass(frozen=True)
class RandomEffects:
    """``V = Σ_l v_l K_l`` with ``v`` the free entries of each ``D = LL'`` and, last, the residual variance.

    θ holds the entries of each ``L`` (nothing is logged, so that a variance of zero can be reached and is an ordinary
    minimum) and ``log σ``.

    Parameters
    ----------
    terms
        In the order of θ.
    directions
        For each bundle the constant ``K_l``, shape ``(K, G, n, n)``.
    """

    terms: tuple[Term, ...]
    directions: tuple[FloatArray, ...]

    @cached_property
    def second(self) -> FloatArray:
        """``∂²v/∂θ∂θ'`` of the entries of ``D``, constant: ``(k, k, K)``; nothing for ``log σ``."""
        found = np.zeros((self.size, self.size, self.coordinates_size))
        at, entry = 0, 0
        for term in self.terms:
            bend = term.second
            k, entries = bend.shape[1:]
            found[at : at + k, at : at + k, entry : entry + entries] = bend
            at, entry = at + k, entry + entries
        return found

    @property
    def size(self) -> int:
        """How many parameters."""
        return sum(len(term.basis) for term in self.terms) + 1

    @property
    def coordinates_size(self) -> int:
        """How many coordinates: as many as parameters, unless a profile takes one of these away."""
        return sum(len(term.entries[0]) for term in self.terms) + 1

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """``v(θ)``: quadratic in the entries of ``L``."""
        half = np.einsum("ra,abl,rb->rl", theta, self.second, theta, optimize=True) / 2.0
        half[:, -1] = np.exp(2.0 * theta[:, -1])
        return np.asarray(half)

    def slopes(self, theta: FloatArray) -> Slopes:
        """The constant directions, and their sum weighted by the coordinates."""
        v = self.coordinates(theta)
        covariance = [np.tensordot(v, kernels, 1) for kernels in self.directions]
        return Slopes(tuple(covariance), tuple(kernels[None] for kernels in self.directions))

    def chain(self, theta: FloatArray, value: Value) -> Chain:
        """``J'g``, ``J'HJ + Σ g_l ∂²v_l``."""
        jacobian = np.swapaxes(np.tensordot(theta, self.second, (1, 0)), 1, 2)
        variance = np.exp(2.0 * theta[:, -1])
        jacobian[:, -1, -1] = 2.0 * variance
        back = np.swapaxes(jacobian, 1, 2)
        hessian = back @ value.observed @ jacobian + np.tensordot(value.gradient, self.second, (1, 2))
        hessian[:, -1, -1] += 4.0 * variance * value.gradient[:, -1]
        gradient = (back @ value.gradient[:, :, None])[..., 0]
        return Chain(gradient, hessian, jacobian)

    def matrices(self, coordinates: FloatArray) -> list[FloatArray]:
        """``D`` of each term from one vector of coordinates."""
        found, at = [], 0
        for term in self.terms:
            rows, columns = term.entries
            d = np.zeros((term.size, term.size))
            d[rows, columns] = d[columns, rows] = coordinates[at : at + len(rows)]
            at += len(rows)
            found.append(d)
        return found

    def begin(self) -> FloatArray:
        """Half of the variance to the effects, evenly, half to the residual; the outcome has variance one."""
        effects = sum(term.size for term in self.terms)
        on_diagonal = [np.trace(term.basis, axis1=1, axis2=2) for term in self.terms]
        return np.concatenate([*(np.sqrt(0.5 / effects) * each for each in on_diagonal), [0.5 * np.log(0.5)]])


@dataclass(frozen=True)
class RepeatedMeasures:
    """``V_i`` are the rows and columns of ``Σ(θ)`` that were observed, one ``Σ`` a group.

    Parameters
    ----------
    structure, layout
        Which ``Σ(θ)``, among which visits.
    groups
        How many groups have a ``Σ`` of their own; θ holds their parameters one after another.
    visits, group
        For each bundle the observed visits ``(G, n)`` and the group ``(G,)`` of each pattern.
    """

    structure: Structure
    layout: Layout
    groups: int
    visits: tuple[IntArray, ...]
    group: tuple[IntArray, ...]

    @property
    def size(self) -> int:
        """How many parameters."""
        return self.groups * self.structure.parameters(self.layout.visits)

    def matrices(self, theta: FloatArray) -> FloatArray:
        """``Σ`` of each group: θ ``(R, k)`` to ``(R, groups, T, T)``."""
        return np.asarray(self.structure.matrix(theta.reshape(len(theta), self.groups, -1), self.layout))

    def slopes(self, theta: FloatArray) -> Slopes:
        """``Σ`` and ``∂Σ/∂θ``, cut to what each pattern observed."""
        sigma, first = self.matrices(theta), self._first(theta)
        cuts = [self._cut(bundle) for bundle in range(len(self.visits))]
        covariance = tuple(sigma[:, group, rows, columns] for group, rows, columns in cuts)
        return Slopes(covariance, tuple(first[:, :, group, rows, columns] for group, rows, columns in cuts))

    def _first(self, theta: FloatArray) -> FloatArray:
        """``∂Σ/∂θ``: ``(R, k, groups, T, T)``, zero where a parameter belongs to another group."""
        each = self.structure.first(theta.reshape(len(theta), self.groups, -1), self.layout)
        replicates, groups, parameters, size, _ = each.shape
        found = np.zeros((replicates, groups, parameters, groups, size, size))
        for group in range(groups):
            found[:, group, :, group] = each[:, group]
        return found.reshape(replicates, groups * parameters, groups, size, size)

    def _cut(self, bundle: int) -> tuple[IntArray, IntArray, IntArray]:
        visits = self.visits[bundle]
        return self.group[bundle][:, None, None], visits[:, :, None], visits[:, None, :]

    def chain(self, theta: FloatArray, value: Value) -> Chain:
        """θ are the coordinates; the bend of ``Σ(θ)`` is added to the Hessian."""
        replicates, size = theta.shape
        slope = self._gather(value.slope, replicates)
        second = self.structure.second(theta.reshape(replicates, self.groups, -1), self.layout)
        bend = np.einsum("rgabst,rgst->rgab", second, slope, optimize=True)
        hessian = value.observed.copy()
        k = bend.shape[-1]
        for group in range(self.groups):
            at = slice(group * k, (group + 1) * k)
            hessian[:, at, at] += bend[:, group]
        return Chain(value.gradient, hessian, np.broadcast_to(np.eye(size), (replicates, size, size)))

    def _gather(self, slopes: Sequence[FloatArray], replicates: int) -> FloatArray:
        """Derivatives of the deviance in the elements of ``Σ``: ``(R, groups, T, T)``."""
        size = self.layout.visits
        found = np.zeros((self.groups * size * size, replicates))
        for bundle, slope in enumerate(slopes):
            group, rows, columns = self._cut(bundle)
            flat = ((group * size + rows) * size + columns).reshape(-1)
            np.add.at(found, flat, slope.reshape(replicates, -1).T)
        return found.T.reshape(replicates, self.groups, size, size)
