"""Several contrasts of one model: p-values and intervals that hold for all of them together. Arrays in, arrays out."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import special

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem, Problems, did_you_mean
from kbstudy.models._frames import FloatArray, check_level
from kbstudy.models.largest_statistic import factor_of, range_tail, tail_by_faces, tail_by_lattice

__all__ = ["METHODS", "Adjusted", "adjust_family"]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Adjusted p-values and intervals, arrays of shape ``(m,)`` in the order of the contrasts.

    Parameters
    ----------
    p, low, high
        Adjusted p-values; limits of the intervals.
    method
        The name of the adjustment, as it was asked for.
    note
        Sentences that a reader needs beside the numbers; empty if there are none.
    """

    p: FloatArray
    low: FloatArray
    high: FloatArray
    method: str
    note: str = ""


def adjust_family(
    estimate: npt.ArrayLike,
    se: npt.ArrayLike,
    df: npt.ArrayLike,
    correlation: npt.ArrayLike | None,
    *,
    method: str,
    level: float = 0.95,
    groups: Sequence[Hashable] | None = None,
    means: int | None = None,
) -> Adjusted:
    """Adjust the tests and intervals of a family of contrasts for their number.

    Parameters
    ----------
    estimate, se, df
        Shape ``(m,)``: the contrasts, their standard errors and degrees of freedom (``inf`` for a normal
        distribution). ``df`` may be one number for all.
    correlation
        Shape ``(m, m)``: correlations of the estimators; contrasts may depend linearly on each other. Only
        ``"dunnett"`` needs it; ``None`` otherwise leaves it out.
    method
        ``"none"``, ``"bonferroni"``, ``"sidak"``, ``"holm"``, ``"hochberg"``, ``"benjamini_hochberg"``, ``"tukey"``
        (all pairwise differences of means), or ``"dunnett"``, which is the exact two-sided multivariate t for any
        family of contrasts and is also called ``"multivariate_t"``.
    level
        Confidence level: of all intervals of a family together where the method has such intervals.
    groups
        A label for each contrast; those with the same label are one family, and each family is adjusted on its own.
        Without labels all contrasts are one family.
    means
        For ``"tukey"``: how many means each family compares, so that it has ``means (means - 1) / 2`` contrasts.

    Returns
    -------
    Adjusted
        p-values, intervals and, in ``note``, what they do not say by themselves. Intervals are simultaneous for
        ``bonferroni``, ``sidak``, ``tukey`` and ``dunnett``; for ``holm``, ``hochberg`` and ``benjamini_hochberg``,
        which have none of a simple form, they are unadjusted and the note says so.

    Raises
    ------
    PlanError
        An unknown method, an impossible level, arrays that do not fit each other or cannot be what they are said to
        be, ``"tukey"`` for a family that is not all pairwise differences of ``means`` means.

    When not to use
    ---------------
    ``benjamini_hochberg`` for a confirmatory claim: it limits the expected share of false findings, not the chance of
    one. ``hochberg`` for contrasts that are negatively correlated: it is proven for independent and positively
    dependent tests only.

    Notes
    -----
    *Tukey*: ``p = P(Q > |t| sqrt(2))`` for the studentized range ``Q`` of ``means`` means; with unequal variances of
    the differences this is Tukey and Kramer's, which errs on the side of caution. *Dunnett*: ``p = P(max |T_j| > |t|)``
    for multivariate t with the correlations given. Where degrees of freedom differ within a family, each contrast is
    held against the distribution with its own, as in emmeans.

    No random numbers enter, so the same input gives the same digits. The multivariate t is computed, for rank ``r`` of
    the correlation matrix,

    - for ``r <= 3`` and any number of contrasts, to 1e-8 and mostly far closer, from
      ``P(max |T_j| > c) = mean over directions u of P(r F > (c / max_j |l_j u|)²)``, ``F`` with ``r`` and ``df``
      degrees of freedom, ``l_j l_k`` the correlations: the distance from the origin integrates to an F probability,
      and directions are integrated face by face by Gauss-Legendre quadrature;
    - for ``r > 3`` by Genz's sequence of conditional normal intervals on a Korobov lattice, with Gauss-Legendre
      quadrature over the chi distribution; dependent contrasts narrow the interval of the last variable that they
      depend on. Largest absolute errors of p seen against one-dimensional integrals (equal correlations up to 0.9, and
      the studentized range): 2e-7 for ``r`` up to 6 without and 5e-6 with dependent contrasts, 1e-5 for ``r`` up to 10.

    References
    ----------
    Tukey-Kramer: Kramer 1956, doi:10.2307/3001469; Dunnett 1955, doi:10.1080/01621459.1955.10501294; single-step
    multivariate t: Hothorn, Bretz & Westfall 2008, doi:10.1002/bimj.200810425; Genz 1992,
    doi:10.1080/10618600.1992.10477010; Genz & Bretz 2009, doi:10.1007/978-3-642-01689-9; Sidak 1967,
    doi:10.1080/01621459.1967.10482935; Holm 1979, Scand J Stat 6:65-70; Hochberg 1988, doi:10.1093/biomet/75.4.800;
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x

    Validated against
    -----------------
    R 4.2.2: emmeans 1.8.4 (``warpbreaks``, ``pigs``), ``p.adjust``, ``ptukey`` and mvtnorm 1.1-3 ``pmvt``, ``qmvt``
    with 2 to 6 contrasts (``tests/reference/multiplicity/``). ``ptukey`` is off by up to 1.5e-6 for 3 means and 3
    degrees of freedom, where ``scipy.stats.studentized_range`` agrees with this module to 1e-12.

    Examples
    --------
    Three means of equal precision, all pairs, 12 degrees of freedom:

    >>> pairs = [[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]]
    >>> for method in ("none", "bonferroni", "tukey", "multivariate_t"):
    ...     found = adjust_family([2.0, 3.0, 1.0], [1.0] * 3, 12, pairs, method=method, means=3)
    ...     print(f"{method}: p {found.p[1]:.4f}, {found.low[1]:.2f} to {found.high[1]:.2f}")
    none: p 0.0111, 0.82 to 5.18
    bonferroni: p 0.0332, 0.22 to 5.78
    tukey: p 0.0277, 0.33 to 5.67
    multivariate_t: p 0.0277, 0.33 to 5.67
    """
    problems = Problems()
    _check_method(method, problems)
    check_level(level, problems)
    whole = _read(estimate, se, df, correlation, problems)
    if not problems.found and whole is not None:
        _check_rest(whole, method, groups, means, problems)
    problems.raise_as(PlanError)
    assert whole is not None
    return _adjust(whole, _members(len(whole.estimate), groups), method, level, means or 0)


