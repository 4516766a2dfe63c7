"""How one standard deviation or correlation is held while everything else of a covariance is fitted.

The component is made one coordinate. In a model of random effects the whitened effects are turned so that it comes
first; in an unstructured covariance the visits are put in an order in which it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from kbstudy.models.mixed.covariance import Chain, Covariance, RandomEffects, RepeatedMeasures, Term
from kbstudy.models.mixed.likelihood import Slopes, Value
from kbstudy.models.mixed.model import EffectsModel
from kbstudy.models.mixed.moments import FloatArray
from kbstudy.models.mixed.structures import STRUCTURES, Layout, Structure
from kbstudy.models.mixed.variances import AWAY, Component, raised

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["Frozen", "Path", "path_of"]

#: ``tanh`` of this is 1 to seven digits: the edge of what a correlation among visits can be.
_EDGE: Final = 8.0
_MOST_STEPS: Final = 60


@dataclass(frozen=True)
class Frozen:
    """A covariance with one parameter held.

    Parameters
    ----------
    inner
        The covariance with all parameters.
    index, value
        Which parameter is held, and where.
    """

    inner: Covariance
    index: int
    value: float

    def _whole(self, theta: FloatArray) -> FloatArray:
        return np.insert(theta, self.index, self.value, axis=1)

    def slopes(self, theta: FloatArray) -> Slopes:
        """Of the covariance with all parameters."""
        return self.inner.slopes(self._whole(theta))

    def chain(self, theta: FloatArray, value: Value) -> Chain:
        """Without the row and column of the parameter that is held."""
        chain = self.inner.chain(self._whole(theta), value)
        hessian = np.delete(np.delete(chain.hessian, self.index, 1), self.index, 2)
        return Chain(np.delete(chain.gradient, self.index, 1), hessian, np.delete(chain.jacobian, self.index, 2))


def _always(theta: FloatArray) -> npt.NDArray[np.bool_]:
    return np.ones(len(theta), dtype="bool")


def _same(value: float) -> float:
    return value


@dataclass(frozen=True)
class Path:
    """How a component is moved.

    Parameters
    ----------
    estimate
        Its coordinate at the optimum.
    at
        The covariance of everything else while the coordinate is held.
    start
        ``(k − 1,)``: everything else at the optimum.
    away
        ``(k − 1,)``: the same with no variance near zero.
    edges
        Coordinates beyond which there is nothing, and what stands in the table there.
    step
        A first step of the coordinate.
    report
        From the coordinate to the user's units.
    valid
        Whether a solution ``(S, k − 1)`` has the component at the coordinate, and not at its mirror image.
    """

    estimate: float
    at: Callable[[float], Covariance]
    start: FloatArray
    away: FloatArray
    edges: tuple[float, float]
    shown: tuple[float, float]
    step: float
    report: Callable[[float], float] = _same
    valid: Callable[[FloatArray], npt.NDArray[np.bool_]] = _always

    def outward(self, side: int) -> Iterator[float]:
        """Values ever further from the estimate, the last one the edge."""
        step, edge = self.step, self.edges[side]
        for _ in range(_MOST_STEPS):
            value = self.estimate + (step if side else -step)
            if (value - edge) * (1 if side else -1) >= 0:
                yield edge
                return
            yield value
            step *= 1.8


def path_of(fit: MixedFit, component: Component) -> Path:
    """The coordinate of a component."""
    theta = fit.solved.optimum.theta[0]
    if isinstance(fit.solved.covariance, RepeatedMeasures):
        return _visits_path(fit.solved.covariance, theta, component, float(fit.solved.scaling.spread[0]))
    assert isinstance(fit.solved.covariance, RandomEffects)
    assert isinstance(fit.model, EffectsModel)
    spread, covariance = float(fit.solved.scaling.spread[0]), fit.solved.covariance
    if component.matrix == len(covariance.terms):
        return _logged(covariance, theta, len(theta) - 1, spread, away=raised(covariance, theta))
    back = fit.model.back[component.matrix]
    if not covariance.terms[component.matrix].correlated:
        return _variance_path(
            covariance, theta, component, np.eye(len(back)), spread * back[component.row, component.row]
        )
    if component.kind == "sd":
        length = float(np.linalg.norm(back[component.row]))
        return _variance_path(covariance, theta, component, _turned(back[[component.row]]), spread * length)
    return _correlation_path(covariance, theta, component, back)


# ---- random effects ----------------------------------------------------------------------------------------------


def _turned(first: FloatArray) -> FloatArray:
    """Rows of length one: those of ``first`` in their directions, and orthonormal ones that complete them."""
    size = first.shape[1]
    rest = np.linalg.svd(first)[2][len(first) :]
    return np.concatenate([first / np.linalg.norm(first, axis=1, keepdims=True), rest.reshape(-1, size)])


def _factor(turn: FloatArray, factor: FloatArray) -> FloatArray:
    """Lower triangular ``M`` with ``MM' = turn LL' turn'`` and no negative diagonal, also where ``L`` is singular."""
    triangle = np.transpose(np.linalg.qr((turn @ factor).T)[1])
    return np.asarray(triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0))


