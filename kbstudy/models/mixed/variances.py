"""Standard deviations and correlations of a mixed model as people report them: their names, values and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy.errors import PlanError, Problems
from kbstudy.estimates import Estimates
from kbstudy.models._frames import check_level
from kbstudy.models.mixed.covariance import RandomEffects, RepeatedMeasures
from kbstudy.models.mixed.model import EffectsModel, Model, Solved, VisitsModel
from kbstudy.models.mixed.moments import FloatArray

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit, Words

__all__ = [
    "AWAY",
    "RANGES",
    "Component",
    "checked_level",
    "component_values",
    "components",
    "raised",
    "variance_estimates",
]

Kind = Literal["sd", "correlation", "range"]

#: Where each kind of component can lie.
RANGES: Final = {"sd": (0.0, np.inf), "correlation": (-1.0, 1.0), "range": (0.0, np.inf)}

#: A standard deviation below this, where effects and outcome have variance one, is zero and has no correlations.
_ZERO: Final = 1e-4
#: A start below this is too near to the saddle at zero.
AWAY: Final = 0.3


@dataclass(frozen=True)
class Component:
    """One standard deviation, correlation or spatial range.

    Parameters
    ----------
    term
        Its name in a table: ``"sd Intercept | id"``.
    kind
        What it is. A range is the time at which the correlation has fallen to 1/e.
    matrix
        Which covariance matrix: the term of random effects, with the residual last; or the group of a model of visits.
    row, column
        Its place there; the same number twice for a standard deviation.
    """

    term: str
    kind: Kind
    matrix: int
    row: int = 0
    column: int = 0


def components(model: Model, words: Words) -> list[Component]:
    """Every component of a model, in the order of its tables."""
    if isinstance(model, EffectsModel):
        return list(_of_effects(model, words))
    assert isinstance(model, VisitsModel)
    groups = [f" | {name}" for name in words.groups] or [""]
    return [c for group, label in enumerate(groups) for c in _of_visits(model, words.visits, group, label)]


def _of_effects(model: EffectsModel, words: Words) -> Iterator[Component]:
    for at, (effect, (group, names)) in enumerate(zip(model.effects, words.terms, strict=True)):
        for i, name in enumerate(names):
            yield Component(f"sd {name} | {group}", "sd", at, i, i)
        for i, j in _pairs(len(names)) if effect.correlated else ():
            yield Component(f"correlation {names[j]}, {names[i]} | {group}", "correlation", at, i, j)
    yield Component("sd residual", "sd", len(model.effects))


def _pairs(size: int) -> list[tuple[int, int]]:
    """Below the diagonal, column by column: the first with each later one, then the second."""
    return [(i, j) for j in range(size) for i in range(j + 1, size)]


def _of_visits(model: VisitsModel, visits: Sequence[str], group: int, label: str) -> Iterator[Component]:
    structure = model.structure
    if structure.heterogeneous is False:
        yield Component(f"sd residual{label}", "sd", group)
    else:
        for i, name in enumerate(visits):
            yield Component(f"sd {name}{label}", "sd", group, i, i)
    if structure.name.startswith("spatial"):
        yield Component(f"range{label}", "range", group)
    for name, i, j in _correlations(structure.name.removesuffix("_heterogeneous"), visits):
        yield Component(f"correlation {name}{label}", "correlation", group, i, j)


def _correlations(structure: str, visits: Sequence[str]) -> list[tuple[str, int, int]]:
    """The correlations that a structure leaves free, and a place in the matrix where each stands."""
    gaps = range(1, len(visits))
    if structure == "unstructured":
        return [(f"{visits[j]}, {visits[i]}", i, j) for i, j in _pairs(len(visits))]
    if structure == "compound_symmetry":
        return [("of any two visits", 1, 0)]
    if structure == "ar1":
        return [("of neighbouring visits", 1, 0)]
    if structure == "toeplitz":
        return [(f"at lag {gap}", gap, 0) for gap in gaps]
    if structure == "ante_dependence":
        return [(f"{visits[gap - 1]}, {visits[gap]}", gap, gap - 1) for gap in gaps]
    return []


def component_values(model: Model, solved: Solved, wanted: Sequence[Component]) -> FloatArray:
    """Values in the user's units, ``(R, components)``; a correlation with something that does not vary is NaN."""
    matrices = _matrices(model, solved)
    with np.errstate(all="ignore"):
        columns = [_range(solved, c) if c.kind == "range" else _value(matrices[c.matrix], c) for c in wanted]
    return np.stack(columns, axis=1)


