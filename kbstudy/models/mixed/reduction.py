"""From rows of data to the moments of patterns: scaling, grouping, and what random effects leave of a cluster.

Three steps keep the numbers well conditioned and small. The columns of X are made orthonormal and the outcome is
replaced by its least-squares residual in units of its spread. With independent residuals a cluster of any size is
rotated so that only as many rows as it has random effects keep a covariance of their own; the rest is one sum of
squares. And clusters with the same covariance matrix are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kbstudy.models.mixed.covariance import RandomEffects, RepeatedMeasures, Term
from kbstudy.models.mixed.likelihood import inverse
from kbstudy.models.mixed.moments import Bundle, FloatArray, IntArray, bundle_of
from kbstudy.models.mixed.structures import Layout, Structure

__all__ = ["Cases", "Effects", "Scaling", "cases_of", "reduce_dense", "reduce_effects", "reduce_visits", "scale"]

BoolArray = npt.NDArray[np.bool_]

#: A residual this much smaller than the outcome is rounding: such a response is NaN.
_EXACT = 1e-10

#: Clusters a pattern from which sums of products are cheaper than rows.
_SHARED = 2


# ---- scaling -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scaling:
    """How the scaled problem and the user's hang together.

    Parameters
    ----------
    back
        ``(p, p)``: scaled coefficients to coefficients of X.
    centre
        ``(R, p)``: least-squares coefficients that were taken out of the outcome.
    spread
        ``(R,)``: what the residual was divided by.
    rows
        ``(R,)``: observed rows.
    log_volume
        ``log |det R|`` of the triangular factor of X.
    """

    back: FloatArray
    centre: FloatArray
    spread: FloatArray
    rows: FloatArray
    log_volume: float

    def coefficients(self, beta: FloatArray) -> FloatArray:
        """Scaled ``(R, p)`` to the user's."""
        return self.centre + self.spread[:, None] * (beta @ self.back.T)

    def covariance(self, phi: FloatArray) -> FloatArray:
        """Scaled ``(R, p, p)`` to the user's."""
        return np.asarray(self.spread[:, None, None] ** 2 * (self.back @ phi @ self.back.T))

    def log_likelihood(self, deviance: FloatArray, *, reml: bool) -> FloatArray:
        """With the constants of lme4 and nlme."""
        p = len(self.back)
        free = self.rows - p if reml else self.rows
        volume = 2.0 * self.log_volume if reml else 0.0
        constants = free * np.log(2.0 * np.pi) + volume + 2.0 * free * np.log(self.spread)
        return np.asarray(-0.5 * (deviance + constants))


def scale(x: FloatArray, y: FloatArray, observed: BoolArray) -> tuple[FloatArray, Scaling]:
    """Orthonormal columns, and residuals with variance one.

    Parameters
    ----------
    x
        ``(N, p)``, of full column rank.
    y, observed
        ``(R, N)``; what is not observed may be anything.

    Returns
    -------
    columns
        ``(R, N, p + 1)``: scaled ``[X, y]``, zero where not observed.
    scaling
        The way back.
    """
    norms = np.sqrt(np.sum(x**2, axis=0))
    q, triangle = np.linalg.qr(x / norms)
    back = np.linalg.inv(triangle) / norms[:, None]
    shown = observed[..., None] * q
    values = np.where(observed, y, 0.0)
    cross = (values[:, None] @ shown)[:, 0]
    # Only a centre that keeps numbers small: the likelihood does not depend on what is taken out here.
    inner = cross if observed.all() else (inverse(np.swapaxes(shown, 1, 2) @ shown)[0] @ cross[..., None])[..., 0]
    residual = np.where(observed, values - inner @ q.T, 0.0)
    rows = observed.sum(axis=1).astype("float64")
    spread = np.sqrt(np.sum(residual**2, axis=1) / np.maximum(rows - x.shape[1], 1.0))
    spread = np.where(spread > _EXACT * _size(values, observed), spread, np.nan)
    columns = np.concatenate([np.broadcast_to(shown, (len(y), *x.shape)), (residual / spread[:, None])[..., None]], -1)
    log_volume = float(np.sum(np.log(np.abs(np.diag(triangle)))) + np.sum(np.log(norms)))
    return columns, Scaling(back, inner @ back.T, spread, rows, log_volume)


def _size(values: FloatArray, observed: BoolArray) -> FloatArray:
    """Standard deviation of each response, or what rounding leaves of it: ``(R,)``."""
    count = np.maximum(observed.sum(axis=1), 1)
    centred = np.where(observed, values - (values.sum(axis=1) / count)[:, None], 0.0)
    rounding = 1e-4 * np.abs(values).max(axis=1, initial=0.0)
    return np.asarray(np.maximum(np.sqrt(np.sum(centred**2, axis=1) / count), rounding))