@dataclass(frozen=True)
class _Family:
    """Contrasts that are adjusted together; ``correlation`` is ``None`` where it was not given."""

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    correlation: FloatArray | None

    @property
    def size(self) -> int:
        return len(self.estimate)

    @cached_property
    def t(self) -> FloatArray:
        """Absolute test statistics."""
        size: FloatArray = np.abs(self.estimate / self.se)
        return size

    @cached_property
    def p(self) -> FloatArray:
        """Unadjusted two-sided p-values."""
        return _two_sided(self.t, self.df)

    def part(self, rows: npt.NDArray[np.intp]) -> _Family:
        """Some of the contrasts."""
        matrix = None if self.correlation is None else self.correlation[np.ix_(rows, rows)]
        return _Family(self.estimate[rows], self.se[rows], self.df[rows], matrix)


#: p-values, and by how many standard errors the limits lie from the estimate.
_Found = tuple[FloatArray, FloatArray]


def _members(m: int, groups: Sequence[Hashable] | None) -> list[npt.NDArray[np.intp]]:
    """The positions of each family's contrasts."""
    labels = [None] * m if groups is None else list(groups)
    return [np.flatnonzero([label == own for label in labels]) for own in dict.fromkeys(labels)]


def _adjust(whole: _Family, members: list[npt.NDArray[np.intp]], method: str, level: float, means: int) -> Adjusted:
    p, reach = np.empty(whole.size), np.empty(whole.size)
    families = [whole.part(rows) for rows in members]
    for rows, family in zip(members, families, strict=True):
        p[rows], reach[rows] = METHODS[method](family, 1 - level, means)
    half = reach * whole.se
    return Adjusted(p, whole.estimate - half, whole.estimate + half, method, _note(families, method))