def _value(matrices: FloatArray, component: Component) -> FloatArray:
    sd = np.sqrt(np.maximum(np.diagonal(matrices, axis1=1, axis2=2), 0.0))
    if component.kind == "sd":
        return np.asarray(sd[:, component.row])
    product = sd[:, component.row] * sd[:, component.column]
    found = matrices[:, component.row, component.column] / np.where(product > 0, product, np.nan)
    return np.clip(found, -1.0, 1.0)


def _range(solved: Solved, component: Component) -> FloatArray:
    assert isinstance(solved.covariance, RepeatedMeasures)
    theta = solved.optimum.theta.reshape(len(solved.optimum.theta), solved.covariance.groups, -1)
    return np.asarray(np.exp(theta[:, component.matrix, -1]) * solved.covariance.layout.unit)


def _matrices(model: Model, solved: Solved) -> list[FloatArray]:
    """Covariance matrices ``(R, q, q)`` in the user's units, numbered as in :attr:`Component.matrix`."""
    size = solved.scaling.spread[:, None, None] ** 2
    if isinstance(solved.covariance, RandomEffects):
        return _effect_matrices(model, solved.covariance, solved.optimum.theta, size)
    assert isinstance(solved.covariance, RepeatedMeasures)
    found = solved.covariance.matrices(solved.optimum.theta)
    return [size * found[:, group] for group in range(found.shape[1])]


def _effect_matrices(model: Model, covariance: RandomEffects, theta: FloatArray, size: FloatArray) -> list[FloatArray]:
    assert isinstance(model, EffectsModel)
    found, at = [], 0
    for term, back in zip(covariance.terms, model.back, strict=True):
        k = len(term.basis)
        factor = back @ np.tensordot(theta[:, at : at + k], term.basis, 1)
        length = np.linalg.norm(factor, axis=2) / np.linalg.norm(back, axis=1)
        factor = np.where((length < _ZERO)[..., None], 0.0, factor)
        found.append(size * (factor @ np.swapaxes(factor, 1, 2)))
        at += k
    return [*found, size * np.exp(2.0 * theta[:, -1])[:, None, None]]


def raised(covariance: RandomEffects, theta: FloatArray) -> FloatArray:
    """θ ``(k,)`` with no variance near zero, where the likelihood is stationary: a place to start from."""
    found, at = theta.copy(), 0
    for term in covariance.terms:
        block, at = slice(at, at + len(term.basis)), at + len(term.basis)
        diagonal = block.start + np.flatnonzero(np.trace(term.basis, axis1=1, axis2=2))
        found[diagonal] = np.where(np.abs(found[diagonal]) < AWAY, AWAY, found[diagonal])
        factor = np.tensordot(found[block], term.basis, 1)
        if np.linalg.svd(factor, compute_uv=False)[-1] < AWAY / 10.0:
            found[diagonal] += AWAY
    return found


# ---- tables ------------------------------------------------------------------------------------------------------


def checked_level(level: float) -> float:
    """A confidence level, or a PlanError."""
    problems = Problems()
    check_level(level, problems)
    problems.raise_as(PlanError)
    return float(level)


def variance_estimates(
    fit: MixedFit,
    frame: pd.DataFrame,
    *,
    title: str,
    method: str,
    level: float,
    notes: Sequence[str] = (),
    citations: Sequence[str] = (),
) -> Estimates:
    """An :class:`Estimates` of a fit whose method is not about degrees of freedom."""
    found: dict[str, Any] = {
        "title": f"{fit.words.outcome}: {title}",
        "outcome": fit.words.outcome,
        "method": method,
        "level": level,
        "primary": str(frame["term"].iloc[0]),
        "stamp": fit.stamp,
        "notes": tuple(dict.fromkeys((*notes, *fit.notes))),
        "citations": tuple(citations),
        "ledger": fit.ledger,
        "verbatim": True,
        "fit": fit,
    }
    return Estimates(frame.assign(n=len(fit.people)), **found)
