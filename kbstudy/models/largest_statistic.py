"""The distribution of the largest of several correlated t statistics, and of the range of several means.

Deterministic: quadrature and a fixed lattice, no random numbers.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import special

from kbstudy.models._frames import FloatArray

__all__ = ["factor_of", "range_tail", "tail_by_faces", "tail_by_lattice"]


@lru_cache(maxsize=32)
def _gauss(n: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of Gauss-Legendre quadrature between 0 and 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


#: Beyond this t is normal to eight digits, and the chi distribution too narrow for its quantiles.
_NEARLY_NORMAL: Final = 1e8


@lru_cache(maxsize=32)
def _spread(df: float, n: int, cut: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for a mean over ``sqrt(chi² / df)``, the estimated over the true standard deviation.

    A probability of ``cut`` is left out at each end.

    The square root of the variable is integrated, because the density of a chi with few degrees of freedom is a
    broken power near zero.
    """
    if df >= _NEARLY_NORMAL:
        return np.ones(n), np.full(n, 1 / n)
    low = math.sqrt(2 * special.gammaincinv(df / 2, cut) / df)
    high = math.sqrt(2 * special.gammainccinv(df / 2, cut) / df)
    nodes, weights = _gauss(n)
    root = math.sqrt(low) + (math.sqrt(high) - math.sqrt(low)) * nodes
    s = root**2
    log_density = (df - 1) * np.log(s) - df * s * s / 2
    weights = weights * root * np.exp(log_density - log_density.max())
    return s, weights / weights.sum()


def range_tail(q: float, k: int, df: float) -> float:
    """``P(Q > q)`` for the studentized range of ``k`` means.

    ``k`` times the mean, over the largest value ``z`` and over the spread, of
    ``F(z)^(k-1) - (F(z) - F(z - qs))^(k-1)``.
    """
    s, over_s = _spread(df, 64, 1e-13)
    nodes, weights = _gauss(128)
    z = -9 + 18 * nodes
    over_z = 18 * weights * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    below = special.ndtr(z)
    with np.errstate(divide="ignore"):
        inside = np.log1p(-np.minimum(special.ndtr(z - q * s[:, None]) / below, 1))
    return float(over_s @ (below ** (k - 1) * -np.expm1((k - 1) * inside) @ over_z) * k)


#: A contrast with this share of its variance not determined by the others counts as determined by them.
_DEPENDENT: Final = 1e-10


def factor_of(correlation: FloatArray) -> FloatArray:
    """``L`` of shape ``(m, r)`` with ``L L'`` the correlations: Cholesky, the largest remaining variance first.

    That order also makes the integrand smooth: what is least determined by the others comes first.
    """
    m = len(correlation)
    factor, left = np.zeros((m, m)), np.ones(m)
    for k in range(m):
        i = int(np.argmax(np.round(left, 10)))
        if left[i] < _DEPENDENT:
            return factor[:, :k]
        factor[:, k] = (correlation[:, i] - factor @ factor[i]) / math.sqrt(left[i])
        factor[left == -1, k] = 0
        left = np.where(left == -1, -1, 1 - np.sum(factor**2, axis=1))
        left[i] = -1
    return factor


# ---- rank 2 and 3: the faces of the region -----------------------------------------------------------------------


def tail_by_faces(c: float, factor: FloatArray, df: float) -> float:
    """``P(max |T_j| > c)``, integrated over the directions in which each contrast is the largest.

    In whitened coordinates the region ``max |T_j| <= 1`` is a polytope with all faces at distance 1. A point of a face
    at the angle ``phi`` from its centre lies at distance ``1 / cos(phi)``, and the probability beyond is that of an F.
    """
    rank = factor.shape[1]
    whole = {2: 2 * math.pi, 3: 4 * math.pi}[rank]
    nodes, weights = _gauss(40)
    total = 0.0
    for edge, over_edge in _faces(factor.tobytes(), rank):
        phi = edge[:, None] * nodes
        beyond = _distance_tail((c / np.cos(phi)) ** 2, rank, df) * np.sin(phi) ** (rank - 2)
        total += float(over_edge * edge @ (beyond @ weights))
    return 2 * total / whole


def _distance_tail(squared: FloatArray, rank: int, df: float) -> FloatArray:
    """The probability of a squared distance from the origin larger than this."""
    nearly_normal = df >= _NEARLY_NORMAL
    tail: FloatArray = special.chdtrc(rank, squared) if nearly_normal else special.fdtrc(rank, df, squared / rank)
    return tail


@lru_cache(maxsize=32)
def _faces(factor: bytes, rank: int) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Of each face, in all directions within it: the angle at which it ends, and the weight of the direction."""
    rows = _distinct(np.frombuffer(factor).reshape(-1, rank))
    return tuple(_face(rows[i], np.delete(rows, i, axis=0)) for i in range(len(rows)))


def _distinct(rows: FloatArray) -> FloatArray:
    """Contrasts without those that repeat another or its opposite: they share its face."""
    same = np.abs(rows @ rows.T) > 1 - _DEPENDENT
    return rows[[i for i in range(len(rows)) if not same[i, :i].any()]]


def _face(own: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A face lies in the plane at ``own``; each other contrast, with either sign, cuts it off at some distance."""
    shared = others @ own
    across = others - shared[:, None] * own
    size = np.linalg.norm(across, axis=1)
    plane = np.linalg.svd(own[None])[2][1:]
    normals = (across / size[:, None]) @ plane.T
    normals, distances = np.vstack([normals, -normals]), np.concatenate([(1 - shared), (1 + shared)]) / np.tile(size, 2)
    directions, weights = _directions(normals, distances)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.max(normals @ directions / distances[:, None], axis=0)
    return np.arctan2(1, slopes), weights