# ---- one distribution for each contrast --------------------------------------------------------------------------


def _two_sided(t: FloatArray, df: npt.ArrayLike) -> FloatArray:
    """``P(|T| > t)``; normal where ``df`` is infinite."""
    tail: FloatArray = np.where(np.isinf(df), special.ndtr(-t), special.stdtr(df, -t))
    return 2 * tail


def _quantile(alpha: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """What ``|T|`` exceeds with probability ``alpha``."""
    half = np.asarray(alpha) / 2
    found: FloatArray = -np.where(np.isinf(df), special.ndtri(half), special.stdtrit(df, half))
    return found


def _none(family: _Family, alpha: float, _: int) -> _Found:
    return family.p, _quantile(alpha, family.df)


def _bonferroni(family: _Family, alpha: float, _: int) -> _Found:
    return np.minimum(family.size * family.p, 1), _quantile(alpha / family.size, family.df)


def _sidak(family: _Family, alpha: float, _: int) -> _Found:
    # Through logarithms, because 1 - p has no digits left for a p-value such as 1e-17.
    with np.errstate(divide="ignore"):
        p = -np.expm1(family.size * np.log1p(-np.minimum(family.p, 1)))
    return p, _quantile(-math.expm1(math.log1p(-alpha) / family.size), family.df)


def _holm(family: _Family, alpha: float, _: int) -> _Found:
    order, ranks = np.argsort(family.p), np.arange(family.size)
    stepped = np.maximum.accumulate((family.size - ranks) * family.p[order])
    return _back(stepped, order), _quantile(alpha, family.df)


def _hochberg(family: _Family, alpha: float, _: int) -> _Found:
    factors = np.arange(1, family.size + 1, dtype="float64")
    return _step_up(family.p, factors), _quantile(alpha, family.df)


def _benjamini_hochberg(family: _Family, alpha: float, _: int) -> _Found:
    factors = family.size / np.arange(family.size, 0, -1)
    return _step_up(family.p, factors), _quantile(alpha, family.df)


def _step_up(p: FloatArray, factors: FloatArray) -> FloatArray:
    """From the largest p-value down, each times its factor, and never more than the one before."""
    order = np.argsort(-p)
    return _back(np.minimum.accumulate(factors * p[order]), order)


def _back(stepped: FloatArray, order: npt.NDArray[np.intp]) -> FloatArray:
    """Sorted p-values in the order of the contrasts again, and none above 1."""
    p = np.empty_like(stepped)
    p[order] = np.minimum(stepped, 1)
    return p


# ---- one distribution for the largest statistic ------------------------------------------------------------------

#: The probability that the largest ``|T|`` of a family exceeds a number, for some degrees of freedom.
_Tail = Callable[[float, float], float]


def _tukey(family: _Family, alpha: float, means: int) -> _Found:
    return _single_step(lambda c, df: range_tail(c * math.sqrt(2), means, df), family, alpha)


def _dunnett(family: _Family, alpha: float, _: int) -> _Found:
    assert family.correlation is not None, "checked before"
    factor = factor_of(family.correlation)
    if factor.shape[1] == 1:
        return _none(family, alpha, 0)
    tail = tail_by_faces if factor.shape[1] <= 3 else tail_by_lattice
    return _single_step(lambda c, df: tail(c, factor, df), family, alpha)


def _single_step(tail: _Tail, family: _Family, alpha: float) -> _Found:
    """Every contrast against the distribution of the largest statistic, with its own degrees of freedom."""
    if family.size == 1:
        return family.p, _quantile(alpha, family.df)
    p, reach = np.empty(family.size), np.empty(family.size)
    for df in np.unique(family.df):
        same = family.df == df
        p[same] = _tails(tail, family.t[same], float(df), family.size)
        reach[same] = _critical(tail, float(df), alpha, family.size)
    return p, reach


def _tails(tail: _Tail, t: FloatArray, df: float, m: int) -> FloatArray:
    sizes, where = np.unique(t, return_inverse=True)
    alone = _two_sided(sizes, df)
    # Both bounds hold for every correlation matrix; they keep p-values smaller than the quadrature's error right.
    found = np.clip([tail(c, df) for c in sizes], alone, np.minimum(m * alone, 1))
    falling: FloatArray = np.minimum.accumulate(found)
    return falling[where]


def _critical(tail: _Tail, df: float, alpha: float, m: int) -> float:
    """Where the tail is ``alpha``: between the quantile of one contrast and Bonferroni's."""
    from scipy.optimize import brentq

    low, high = float(_quantile(alpha, df)), float(_quantile(alpha / m, df))
    # A little wider, because at the ends themselves the tail may be alpha and an error of quadrature.
    return float(brentq(lambda c: tail(c, df) - alpha, low * 0.999, high * 1.001, xtol=1e-8, rtol=1e-12))


#: The adjustments by name.
METHODS: Final[dict[str, Callable[[_Family, float, int], _Found]]] = {
    "none": _none,
    "bonferroni": _bonferroni,
    "sidak": _sidak,
    "holm": _holm,
    "hochberg": _hochberg,
    "benjamini_hochberg": _benjamini_hochberg,
    "tukey": _tukey,
    "dunnett": _dunnett,
    "multivariate_t": _dunnett,
}


# ---- words -------------------------------------------------------------------------------------------------------

_STEPWISE: Final = {"holm": "Holm's", "hochberg": "Hochberg's", "benjamini_hochberg": "Benjamini and Hochberg's"}
_SINGLE_STEP: Final = ("tukey", "dunnett", "multivariate_t")


def _note(families: Sequence[_Family], method: str) -> str:
    several = [family for family in families if family.size > 1]
    notes = []
    if several and method in _STEPWISE:
        name = _STEPWISE[method]
        notes.append(f"p-values are adjusted by {name} procedure, the intervals are not adjusted.")
    differing = [family.df for family in several if np.ptp(_finite(family.df)) > 0]
    if differing and method in _SINGLE_STEP:
        notes.append("Degrees of freedom differ between contrasts; each is adjusted with its own.")
    return " ".join(notes)


def _finite(df: FloatArray) -> FloatArray:
    """Degrees of freedom with a number for infinity, so that they can be compared."""
    return np.nan_to_num(df, posinf=1e300)


# ---- checks ------------------------------------------------------------------------------------------------------


def _check_method(method: str, problems: Problems) -> None:
    if method not in METHODS:
        what = f'method="{method}" is not an adjustment{did_you_mean(str(method), list(METHODS))}'
        problems.add(Problem(what, do=f"The adjustments are: {', '.join(METHODS)}."))


def _read(estimate: Any, se: Any, df: Any, correlation: Any, problems: Problems) -> _Family | None:
    """The input as arrays of floats; ``None`` if they do not fit each other."""
    values, errors = np.asarray(estimate, dtype="float64"), np.asarray(se, dtype="float64")
    degrees = np.asarray(df, dtype="float64")
    matrix = None if correlation is None else np.asarray(correlation, dtype="float64")
    degrees = np.full(values.shape, degrees) if degrees.ndim == 0 else degrees
    misfits = _misfits(values, errors, degrees, matrix)
    problems.extend(misfits)
    if misfits:
        return None
    family = _Family(values, errors, degrees, matrix)
    _check_numbers(family, problems)
    if matrix is not None:
        _check_correlation(matrix, problems)
    return family


def _misfits(values: FloatArray, errors: FloatArray, degrees: FloatArray, matrix: FloatArray | None) -> list[Problem]:
    """Arrays whose shape is not that of the estimates."""
    m = values.size
    wanted: dict[str, tuple[FloatArray, tuple[int, ...]]] = {"se": (errors, (m,)), "df": (degrees, (m,))}
    if matrix is not None:
        wanted["correlation"] = (matrix, (m, m))
    do = "Give one number a contrast, and the correlations as a square matrix."
    if values.ndim != 1 or m == 0:
        return [Problem(f"estimate has the shape {values.shape}", do=do)]
    return [
        Problem(f"{name} has the shape {array.shape}, and {fmt.count(m, 'contrast')} ask for {shape}", do=do)
        for name, (array, shape) in wanted.items()
        if array.shape != shape
    ]


def _check_numbers(family: _Family, problems: Problems) -> None:
    wrong = {
        "estimate": (family.estimate, ~np.isfinite(family.estimate), "An estimate is a finite number."),
        "se": (family.se, ~(np.isfinite(family.se) & (family.se > 0)), "A standard error is finite and above zero."),
        "df": (family.df, ~(family.df > 0), "Degrees of freedom are above zero; inf stands for a normal distribution."),
    }
    for name, (values, bad, do) in wrong.items():
        problems.extend(Problem(f"{name} of contrast {i + 1} is {values[i]:g}", do=do) for i in np.flatnonzero(bad))


def _check_correlation(matrix: FloatArray, problems: Problems) -> None:
    do = "Give the correlations of the contrasts' estimators: L V L' divided by the standard errors on both sides."
    if not np.isfinite(matrix).all():
        problems.add(Problem("correlation holds values that are not finite", do=do))
    elif not np.allclose(np.diag(matrix), 1, rtol=0, atol=1e-8):
        problems.add(Problem("the diagonal of correlation is not 1", do=do))
    elif not np.allclose(matrix, matrix.T, rtol=0, atol=1e-8):
        problems.add(Problem("correlation is not symmetric", do=do))
    elif (lowest := float(np.linalg.eigvalsh(matrix)[0])) < -1e-8:
        problems.add(Problem(f"correlation has the negative eigenvalue {lowest:.2g}: no estimators have it", do=do))


def _check_rest(
    whole: _Family, method: str, groups: Sequence[Hashable] | None, means: int | None, problems: Problems
) -> None:
    """What depends on several arguments."""
    if groups is not None and len(groups) != whole.size:
        what = f"groups has {fmt.count(len(groups), 'label')} for {fmt.count(whole.size, 'contrast')}"
        problems.add(Problem(what, do="Give one label a contrast."))
    elif method == "tukey":
        for rows in _members(whole.size, groups):
            _check_tukey(whole.part(rows), means, problems)
    elif method in _SINGLE_STEP and whole.correlation is None:
        problems.add(Problem(f'method="{method}" needs correlation', do="Give the contrasts' correlation matrix."))


def _check_tukey(family: _Family, means: int | None, problems: Problems) -> None:
    do = 'For any other family of contrasts use method="multivariate_t".'
    if means is None:
        problems.add(Problem('method="tukey" needs means', do="Say how many means are compared: means=3."))
    elif family.size != means * (means - 1) // 2:
        pairs = fmt.count(means * (means - 1) // 2, "pairwise difference")
        what = f'method="tukey" is for all pairs: {means} means have {pairs}, and there are {family.size}'
        problems.add(Problem(what, do=do))
    elif family.correlation is not None and _rank(family.correlation) >= means:
        what = f"these contrasts are not the pairwise differences of {means} means: too few depend on others"
        problems.add(Problem(what, do=do))


def _rank(correlation: FloatArray) -> int:
    return int(np.sum(np.linalg.eigvalsh(correlation) > 1e-7))