def _block(covariance: RandomEffects, term: int) -> slice:
    """Where the parameters of a term stand in θ."""
    sizes = [len(each.basis) for each in covariance.terms]
    return slice(sum(sizes[:term]), sum(sizes[: term + 1]))


def _swapped(covariance: RandomEffects, term: int, basis: FloatArray) -> RandomEffects:
    """The same with another basis for one term."""
    terms = list(covariance.terms)
    terms[term] = Term(basis, terms[term].correlated)
    return replace(covariance, terms=tuple(terms))


def _variance_path(
    covariance: RandomEffects, theta: FloatArray, component: Component, turn: FloatArray, unit: float
) -> Path:
    """A standard deviation: the first diagonal entry of the factor of the turned effects."""
    block = _block(covariance, component.matrix)
    old = covariance.terms[component.matrix]
    index = block.start + (0 if old.correlated else component.row)
    whole = theta.copy()
    if old.correlated:
        turned = _factor(turn, np.tensordot(theta[block], old.basis, 1))
        whole[block] = turned[np.tril_indices(old.size)]
        covariance = _swapped(covariance, component.matrix, np.linalg.inv(turn) @ Term.of(old.size).basis)
    plain = replace(covariance, terms=tuple(Term.of(t.size, correlated=t.correlated) for t in covariance.terms))
    estimate = abs(float(whole[index]))
    return Path(
        estimate,
        lambda value: Frozen(covariance, index, value),
        np.delete(whole, index),
        np.delete(raised(plain, whole), index),
        (0.0, np.inf),
        (0.0, np.inf),
        step=max(0.5 * estimate, 0.1),
        report=lambda value: value * abs(unit),
    )


def _correlation_path(covariance: RandomEffects, theta: FloatArray, component: Component, back: FloatArray) -> Path:
    """A correlation: with it held, the first two rows of the factor are linear in two standard deviations."""
    block, size = _block(covariance, component.matrix), len(back)
    turn = _turned(back[[component.row, component.column]])
    turned = _factor(turn, np.tensordot(theta[block], covariance.terms[component.matrix].basis, 1))
    sizes, rest = np.linalg.norm(turned[:2], axis=1), turned[np.tril_indices(size)][3:]
    inverted = np.linalg.inv(turn)

    def at(rho: float) -> Covariance:
        basis = Term.of(size).basis
        second = rho * basis[1] + np.sqrt(max(1.0 - rho * rho, 0.0)) * basis[2]
        held = np.concatenate([basis[:1], second[None], basis[3:]])
        return _swapped(covariance, component.matrix, inverted @ held)

    start = np.concatenate([theta[: block.start], sizes, rest, theta[block.stop :]])
    away = start.copy()
    away[block.start : block.start + 2] = np.maximum(sizes, AWAY)
    pair = slice(block.start, block.start + 2)
    estimate = float(turned[1, 0] / sizes[1])
    return Path(
        estimate,
        at,
        start,
        away,
        (-1.0, 1.0),
        (-1.0, 1.0),
        step=0.2,
        # Two standard deviations of opposite sign are the correlation's mirror image.
        valid=lambda found: np.prod(found[:, pair], axis=1) >= 0,
    )


# ---- visits ------------------------------------------------------------------------------------------------------


def _logged(
    covariance: Covariance,
    theta: FloatArray,
    index: int,
    unit: float,
    away: FloatArray | None = None,
) -> Path:
    """A coordinate that is the logarithm of what is reported."""
    return Path(
        float(theta[index]),
        lambda value: Frozen(covariance, index, value),
        np.delete(theta, index),
        np.delete(theta if away is None else away, index),
        (-np.inf, np.inf),
        (0.0, np.inf),
        step=0.2,
        report=lambda value: float(unit * np.exp(value)),
    )


def _visits_path(covariance: RepeatedMeasures, theta: FloatArray, component: Component, spread: float) -> Path:
    name = covariance.structure.name.removesuffix("_heterogeneous")
    if name == "unstructured":
        return _unstructured_path(covariance, theta, component, spread)
    each = len(theta) // covariance.groups
    first = component.matrix * each
    if component.kind == "sd":
        return _logged(covariance, theta, first + component.row, spread)
    if component.kind == "range":
        path = _logged(covariance, theta, first + each - 1, covariance.layout.unit)
        # A range of e⁻⁸ gaps is no correlation at all, one of e¹² gaps no difference between visits.
        return replace(path, edges=(-_EDGE, 1.5 * _EDGE))
    variances = each - covariance.structure.correlations(covariance.layout.visits)
    if name == "compound_symmetry":
        return _compound_path(covariance, theta, first + variances)
    if name == "toeplitz" and component.row > 1:
        covariance, theta = _by_lag(covariance, theta, component.row)
    index = first + variances + (0 if name == "ar1" else component.row - 1)
    return _tanh_path(covariance, theta, index)