def _directions(normals: FloatArray, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Directions within a face, as columns, with their weights: two in a line; around a circle between corners."""
    if normals.shape[1] == 1:
        return np.array([[1.0, -1.0]]), np.ones(2)
    corners = _corners(normals, distances)
    start, width = corners, np.diff(corners, append=corners[0] + 2 * math.pi)
    nodes, weights = _graded()
    angles = (start[:, None] + width[:, None] * nodes).ravel()
    return np.vstack([np.cos(angles), np.sin(angles)]), (width[:, None] * weights).ravel()


@lru_cache(maxsize=1)
def _graded() -> tuple[FloatArray, FloatArray]:
    """Quadrature between 0 and 1 in pieces that shrink towards the ends, where a thin corner of a face lies."""
    cuts = np.array([0, 0.002, 0.015, 0.1, 0.5, 0.9, 0.985, 0.998, 1])
    nodes, weights = _gauss(10)
    width = np.diff(cuts)[:, None]
    return (cuts[:-1, None] + width * nodes).ravel(), (width * weights).ravel()


def _corners(normals: FloatArray, distances: FloatArray) -> FloatArray:
    """The angles, ascending, at which the corners of the polygon ``normals x <= distances`` are seen."""
    one, other = np.triu_indices(len(normals), 1)
    a, b = normals[one], normals[other]
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    meet = np.abs(det) > 1e-12
    one, other, a, b, det = one[meet], other[meet], a[meet], b[meet], det[meet]
    x = (distances[one] * b[:, 1] - distances[other] * a[:, 1]) / det
    y = (distances[other] * a[:, 0] - distances[one] * b[:, 0]) / det
    outside = normals @ np.vstack([x, y]) - distances[:, None]
    inside = np.max(outside, axis=0) <= 1e-7 * (1 + np.hypot(x, y))
    angles: FloatArray = np.unique(np.round(np.arctan2(y, x)[inside], 12))
    return angles


# ---- any rank: a lattice -----------------------------------------------------------------------------------------

#: A prime number of points, and the generator whose lattice of them was the most even in 2 to 10 dimensions
#: (the smallest P2, weights 0.8^k) of 9000 tried.
_POINTS: Final = 32749
_GENERATOR: Final = 7061
#: Up to this many dimensions a stronger change of variable pays; beyond, its weights vary too much.
_FEW: Final = 5


def tail_by_lattice(c: float, factor: FloatArray, df: float) -> float:
    """``P(max |T_j| > c)``: normal probabilities, each on its own shift of the lattice, averaged over the spread."""
    spread, weights = _spread(df, 36, 1e-9)
    steps = _steps(factor)
    points, shift = _lattice(factor.shape[1] - 1)
    means = [_outside(c * s, steps, (points + (j + 0.5) * shift) % 1) for j, s in enumerate(spread)]
    return float(weights @ means)


@lru_cache(maxsize=16)
def _lattice(dimensions: int) -> tuple[FloatArray, FloatArray]:
    """A Korobov lattice, and the step by which one copy of it is moved from the other: square roots of primes."""
    powers = [pow(_GENERATOR, k, _POINTS) for k in range(dimensions)]
    points = np.outer(np.arange(_POINTS), powers) % _POINTS / _POINTS
    numbers = range(2, 20 + dimensions * dimensions)
    primes = [n for n in numbers if all(n % d for d in range(2, math.isqrt(n) + 1))]
    return points, np.sqrt(primes[:dimensions])


def _periodic(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points and weights after a change of variable that makes any integrand periodic, as a lattice wants it."""
    if points.shape[1] > _FEW:
        return np.abs(2 * points - 1), np.ones(len(points))
    moved = points**3 * (10 - 15 * points + 6 * points**2)
    return np.clip(moved, 0, 1), np.prod(30 * (points * (1 - points)) ** 2, axis=1)


#: For each variable in turn, the rows of the factor whose last variable it is.
_Steps = list[FloatArray]


def _steps(factor: FloatArray) -> _Steps:
    rows = np.where(np.abs(factor) < math.sqrt(_DEPENDENT) / 10, 0, factor)
    last = np.array([np.flatnonzero(row)[-1] for row in rows])
    return [rows[last == k, : k + 1] for k in range(factor.shape[1])]


def _outside(c: float, steps: _Steps, points: FloatArray) -> float:
    """The normal probability that a contrast exceeds ``c``, one variable after the other given those before."""
    points, weights = _periodic(points)
    values, inside = np.empty((len(points), len(steps))), np.zeros(len(points))
    for k, rows in enumerate(steps):
        low, high = _bounds(c, rows, values[:, :k])
        below = special.ndtr(low)
        out = np.minimum(below + special.ndtr(-high), 1)
        with np.errstate(divide="ignore"):
            inside += np.log1p(-out)
        if k < points.shape[1]:
            # A point outside every interval has probability zero, wherever it is put; 9 keeps it finite.
            values[:, k] = np.clip(special.ndtri(np.minimum(below + points[:, k] * (1 - out), 1)), -9, 9)
    return float(-np.mean(weights * np.expm1(inside)))


def _bounds(c: float, rows: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Between what a variable must lie so that no contrast that ends with it exceeds ``c``."""
    centre = -(values @ rows[:, :-1].T) / rows[:, -1]
    half = c / np.abs(rows[:, -1])
    low = np.max(centre - half, axis=1)
    return low, np.maximum(np.min(centre + half, axis=1), low)
