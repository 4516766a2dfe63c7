"""Where the level of a noisy series changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from kbstudy.measures.energy.equations import FloatArray

__all__ = ["changes", "time_bins"]

_BIN_SECONDS: Final = 15.0
_SHORTEST: Final = 4  # bins: a minute
#: A cut must lower the sum of squares by so many variances × log n.
_PENALTY: Final = 6.0


def time_bins(time_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Start of each bin of 15 s and the mean over time in it; straight lines between rows, also over gaps."""
    bins = int((time_s[-1] - time_s[0]) / _BIN_SECONDS) if len(time_s) else 0
    if not bins:
        return np.empty(0), np.empty(0)
    total = np.concatenate([[0.0], np.cumsum(np.diff(time_s) * (values[1:] + values[:-1]) / 2)])
    edges = np.asarray(time_s[0] + _BIN_SECONDS * np.arange(bins + 1), dtype=float)
    # A line between sums: of a row that a bin's edge cuts, both bins get the mean. Good enough to place a change.
    return edges[:-1], np.asarray(np.diff(np.interp(edges, time_s, total)) / _BIN_SECONDS)


def changes(values: FloatArray) -> list[int]:
    """Where levels start, with 0 and the length; empty for fewer than two levels.

    Examples
    --------
    >>> changes(np.array([1.0, 1.1, 0.9, 1.0, 1.1, 3.0, 3.1, 2.9, 3.0, 3.1]))
    [0, 5, 10]
    >>> changes(np.array([1.0, 1.1, 0.9, 1.0, 1.1, 1.0, 1.1, 0.9, 1.0, 1.1]))
    []
    """
    if len(values) < 2 * _SHORTEST:
        return []
    penalty = _PENALTY * _noise_variance(values) * math.log(len(values))
    found = _segment(_squares(values), 0, len(values), penalty)
    return [0, *found, len(values)] if found else []


def _noise_variance(values: FloatArray) -> float:
    """From the differences of neighbours, by their median: changes of level are few, so they do not count."""
    spread = 1.4826 * float(np.median(np.abs(np.diff(values))))
    # Heart rates are whole numbers, and most of their differences can be zero.
    return max(spread**2 / 2, 1e-3 * float(np.var(values)))


def _squares(values: FloatArray) -> Callable[[int, int], float]:
    """The sum of squares about the mean of a stretch, in constant time."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])

    def cost(a: int, b: int) -> float:
        return float(squares[b] - squares[a] - (sums[b] - sums[a]) ** 2 / (b - a))

    return cost


def _segment(cost: Callable[[int, int], float], a: int, b: int, penalty: float) -> list[int]:
    cuts = range(a + _SHORTEST, b - _SHORTEST + 1)
    gain, cut = max(((cost(a, b) - cost(a, k) - cost(k, b), k) for k in cuts), default=(0.0, 0))
    if gain <= penalty:
        return []
    return [*_segment(cost, a, cut, penalty), cut, *_segment(cost, cut, b, penalty)]
