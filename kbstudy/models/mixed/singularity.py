"""Which variance is zero, and which correlation is ±1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.models.mixed.covariance import RandomEffects

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["describe_singular"]

#: Smallest eigenvalue of a covariance matrix, in units where effects and outcome have variance one, that is not zero.
_ZERO: Final = 1e-8


def describe_singular(fit: MixedFit) -> str:
    """In words; empty where every covariance matrix of random effects is positive definite."""
    covariance = fit.solved.covariance
    if not isinstance(covariance, RandomEffects):
        return ""
    scaled = covariance.matrices(covariance.coordinates(fit.solved.optimum.theta)[0])
    found = []
    for (group, names), whitened, own in zip(fit.words.terms, scaled, fit._effect_matrices(), strict=True):
        if np.linalg.eigvalsh(whitened)[0] < _ZERO:
            found += _of_term(group, names, own)
    return fmt.words(found)


def _of_term(group: str, names: tuple[str, ...], d: np.ndarray) -> list[str]:
    """The zero variances of one term; if there are none, its perfect correlations."""
    sizes = pd.Series(np.diag(d), list(names))
    zero = [name for name in names if sizes[name] <= _ZERO * max(float(sizes.max()), 1.0)]
    if zero:
        return [f"the variance of {name} by {group} is zero" for name in zero]
    sd = np.sqrt(np.diag(d))
    correlation = d / np.outer(sd, sd)
    near = [(i, j) for i in range(len(d)) for j in range(i) if abs(correlation[i, j]) > 1 - 1e-5]
    pairs = [
        f"the correlation of {names[j]} and {names[i]} by {group} is {'+' if correlation[i, j] > 0 else '−'}1"
        for i, j in near
    ]
    return pairs or [f"the random effects by {group} lie in fewer dimensions than there are effects"]
