"""Which covariance is a special case of which, and what that makes of a likelihood ratio's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.models.mixed.model import EffectsModel, VisitsModel
from kbstudy.models.mixed.moments import FloatArray, IntArray

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["COMPARE", "NOT_NESTED", "Reference", "covariance_reference", "is_special_case"]

#: For each structure those that it is a special case of. Homogeneous ones are also one of their heterogeneous form.
_WITHIN: Final = {
    "compound_symmetry": ("toeplitz",),
    "ar1": ("toeplitz", "ante_dependence"),
    "toeplitz": (),
    "ante_dependence": (),
    "spatial_exponential": ("ante_dependence",),
    "spatial_gaussian": (),
    "unstructured": (),
}
NOT_NESTED: Final = "the models are not nested, so their likelihood ratio has no known distribution: "
COMPARE: Final = "Compare fit.aic of the two."
_SEVERAL: Final = (
    "Two or more correlated random effects were added at once: p is an upper bound. Add them one by one, or "
    "simulate from the smaller model, for an exact one."
)
_INDEPENDENT: Final = (
    "The weights of the mixture are binomial: they take the information on the added variances to be independent."
)


@dataclass(frozen=True)
class Reference:
    """Where the statistic comes from if the smaller model is true.

    Parameters
    ----------
    first
        Degrees of freedom of the first chi-squared: parameters that the larger model frees inside their range.
    boundary
        Variances that the smaller model holds at zero, each independent of the others: so many more may count.
    bounded
        The p-value is an upper bound: more happens at the boundary than a mixture in closed form.
    """

    first: int
    boundary: int = 0
    bounded: bool = False

    @property
    def added(self) -> int:
        """Parameters that the larger model has more."""
        return self.first + self.boundary

    @property
    def weights(self) -> list[float]:
        """Of chi-squared with ``first``, ``first + 1``, ... degrees of freedom."""
        return [comb(self.boundary, k) / 2.0**self.boundary for k in range(self.boundary + 1)]

    def p(self, statistic: float) -> float:
        """Upper tail; chi-squared with no degrees of freedom is zero for certain."""
        from scipy.special import chdtrc

        tails = [
            float(chdtrc(df, statistic)) if df else float(statistic <= 0)
            for df in range(self.first, self.first + self.boundary + 1)
        ]
        return float(np.dot(self.weights, tails))

    @property
    def words(self) -> str:
        """``½χ²(1) + ½χ²(2)``."""
        parts = [f"{_share(w)}χ²({self.first + k})" for k, w in enumerate(self.weights)]
        return " + ".join(parts) + (" (upper bound)" if self.bounded else "")


def _share(weight: float) -> str:
    return {1.0: "", 0.5: "½", 0.25: "¼", 0.125: "⅛", 0.375: "⅜"}.get(weight, f"{weight:.6g}·")


def covariance_reference(smaller: MixedFit, larger: MixedFit) -> tuple[Reference, Sequence[str]]:
    """The distribution that the added covariance parameters ask for, and what has to be said of it.

    Raises
    ------
    PlanError
        Where the covariance of the smaller model is no special case of the larger one's.
    """
    if isinstance(smaller.model, EffectsModel) and isinstance(larger.model, EffectsModel):
        return _of_effects(smaller, larger)
    if isinstance(smaller.model, VisitsModel) and isinstance(larger.model, VisitsModel):
        return _of_visits(smaller, larger), ()
    what = f"{NOT_NESTED}one has random effects, the other a covariance among visits"
    raise PlanError(Problem(what, do=COMPARE))


_Effect = tuple[str, str]


@dataclass(frozen=True)
class _Free:
    """What a model of random effects leaves free.

    Parameters
    ----------
    effects
        By grouping and name: the column and the levels of the analysed rows.
    pairs
        Which of them covary.
    """

    effects: dict[_Effect, tuple[FloatArray, IntArray]]
    pairs: frozenset[frozenset[_Effect]]

    @classmethod
    def of(cls, fit: MixedFit) -> _Free:
        assert isinstance(fit.model, EffectsModel)
        effects: dict[_Effect, tuple[FloatArray, IntArray]] = {}
        pairs: set[frozenset[_Effect]] = set()
        for effect, back, (group, names) in zip(fit.model.effects, fit.model.back, fit.words.terms, strict=True):
            columns = (effect.z @ np.linalg.inv(back))[fit.observed]
            codes = pd.factorize(effect.codes[fit.observed])[0]
            mine = [(group, name) for name in names]
            effects |= {key: (columns[:, i], codes) for i, key in enumerate(mine)}
            if effect.correlated:
                pairs |= {frozenset((a, b)) for a in mine for b in mine if a != b}
        return cls(effects, frozenset(pairs))

    def has(self, key: _Effect, like: _Free) -> bool:
        """Whether an effect of the other model is one here, on the same column and levels."""
        if key not in self.effects:
            return False
        (mine, levels), (column, other) = self.effects[key], like.effects[key]
        return np.array_equal(levels, other) and np.allclose(mine, column, atol=1e-8 * np.abs(column).max())


def _of_effects(smaller: MixedFit, larger: MixedFit) -> tuple[Reference, Sequence[str]]:
    few, many = _Free.of(smaller), _Free.of(larger)
    lost = [key for key in few.effects if not many.has(key, few)]
    if lost:
        said = fmt.words([f"{effect} by {group}" for group, effect in lost])
        what = f"{NOT_NESTED}the random effects of the larger one do not hold {said}"
        raise PlanError(Problem(what, do=COMPARE))
    if not few.pairs <= many.pairs:
        what = f"{NOT_NESTED}the smaller one has correlations of random effects that the larger one has not"
        raise PlanError(Problem(what, do=COMPARE))
    new = set(many.effects) - set(few.effects)
    added = many.pairs - few.pairs
    if any(pair <= new for pair in added):
        return Reference(len(new) + len(added), 0, bounded=True), (_SEVERAL,)
    notes = (_INDEPENDENT,) if len(new) > 1 else ()
    return Reference(len(added), len(new)), notes


def _of_visits(smaller: MixedFit, larger: MixedFit) -> Reference:
    few, many = smaller.model, larger.model
    assert isinstance(few, VisitsModel)
    assert isinstance(many, VisitsModel)
    if smaller.words.visit != larger.words.visit or smaller.words.visits != larger.words.visits:
        what = f"{NOT_NESTED}they do not have the same visits"
        raise PlanError(Problem(what, do="Use the same visit column in both."))
    if not is_special_case(few.structure.name, many.structure.name):
        what = f"{NOT_NESTED}{few.structure.name} is not a special case of {many.structure.name}"
        raise PlanError(Problem(what, do=COMPARE))
    if smaller.words.groups and smaller.words.groups != larger.words.groups:
        what = f"{NOT_NESTED}the smaller one has a covariance for each of {fmt.words(smaller.words.groups)}"
        raise PlanError(Problem(what, do="Use the same covariance_by in both, or none in the smaller one."))
    return Reference(larger.parameters - smaller.parameters)


def is_special_case(few: str, many: str) -> bool:
    """Whether one covariance structure is another with parameters held.

    Examples
    --------
    >>> is_special_case("ar1", "toeplitz_heterogeneous"), is_special_case("toeplitz", "ante_dependence")
    (True, False)
    """
    if many in ("unstructured", few):
        return True
    if few.endswith("_heterogeneous") and not many.endswith("_heterogeneous"):
        return False
    plain, other = few.removesuffix("_heterogeneous"), many.removesuffix("_heterogeneous")
    return plain == other or other in _WITHIN[plain]