# ---- who has which rows ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cases:
    """Sets of rows that form a cluster in at least one replicate, all of one size.

    Parameters
    ----------
    rows
        ``(cases, n)``: positions in the data.
    cluster
        ``(cases,)``: which cluster it is.
    present
        ``(R, cases)``: in which replicates the cluster consists of just these rows.
    """

    rows: IntArray
    cluster: IntArray
    present: BoolArray

    def only(self, chosen: BoolArray | IntArray) -> Cases:
        """Some of them."""
        return Cases(self.rows[chosen], self.cluster[chosen], self.present[:, chosen])

    def gather(self, columns: FloatArray) -> FloatArray:
        """``(R, cases, n, P)``, zero where a case is not present."""
        found = columns[:, self.rows]
        return found if self.present.all() else found * self.present[:, :, None, None]


def cases_of(codes: IntArray, order: IntArray, observed: BoolArray) -> list[Cases]:
    """Clusters by size, after leaving out what each replicate did not observe.

    Parameters
    ----------
    codes
        ``(N,)``: the cluster of each row, from 0.
    order
        ``(N,)``: an order of the rows in which clusters are contiguous.
    observed
        ``(R, N)``.
    """
    same = (observed == observed[:1]).all()
    if same:
        return _cases_of_one(codes, order[observed[0][order]], len(observed))
    found: list[Cases] = []
    for whole in _cases_of_one(codes, order, len(observed)):
        found += _split(whole, observed[:, whole.rows])
    return _merged(found)


def _cases_of_one(codes: IntArray, order: IntArray, replicates: int) -> list[Cases]:
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    found = []
    for size in np.unique(sizes):
        chosen = starts[sizes == size]
        rows = order[chosen[:, None] + np.arange(size)]
        found.append(Cases(rows, sorted_codes[chosen], np.ones((replicates, len(chosen)), dtype="bool")))
    return found


def _split(whole: Cases, shown: BoolArray) -> list[Cases]:
    """One case for each set of rows that a cluster shows in some replicate; ``shown`` is ``(R, clusters, n)``."""
    found = []
    for i, rows in enumerate(whole.rows):
        masks, which = np.unique(shown[:, i], axis=0, return_inverse=True)
        for j, mask in enumerate(masks):
            if mask.any():
                present = (which.reshape(-1) == j)[:, None]
                found.append(Cases(rows[mask][None], whole.cluster[[i]], present))
    return found


def _merged(cases: Sequence[Cases]) -> list[Cases]:
    sizes = sorted({case.rows.shape[1] for case in cases})
    by_size = [[case for case in cases if case.rows.shape[1] == size] for size in sizes]
    return [
        Cases(
            np.concatenate([case.rows for case in same]),
            np.concatenate([case.cluster for case in same]),
            np.concatenate([case.present for case in same], axis=1),
        )
        for same in by_size
    ]


# ---- random effects ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effects:
    """One random-effects term on the rows of the data.

    Parameters
    ----------
    z
        ``(N, q)``.
    codes
        ``(N,)``: the level of each row.
    correlated
        Whether the effects may be correlated.
    """

    z: FloatArray
    codes: IntArray
    correlated: bool

    @property
    def term(self) -> Term:
        """Its parameters."""
        return Term.symmetric(self.z.shape[1], correlated=self.correlated)

    def kernels(self, z: FloatArray) -> FloatArray:
        """``∂(zDz')/∂D`` for rows ``(..., n, q)``: ``(entries, ..., n, n)``."""
        found = [z[..., :, None, i] * z[..., None, :, j] for i, j in zip(*self.term.entries, strict=True)]
        same = [i == j for i, j in zip(*self.term.entries, strict=True)]
        return np.stack([k if one else k + np.swapaxes(k, -1, -2) for k, one in zip(found, same, strict=True)])


def reduce_effects(
    columns: FloatArray, effects: Sequence[Effects], observed: BoolArray
) -> tuple[list[Bundle], RandomEffects]:
    """Terms that share one grouping and residuals that are independent: clusters shrink to their random effects.

    Parameters
    ----------
    columns
        ``(R, N, P)`` from :func:`scale`.
    effects
        All with the same ``codes``.
    observed
        ``(R, N)``.
    """
    z = np.concatenate([effect.z for effect in effects], axis=1)
    q, codes = z.shape[1], effects[0].codes
    order = np.lexsort([*z.T[::-1], codes])
    bundles, directions = [], []
    pooled, free = np.zeros((len(columns), 1, 1)), np.zeros(len(columns))
    large: list[tuple[FloatArray, BoolArray, FloatArray]] = []
    for cases in cases_of(codes, order, observed):
        patterns, which = _patterns(z[cases.rows])
        if cases.rows.shape[1] <= q:
            bundles.append(_bundle(cases.gather(columns), cases.present, which))
            directions.append(_with_residual(effects, _of_bundle(patterns, which, bundles[-1])))
            continue
        basis, triangle = np.linalg.qr(patterns)
        rotation, data = basis[which], cases.gather(columns)
        rotated = np.swapaxes(rotation, 1, 2) @ data
        rest = data - rotation @ rotated
        flat = rest.reshape(len(rest), -1, rest.shape[-1])
        pooled = pooled + np.swapaxes(flat, 1, 2) @ flat
        free = free + cases.present.sum(axis=1) * float(cases.rows.shape[1] - q)
        large.append((rotated, cases.present, triangle[which]))
    if large:
        rotated, present, triangle = (
            np.concatenate(part, axis) for part, axis in zip(zip(*large, strict=True), (1, 1, 0), strict=True)
        )
        patterns, which = _patterns(triangle)
        bundles.append(_bundle(rotated, present, which))
        directions.append(_with_residual(effects, _of_bundle(patterns, which, bundles[-1])))
        weight = free[:, None]
        bundles.append(Bundle(weight, 1, moments=pooled.reshape(len(columns), 1, -1)))
        directions.append(_only_residual(len(directions[-1])))
    return bundles, RandomEffects(tuple(effect.term for effect in effects), tuple(directions))