def _tanh_path(covariance: Covariance, theta: FloatArray, index: int) -> Path:
    """A coordinate whose hyperbolic tangent is a correlation."""
    return Path(
        float(np.clip(theta[index], -_EDGE, _EDGE)),
        lambda value: Frozen(covariance, index, value),
        np.delete(theta, index),
        np.delete(theta, index),
        (-_EDGE, _EDGE),
        (-1.0, 1.0),
        step=0.2,
        report=lambda value: float(np.tanh(value)),
    )


def _compound_path(covariance: RepeatedMeasures, theta: FloatArray, index: int) -> Path:
    """The correlation of compound symmetry goes from ``−1/(T − 1)`` to 1 as its coordinate goes from −∞ to ∞."""
    lowest = -1.0 / max(covariance.layout.visits - 1, 1)
    path = _tanh_path(covariance, theta, index)
    return replace(
        path,
        estimate=float(theta[index]),
        edges=(-2.0 * _EDGE, 2.0 * _EDGE),
        shown=(lowest, 1.0),
        report=lambda value: float(lowest + (1.0 - lowest) / (1.0 + np.exp(-value))),
    )


def _unstructured_path(covariance: RepeatedMeasures, theta: FloatArray, component: Component, spread: float) -> Path:
    """The visits in an order that starts with the one or two in question."""
    visits = covariance.layout.visits
    second = component.column if component.kind == "correlation" else (component.row + 1) % visits
    order = [component.row, second, *(i for i in range(visits) if i not in (component.row, second))]
    matrices = covariance.matrices(theta[None])[0]
    moved = replace(covariance, structure=_leading(order))
    whole = np.concatenate([_leading_start(matrix[np.ix_(order, order)]) for matrix in matrices])
    first = component.matrix * len(whole) // covariance.groups
    if component.kind == "sd":
        return _logged(moved, whole, first, spread)
    return _tanh_path(moved, whole, first + 1)


def _leading(order: Sequence[int]) -> Structure:
    """Unstructured, with the first visit's log SD, the first pair's atanh correlation, the second's log SD in front."""
    back = np.argsort(order)
    rows, columns = np.tril_indices(len(order))

    def matrix(theta: Any, layout: Layout) -> Any:
        factor = np.zeros((*theta.shape[:-1], layout.visits, layout.visits), dtype=theta.dtype)
        factor[..., rows, columns] = np.where(rows == columns, np.exp(theta), theta)
        second, eta = np.exp(theta[..., 2]), theta[..., 1]
        factor[..., 1, 0], factor[..., 1, 1] = second * np.tanh(eta), second / np.cosh(eta)
        found = factor @ np.swapaxes(factor, -1, -2)
        return found[..., back[:, None], back]

    return replace(STRUCTURES["unstructured"], correlation=matrix)


def _leading_start(matrix: FloatArray) -> FloatArray:
    """The parameters of :func:`_leading` for a covariance matrix in its order."""
    factor = np.linalg.cholesky(matrix)
    rows, columns = np.tril_indices(len(matrix))
    entries = np.where(rows == columns, np.log(np.abs(factor[rows, columns]) + 1e-300), factor[rows, columns])
    sd = np.sqrt(matrix[1, 1])
    entries[1], entries[2] = np.arctanh(factor[1, 0] / sd), np.log(sd)
    return entries


def _by_lag(covariance: RepeatedMeasures, theta: FloatArray, lag: int) -> tuple[RepeatedMeasures, FloatArray]:
    """Toeplitz with the correlation at one lag itself in the place of its partial autocorrelation."""
    structure, layout = covariance.structure, covariance.layout
    at = (layout.visits if structure.heterogeneous else 1) + lag - 1
    whole = theta.reshape(covariance.groups, -1).copy()
    matrices = structure.matrix(whole, layout)
    whole[:, at] = np.arctanh(matrices[:, lag, 0] / np.sqrt(matrices[:, 0, 0] * matrices[:, lag, lag]))

    def correlation(parameters: Any, layout: Layout) -> Any:
        return structure.correlation(_partial(parameters, lag), layout)

    return replace(covariance, structure=replace(structure, correlation=correlation)), whole.reshape(-1)


def _partial(parameters: Any, lag: int) -> Any:
    """Partial autocorrelations, hyperbolic arctangents, from those of the other lags and the correlation at one."""
    phi: list[Any] = []
    rho = [np.ones_like(parameters[..., 0])]
    spread = np.ones_like(parameters[..., 0])
    for step in range(lag - 1):
        reflected = np.tanh(parameters[..., step])
        ahead = sum((phi[j] * rho[step - j] for j in range(step)), np.zeros_like(spread))
        rho.append(ahead + reflected * spread)
        phi = [phi[j] - reflected * phi[step - 1 - j] for j in range(step)] + [reflected]
        spread = spread * (1.0 - reflected**2)
    ahead = sum((phi[j] * rho[lag - 1 - j] for j in range(lag - 1)), np.zeros_like(spread))
    found = parameters.copy()
    # Outside (−1, 1) no covariance has this correlation; arctanh then is NaN (or, complex, not on the real axis).
    needed = (np.tanh(parameters[..., lag - 1]) - ahead) / spread
    needed = np.where(np.abs(np.real(needed)) < 1.0, needed, np.nan)
    found[..., lag - 1] = np.arctanh(needed)
    return found
