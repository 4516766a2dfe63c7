"""Resampling people: the bootstrap's bias-corrected and accelerated intervals. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr, ndtri

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, Problem, Problems
from kbstudy.models._frames import FloatArray

__all__ = ["Bca", "bca_interval", "check_resampling", "generator", "monte_carlo_interval", "resamples_of"]

IntArray = npt.NDArray[np.intp]

#: Numbers that are drawn at once; answers do not depend on it.
_AT_ONCE: Final = 2**21
#: Two replicates are the same if they differ by less than this share of their spread.
_SAME: Final = 1e-9


def generator(rng: Any, problems: Problems) -> np.random.Generator:
    """A generator of random numbers from a generator or a seed; anything else is a problem."""
    seed = isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0
    if seed or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    do = "Give a seed such as rng=20240501, so that the result can be repeated."
    problems.add(Problem(f"rng={rng!r} is neither a numpy.random.Generator nor a seed", do=do))
    return np.random.default_rng(0)


def check_resampling(interval: object, resamples: Any, rng: Any, level: Any, problems: Problems) -> None:
    """``interval`` must be known, and for ``"bca"`` there must be a generator and enough resamples."""
    if interval not in ("t", "bca"):
        problems.add(Problem(f'interval="{interval}" is not offered', do='Use interval="t" or interval="bca".'))
    if interval != "bca":
        if rng is not None:
            do = 'Ask for interval="bca", or leave rng= out.'
            problems.add(Problem(f"rng={rng!r} is given and nothing is drawn", do=do))
        return
    generator(rng, problems)
    least = int(np.ceil(10 / (1 - level))) if isinstance(level, float) and 0 < level < 1 else 1
    if not _is_count(resamples) or resamples < least:
        what = f"resamples={resamples!r} is not a number of resamples that has a {fmt.confidence(level)} BCa interval"
        problems.add(Problem(what, do=f"Give a whole number of at least {least}; 9999 for a report."))


def _is_count(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value > 0)


def resamples_of(strata: npt.ArrayLike, resamples: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """People drawn with replacement within strata, in pieces of shape ``(b, n)`` that together are ``resamples`` rows.

    Parameters
    ----------
    strata
        Shape ``(n,)``: whole numbers or labels; every resample keeps the size of each stratum.
    resamples
        How many.
    rng
        One uniform number a person and resample, in this order, so that the size of the pieces does not matter.

    Examples
    --------
    >>> drawn = next(resamples_of([0, 0, 0, 1, 1], 1000, np.random.default_rng(1)))
    >>> drawn.shape, sorted(set(drawn[:, :3].ravel().tolist())), sorted(set(drawn[:, 3:].ravel().tolist()))
    ((1000, 5), [0, 1, 2], [3, 4])
    """
    labels = np.asarray(strata)
    people = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[people], return_index=True, return_counts=True)
    size, start = np.repeat(sizes, sizes), np.repeat(first, sizes)
    piece = max(1, _AT_ONCE // len(people))
    for done in range(0, resamples, piece):
        uniform = rng.random((min(piece, resamples - done), len(people)))
        yield people[start + np.floor(uniform * size).astype("intp")]


@dataclass(frozen=True, slots=True)
class Bca:
    """Limits and standard errors, arrays of shape ``(k,)``; ``extreme`` where a limit is the most extreme replicate."""

    low: FloatArray
    high: FloatArray
    se: FloatArray
    extreme: npt.NDArray[np.bool_]

    def notes(self) -> list[str]:
        """What a reader must know."""
        note = "A BCa limit lies beyond the most extreme resample: use more resamples, or a t interval."
        return [note] if self.extreme.any() else []


def bca_interval(
    estimate: FloatArray, replicates: FloatArray, influence: FloatArray, strata: npt.ArrayLike, level: float
) -> Bca:
    """Bias-corrected and accelerated intervals.

    Parameters
    ----------
    estimate
        Shape ``(k,)``.
    replicates
        Shape ``(b, k)``: the same from each resample.
    influence
        Shape ``(n, k)``: ``(n_s - 1) (estimate - estimate without the person)``, ``n_s`` the size of the stratum.
    strata
        Shape ``(n,)``: the strata that people were drawn within.
    level
        Confidence level.

    Returns
    -------
    Bca

    Raises
    ------
    FitError
        All replicates lie on one side of the estimate, or nobody has an influence on it.

    Notes
    -----
    ``z0`` is the normal quantile of the share of replicates below the estimate (ties count half), ``a = sum(l³ / n_s³)
    / (6 sum(l² / n_s²)^1.5)``; limits are the quantiles at ``Phi(z0 + (z0 + z) / (1 - a (z0 + z)))``, interpolated on
    the normal scale (Davison and Hinkley 1997, equation 5.8).

    References
    ----------
    Efron 1987, doi:10.1080/01621459.1987.10478410; Davison & Hinkley 1997, doi:10.1017/CBO9780511802843

    Validated against
    -----------------
    R boot 1.3-28.1 ``boot.ci(type = "bca")`` with the same resamples.
    """
    labels, group = np.unique(np.asarray(strata), return_inverse=True)
    own = influence / np.bincount(group, minlength=len(labels))[group][:, None]
    squares = np.sum(own**2, axis=0)
    spread = np.std(replicates, axis=0, ddof=1)
    near = np.abs(replicates - estimate) <= _SAME * spread
    below = np.mean(np.where(near, 0.5, replicates < estimate), axis=0)
    if (squares == 0).any() or (spread == 0).any() or (below <= 0).any() or (below >= 1).any():
        what = "the resamples do not surround the estimate: the data vary too little for a bootstrap interval"
        raise FitError(Problem(what, do='Use interval="t", or report the values themselves.'))
    z0 = ndtri(below)
    acceleration = np.sum(own**3, axis=0) / (6 * squares**1.5)
    ends = [(1 - level) / 2, (1 + level) / 2]
    levels = [ndtr(z0 + (z0 + z) / (1 - acceleration * (z0 + z))) for z in ndtri(ends)]
    ordered = np.sort(replicates, axis=0)
    limits, extreme = zip(*(_quantiles(ordered, at) for at in levels), strict=True)
    return Bca(limits[0], limits[1], spread, extreme[0] | extreme[1])


def _quantiles(ordered: FloatArray, at: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """One quantile of each column, between order statistics on the normal scale."""
    b = len(ordered)
    rank = (b + 1) * at
    k = np.clip(np.floor(rank), 1, b - 1).astype("intp")
    lower, upper = ndtri(k / (b + 1)), ndtri((k + 1) / (b + 1))
    share = np.clip((ndtri(at) - lower) / (upper - lower), 0, 1)
    column = np.arange(ordered.shape[1])
    found: FloatArray = ordered[k - 1, column] + share * (ordered[k, column] - ordered[k - 1, column])
    return found, (rank <= 1) | (rank >= b)


def monte_carlo_interval(extreme: int, total: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of the share that ``extreme`` of ``total`` random draws stand for.

    References
    ----------
    Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [round(limit, 4) for limit in monte_carlo_interval(47, 999, 0.95)]
    [0.0348, 0.0621]
    """
    tail = (1 - level) / 2
    low = 0.0 if extreme == 0 else float(betaincinv(extreme, total - extreme + 1, tail))
    return low, 1.0 if extreme == total else float(betaincinv(extreme + 1, total - extreme, 1 - tail))