def _patterns(z: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct matrices among ``(cases, n, q)``, and which one each case has."""
    flat, which = np.unique(z.reshape(len(z), -1), axis=0, return_inverse=True)
    return flat.reshape(-1, *z.shape[1:]), which.reshape(-1)


def _bundle(data: FloatArray, present: BoolArray, which: IntArray) -> Bundle:
    """Moments where patterns are shared, else one pattern a case."""
    count = int(which.max()) + 1
    if len(which) < _SHARED * count:
        return bundle_of([data], present.astype("float64"), keep_rows=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    weight = np.stack([present[:, chosen].sum(axis=1) for chosen in members], axis=1).astype("float64")
    return bundle_of([data[:, chosen] for chosen in members], weight, keep_rows=False)


def _of_bundle(patterns: npt.NDArray[np.generic], which: IntArray, bundle: Bundle) -> npt.NDArray[np.generic]:
    """What belongs to each pattern of a bundle: all of them, or one a case."""
    return patterns if bundle.rows is None else patterns[which]


def _with_residual(effects: Sequence[Effects], z: npt.NDArray[np.generic]) -> FloatArray:
    """Directions of a bundle: the entries of each ``D``, and the residual variance."""
    floats = np.asarray(z, dtype="float64")
    found, at = [], 0
    for effect in effects:
        found.append(effect.kernels(floats[..., at : at + effect.term.size]))
        at += effect.term.size
    n = floats.shape[-2]
    return np.concatenate([*found, np.broadcast_to(np.eye(n), (1, *floats.shape[:-2], n, n))])


def _only_residual(size: int) -> FloatArray:
    direction = np.zeros((size, 1, 1, 1))
    direction[-1] = 1.0
    return direction


def reduce_dense(
    columns: FloatArray, effects: Sequence[Effects], blocks: IntArray, observed: BoolArray
) -> tuple[list[Bundle], RandomEffects]:
    """Crossed or nested groupings: the covariance of whole blocks of rows that share no level with other blocks.

    Parameters
    ----------
    columns, effects, observed
        As for :func:`reduce_effects`, but each term with its own ``codes``.
    blocks
        ``(N,)``: the block of each row.
    """
    bundles, directions = [], []
    for cases in cases_of(blocks, np.argsort(blocks, kind="stable"), observed):
        bundles.append(bundle_of([cases.gather(columns)], cases.present.astype("float64"), keep_rows=True))
        kernels = []
        for effect in effects:
            levels = effect.codes[cases.rows]
            same = levels[:, :, None] == levels[:, None, :]
            kernels.append(effect.kernels(effect.z[cases.rows]) * same)
        n = cases.rows.shape[1]
        kernels.append(np.broadcast_to(np.eye(n), (1, len(cases.rows), n, n)))
        directions.append(np.concatenate(kernels))
    return bundles, RandomEffects(tuple(effect.term for effect in effects), tuple(directions))


# ---- repeated measures -------------------------------------------------------------------------------------------


def reduce_visits(
    columns: FloatArray,
    codes: IntArray,
    visits: IntArray,
    groups: IntArray,
    observed: BoolArray,
    *,
    structure: Structure,
    layout: Layout,
) -> tuple[list[Bundle], RepeatedMeasures]:
    """People by which visits they have and which covariance group they are in.

    Parameters
    ----------
    columns, observed
        From :func:`scale`.
    codes, visits, groups
        ``(N,)``: person, visit and covariance group of each row, from 0.
    structure, layout
        The covariance among visits.
    """
    bundles, seen, group = [], [], []
    for cases in cases_of(codes, np.lexsort([visits, codes]), observed):
        keys = np.column_stack([groups[cases.rows[:, 0]], visits[cases.rows]])
        patterns, which = np.unique(keys, axis=0, return_inverse=True)
        which = which.reshape(-1)
        bundles.append(_bundle(cases.gather(columns), cases.present, which))
        mine = _of_bundle(patterns, which, bundles[-1]).astype(np.intp)
        seen.append(mine[:, 1:])
        group.append(mine[:, 0])
    count = int(groups.max()) + 1
    return bundles, RepeatedMeasures(structure, layout, count, tuple(seen), tuple(group))
