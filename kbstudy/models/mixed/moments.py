"""What a likelihood needs to know of the data: second moments of clusters that share one covariance matrix.

Every array carries a leading replicate axis ``R``: one design, many responses. A single fit has ``R = 1``. ``G`` counts
patterns (clusters with the same covariance matrix), ``n`` rows of a cluster, ``P = p + 1`` the columns ``[X, y]``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

__all__ = ["Bundle", "FloatArray", "IntArray", "bundle_of"]


@dataclass(frozen=True)
class Bundle:
    """Patterns of one size.

    Either ``moments`` or ``rows`` holds the data. Moments pay where many clusters share a covariance matrix (20,000
    people at 5 visits are at most 31 patterns), rows where each cluster has its own.

    Parameters
    ----------
    weight
        Shape ``(R, G)``: how many clusters follow the pattern.
    size
        ``n``, rows of a cluster.
    moments
        Shape ``(R, G n n, P P)``: sums over clusters of ``x_s x_t'`` with ``x = [X, y]`` of rows s and t.
    rows
        Shape ``(R, G, n, P)``, each pattern one cluster.
    """

    weight: FloatArray
    size: int
    moments: FloatArray | None = None
    rows: FloatArray | None = None

    @property
    def columns(self) -> int:
        """``P``."""
        if self.rows is not None:
            return int(self.rows.shape[-1])
        assert self.moments is not None
        return math.isqrt(self.moments.shape[-1])

    def contract(self, kernel: FloatArray) -> FloatArray:
        """``Σ_i [X, y]_i' A_i [X, y]_i``: kernels ``(R, K, G, n, n)`` to ``(R, K, P, P)``."""
        if self.rows is not None:
            rows = self.rows[:, None]
            return np.asarray(np.sum(np.swapaxes(rows, -1, -2) @ (kernel @ rows), axis=2))
        assert self.moments is not None
        flat = kernel.reshape(*kernel.shape[:2], -1) @ self.moments
        return flat.reshape(*flat.shape[:2], self.columns, self.columns)

    def spread(self, weights: FloatArray) -> FloatArray:
        """``Σ_i [X, y]_i Ω [X, y]_i'``: weights ``(R, K, P, P)`` to ``(R, K, G, n, n)``."""
        if self.rows is not None:
            rows = self.rows[:, None]
            return (rows @ weights[:, :, None]) @ np.swapaxes(rows, -1, -2)
        assert self.moments is not None
        flat = weights.reshape(*weights.shape[:2], -1) @ np.swapaxes(self.moments, -1, -2)
        return flat.reshape(*flat.shape[:2], -1, self.size, self.size)

    def take(self, chosen: IntArray) -> Bundle:
        """The same for some replicates."""
        moments = None if self.moments is None else self.moments[chosen]
        rows = None if self.rows is None else self.rows[chosen]
        return Bundle(self.weight[chosen], self.size, moments, rows)


def bundle_of(blocks: Sequence[FloatArray], weight: FloatArray, *, keep_rows: bool) -> Bundle:
    """A bundle from its patterns.

    Parameters
    ----------
    blocks
        For each pattern the rows of its clusters, shape ``(R, clusters, n, P)``; the same ``n`` in all. A cluster that
        is not in a replicate has rows of zeros there. With ``keep_rows`` one block that holds one cluster a pattern.
    weight
        ``(R, G)``: how many clusters follow the pattern in each replicate.
    keep_rows
        Whether to keep rows rather than moments.
    """
    size = blocks[0].shape[2]
    if keep_rows:
        return Bundle(weight, size, rows=blocks[0])
    return Bundle(weight, size, moments=np.concatenate([_gram(block) for block in blocks], axis=1))


def _gram(block: FloatArray) -> FloatArray:
    """Sums of products of one pattern, shape ``(R, n n, P P)``, by one matrix product."""
    replicates, clusters, n, columns = block.shape
    flat = block.reshape(replicates, clusters, n * columns)
    product = (np.swapaxes(flat, 1, 2) @ flat).reshape(replicates, n, columns, n, columns)
    return product.transpose(0, 1, 3, 2, 4).reshape(replicates, n * n, columns * columns)
