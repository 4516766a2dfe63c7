"""Changes of one group by resampling: a bootstrap interval of their mean, and the test that flips their signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.models._frames import FloatArray
from kbstudy.models.resampling import Bca, bca_interval, monte_carlo_interval, resamples_of
from kbstudy.progress import Bar

__all__ = ["SignFlips", "bootstrap_mean", "sign_flips"]

#: Means closer than this share of the mean absolute change count as equal.
_SAME: Final = 1e-9
#: Numbers that are held at once; answers do not depend on it.
_AT_ONCE: Final = 2**21


def bootstrap_mean(change: FloatArray, level: float, resamples: int, rng: np.random.Generator) -> Bca:
    """BCa interval of the mean change, shape ``(1,)``."""
    strata, mean = np.zeros(len(change), dtype="intp"), np.mean(change, keepdims=True)
    pieces = []
    with Bar("Bootstrap", resamples) as bar:
        for drawn in resamples_of(strata, resamples, rng):
            pieces.append(np.mean(change[drawn], axis=1))
            bar.advance(len(drawn))
    # Leaving out one person moves the mean by (change - mean) / (n - 1).
    influence = (change - mean)[:, None]
    return bca_interval(mean, np.concatenate(pieces)[:, None], influence, strata, level)


@dataclass(frozen=True, slots=True)
class SignFlips:
    """``extreme`` of ``total`` flips have a mean at least as large; all of them, if ``exact``."""

    extreme: int
    total: int
    exact: bool

    @property
    def p(self) -> float:
        """Two-sided p-value."""
        return self.extreme / self.total if self.exact else (self.extreme + 1) / (self.total + 1)

    @property
    def words(self) -> str:
        """For the row."""
        return f"sign flips, {'exact' if self.exact else f'{self.total} drawn'}"

    def note(self, level: float) -> str:
        """How exact p is."""
        if self.exact:
            return f"Sign flips: all {self.total} were computed, so p is exact."
        low, high = monte_carlo_interval(self.extreme, self.total, level)
        return (
            f"Sign flips: {self.extreme} of {self.total} drawn at random have a mean change at least as large; the "
            f"exact p lies between {low:.2g} and {high:.2g} ({fmt.confidence(level)} Monte Carlo interval)."
        )


def sign_flips(change: FloatArray, flips: int, rng: np.random.Generator | None) -> SignFlips:
    """How many ways to flip the signs of the changes give a mean at least as large as theirs.

    Raises
    ------
    PlanError
        There are more ways than ``flips``, and no generator to draw them.
    """
    n = len(change)
    exact = n < 60 and 2**n <= flips
    if not exact and rng is None:
        what = f"there are 2^{n} ways to flip the signs of {n} changes, and resamples={flips} is less"
        do = "Give a seed such as rng=20240501, so that they can be drawn at random and the result be repeated."
        raise PlanError(Problem(what, do=do))
    total = 2**n if exact else flips
    least = abs(float(np.sum(change))) - _SAME * float(np.sum(np.abs(change)))
    extreme, piece = 0, max(1, _AT_ONCE // n)
    with Bar("Flipping signs", total) as bar:
        for done in range(0, total, piece):
            size = min(piece, total - done)
            if exact:
                down = (np.arange(done, done + size)[:, None] >> np.arange(n)) & 1
            else:
                assert rng is not None, "checked above"
                down = (rng.random((size, n)) < 0.5).astype("int64")
            extreme += int(np.sum(np.abs((1 - 2 * down) @ change) >= least))
            bar.advance(size)
    return SignFlips(extreme, total, exact)
