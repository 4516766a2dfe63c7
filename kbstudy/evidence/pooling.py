"""Several studies as one estimate: fixed and random effects, and how far a new study may lie from it."""

from __future__ import annotations

import html
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem, Problems, SmallSample, StudyWarning, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

__all__ = ["INTERVALS", "TAU2_METHODS", "Interval", "NarrowInterval", "PoolModel", "Pooled", "Tau2Method", "pool"]

PoolModel = Literal["random", "fixed"]
Tau2Method = Literal["reml", "dersimonian_laird"]
Interval = Literal["hartung_knapp", "hartung_knapp_truncated", "wald"]
MODELS: Final = ("random", "fixed")
TAU2_METHODS: Final = ("reml", "dersimonian_laird")
INTERVALS: Final = ("hartung_knapp", "hartung_knapp_truncated", "wald")

#: Below this many studies Hartung and Knapp's interval rests on a t distribution with one degree of freedom.
FEW_STUDIES: Final = 3
#: Effects that differ by less than this share of their standard errors agree to rounding.
_ROUNDING: Final = 1e-12

_MODEL_WORDS: Final = {"random": "random-effects", "fixed": "fixed-effect"}
_TAU2_WORDS: Final = {"reml": "restricted maximum likelihood", "dersimonian_laird": "DerSimonian and Laird's method"}
_INTERVAL_WORDS: Final = {
    "hartung_knapp": "Hartung and Knapp's method (no truncation)",
    "hartung_knapp_truncated": "Hartung and Knapp's method, never with a smaller standard error than the usual one",
    "wald": "the normal distribution",
}
_CITATIONS: Final = {
    "reml": (
        "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model. "
        "J Educ Behav Stat 2005;30:261-293. doi:10.3102/10769986030003261"
    ),
    "dersimonian_laird": (
        "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188. "
        "doi:10.1016/0197-2456(86)90046-2"
    ),
    "hartung_knapp": (
        "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single covariate. "
        "Stat Med 2003;22:2693-2710. doi:10.1002/sim.1482"
    ),
    "prediction": (
        "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. "
        "J R Stat Soc A 2009;172:137-159. doi:10.1111/j.1467-985X.2008.00552.x"
    ),
    "i2": (
        "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558. "
        "doi:10.1002/sim.1186"
    ),
}


class NarrowInterval(StudyWarning):
    """Hartung and Knapp's interval is narrower than the one of the normal distribution."""


@dataclass(frozen=True, repr=False)
class Pooled:
    """One estimate from several studies. Made by :func:`kbstudy.pool`.

    Parameters
    ----------
    estimate, se, low, high
        The pooled effect with its standard error and interval.
    prediction_low, prediction_high
        Where the true effect of a new study of the same kind is expected; NaN for a fixed effect and below three
        studies.
    tau2
        Variance of the true effects between studies, in the square of the effects' unit; 0 by assumption for a fixed
        effect, NaN for a single study.
    i2
        Share of the variation of the effects that is not chance, per cent; NaN for a single study.
    q, q_df, q_p
        Cochran's Q, its degrees of freedom and its p-value.
    k
        How many studies.
    df
        Degrees of freedom of the interval; infinite for the normal distribution.
    weights
        Per cent, one a study, summing to 100.
    labels, effects, variances
        What was pooled.
    model, tau2_method, interval, level
        As asked for; ``tau2_method`` is empty for a fixed effect.
    notes
        What a reader has to know beside the numbers.
    outcome, unit, decimals, better
        For words, tables and figures only; set them with :meth:`with_`.
    """

    estimate: float
    se: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    tau2: float
    i2: float
    q: float
    q_df: int
    q_p: float
    k: int
    df: float
    weights: tuple[float, ...]
    labels: tuple[str, ...]
    effects: tuple[float, ...]
    variances: tuple[float, ...]
    model: PoolModel
    tau2_method: Tau2Method | Literal[""]
    interval: Interval
    level: float
    notes: tuple[str, ...] = ()
    outcome: str = field(default="the effect", compare=False)
    unit: str = field(default="", compare=False)
    decimals: int = field(default=2, compare=False)

    def with_(self, **changes: Any) -> Pooled:
        """A copy with other words: ``pooled.with_(outcome="Pain", unit="points", decimals=1)``."""
        return replace(self, **changes)

    # ---- views ---------------------------------------------------------------------------------------------------

    def table(self) -> pd.DataFrame:
        """Every study with its interval and weight, the pooled effect, and where a new study is expected.

        Returns
        -------
        pandas.DataFrame
            Columns ``study``, ``estimate``, ``low``, ``high``, ``weight`` (per cent). The intervals of the studies are
            estimate ± z SE, from what was pooled.
        """
        z = _z(self.level)
        rows: list[tuple[str, float, float, float, float]] = [
            (label, effect, effect - z * math.sqrt(variance), effect + z * math.sqrt(variance), weight)
            for label, effect, variance, weight in zip(
                self.labels, self.effects, self.variances, self.weights, strict=True
            )
        ]
        rows.append((self.row_name, self.estimate, self.low, self.high, 100.0))
        if not math.isnan(self.prediction_low):
            rows.append(("A new study", self.estimate, self.prediction_low, self.prediction_high, math.nan))
        return pd.DataFrame(rows, columns=["study", "estimate", "low", "high", "weight"])

    @property
    def row_name(self) -> str:
        """What the pooled row is called: ``Pooled, random effects``."""
        return f"Pooled, {'random effects' if self.model == 'random' else 'fixed effect'}"

    def leave_one_out(self) -> pd.DataFrame:
        """The pool without each study in turn.

        Returns
        -------
        pandas.DataFrame
            Columns ``without``, ``estimate``, ``se``, ``low``, ``high``, ``tau2``, ``i2``.

        Raises
        ------
        FitError
            If there is only one study.
        """
        if self.k < 2:
            raise FitError("there is one study; without it nothing is left to pool")
        rows = []
        for left_out in range(self.k):
            keep = [index for index in range(self.k) if index != left_out]
            rest = _pooled(
                np.array(self.effects)[keep],
                np.array(self.variances)[keep],
                tuple(self.labels[index] for index in keep),
                _Asked(self.model, self.tau2_method or "reml", self.interval, self.level),
            )
            name = self.labels[left_out]
            rows.append((name, rest.estimate, rest.se, rest.low, rest.high, rest.tau2, rest.i2))
        return pd.DataFrame(rows, columns=["without", "estimate", "se", "low", "high", "tau2", "i2"])

    def sentence(self) -> str:
        """One sentence, or two, for a results section."""
        unit = f" {self.unit}" if self.unit else ""
        digits = self.decimals
        found = f"{fmt.number(self.estimate, digits)}{unit}"
        span = f"{fmt.confidence(self.level)} CI {fmt.interval(self.low, self.high, digits)}"
        outcome = f"{self.outcome[:1].upper()}{self.outcome[1:]}"
        if self.k == 1:
            return f"{outcome}: {found} ({span}) in {self.labels[0]}, the only study; nothing was pooled."
        how = "random effects" if self.model == "random" else "a fixed effect"
        first = f"{outcome}: {found} ({span}) over {self.k} studies, with {how}"
        spread = f"I² {fmt.number(self.i2, 0)}%, Q({self.q_df}) = {fmt.number(self.q, 2)}, {fmt.p_text(self.q_p)}"
        if self.model == "random":
            spread = f"τ² {_significant(self.tau2)}, {spread}"
        if math.isnan(self.prediction_low):
            return f"{first} ({spread})."
        new = fmt.interval(self.prediction_low, self.prediction_high, digits)
        level = fmt.confidence(self.level)
        return f"{first} ({spread}). The true effect of a new study is expected from {new}{unit} ({level} prediction)."

    def methods(self) -> str:
        """The methods paragraph, with references."""
        if self.k == 1:
            return "One study was found, so nothing was pooled; its interval is that of the normal distribution."
        what = f"Effects were pooled in a {_MODEL_WORDS[self.model]} model with inverse-variance weights"
        citations = [_CITATIONS["i2"]]
        if self.model == "random":
            assert self.tau2_method, "a random-effects model has a method for its variance"
            what += f"; the variance between studies (τ²) was estimated by {_TAU2_WORDS[self.tau2_method]}"
            citations.insert(0, _CITATIONS[self.tau2_method])
        what += f". The confidence interval is by {_INTERVAL_WORDS[self.interval]}."
        if self.interval != "wald":
            citations.append(_CITATIONS["hartung_knapp"])
        if not math.isnan(self.prediction_low):
            what += " The prediction interval uses a t distribution on k − 2 degrees of freedom (Higgins 2009)."
            citations.append(_CITATIONS["prediction"])
        way = "τ² and the typical sampling variance" if self.model == "random" else "Q"
        what += f" I² was computed from {way}."
        return " ".join([what, *citations])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the forest plot."""
        from kbstudy.figures import plot_forest

        return plot_forest(self, ax=ax)

    def to_dict(self) -> dict[str, Any]:
        """Every number, ready for JSON."""
        names = ("estimate", "se", "low", "high", "prediction_low", "prediction_high", "tau2", "i2", "q", "q_df", "q_p")
        asked = ("k", "df", "model", "tau2_method", "interval", "level", "outcome", "unit")
        rows = zip(self.labels, self.effects, self.variances, self.weights, strict=True)
        return {
            **{name: getattr(self, name) for name in (*names, *asked)},
            "studies": [dict(zip(("label", "effect", "variance", "weight"), row, strict=True)) for row in rows],
            "leave_one_out": self.leave_one_out().to_dict("records") if self.k > 1 else [],
            "notes": list(self.notes),
            "sentence": self.sentence(),
            "methods": self.methods(),
        }

    def _in_words(self) -> pd.DataFrame:
        digits = self.decimals
        table = self.table()
        unit = f" ({self.unit})" if self.unit else ""
        return pd.DataFrame(
            {
                "": table["study"],
                f"Estimate{unit}": [fmt.number(value, digits) for value in table["estimate"]],
                f"{fmt.confidence(self.level)} interval": [
                    fmt.interval(low, high, digits) for low, high in zip(table["low"], table["high"], strict=True)
                ],
                "Weight (%)": [fmt.number(value, 1) for value in table["weight"]],
            }
        )

    def __str__(self) -> str:
        return "\n".join([self._in_words().to_string(index=False), self.sentence(), self.methods(), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        notes = fmt.html_small((self.methods(), *self.notes))
        return f"{fmt.html_table(self._in_words())}<p>{html.escape(self.sentence())}</p>{notes}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """How to pool."""

    model: PoolModel
    tau2_method: Tau2Method
    interval: Interval
    level: float


def pool(
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    model: PoolModel = "random",
    tau2_method: Tau2Method = "reml",
    interval: Interval | None = None,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> Pooled:
    """Pool the effects of several studies into one (meta-analysis).

    Parameters
    ----------
    effects
        One effect a study, all of the same measure and in the same unit: mean differences, standardised mean
        differences, log ratios. Ratios are pooled as logarithms.
    variances
        Their sampling variances (the squares of the standard errors).
    model
        ``"random"``: the true effects differ between studies, and their mean is estimated. ``"fixed"``: all studies
        estimate the same effect.
    tau2_method
        For random effects, how the variance between studies is estimated: ``"reml"`` (restricted maximum likelihood) or
        ``"dersimonian_laird"``.
    interval
        ``"hartung_knapp"`` (t on k - 1 degrees of freedom with an estimated scale; if not said, for random effects),
        ``"hartung_knapp_truncated"`` (the same, with a scale of at least 1) or ``"wald"`` (normal; if not said, for a
        fixed effect, where it is the only one).
    labels
        Names of the studies, each different.
    level
        Confidence level of the intervals.

    Returns
    -------
    Pooled
        Estimate with its interval, prediction interval, τ², I², Q, weights; ``leave_one_out()``, ``sentence()``,
        ``methods()``, ``table()`` and ``plot()``.

    Raises
    ------
    PlanError
        If an argument is unknown or the lengths differ.
    FitError
        If there is no study, an effect or variance is not a finite number, a variance is not larger than 0, or all
        effects are the same, which leaves Hartung and Knapp's interval without a width.

    Warns
    -----
    SmallSample
        If there are two studies: Hartung and Knapp's interval is then one of a t distribution with one degree of
        freedom.
    NarrowInterval
        If Hartung and Knapp's interval is narrower than the normal one.

    When not to use
    ---------------
    For several effects of the same people: they are not independent, and a pool would count the people twice. For
    studies of different questions: the result then answers none of them.

    Notes
    -----
    With weights w = 1 / (v + τ²) the estimate is Σwy / Σw. REML maximises the restricted likelihood over τ² ≥ 0; every
    stationary point is found, and the highest is taken. Wald's SE is (Σw)^(-1/2); Hartung and Knapp's multiplies its
    square by Σw(y - estimate)² / (k - 1). I² is 100 τ² / (τ² + s²) with the typical sampling variance s² of Higgins
    and Thompson (for a fixed effect 100 (Q - k + 1) / Q, at least 0). The prediction interval is estimate ±
    t(k - 2) (τ² + SE²)^(1/2) (Higgins 2009). With one study, its normal interval is given and nothing is pooled.

    References
    ----------
    Viechtbauer W. Conducting meta-analyses in R with the metafor package. J Stat Softw 2010;36(3):1-48.
    doi:10.18637/jss.v036.i03

    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. J R Stat Soc A
    2009;172:137-159. doi:10.1111/j.1467-985X.2008.00552.x

    Validated against: metafor 3.8-1 on four of its data sets (``tests/reference/meta``), and statsmodels.

    Examples
    --------
    >>> import kbstudy as kb
    >>> pooled = kb.pool([-0.3, -0.5, -0.2, -0.8], [0.02, 0.03, 0.04, 0.05], labels=["A", "B", "C", "D"])
    >>> round(pooled.estimate, 3), round(pooled.low, 2), round(pooled.high, 2)
    (-0.424, -0.81, -0.04)
    >>> kb.pool([-0.3], [0.02], labels=["A"]).sentence()
    'The effect: −0.30 (95% CI −0.58 to −0.02) in A, the only study; nothing was pooled.'
    """
    asked = _asked(model, tau2_method, interval, level)
    y, v, names = _checked(effects, variances, labels)
    _refuse_no_width(y, v, asked)
    pooled = _pooled(y, v, names, asked)
    _warn(pooled)
    return pooled


def _asked(model: str, tau2_method: str, interval: str | None, level: float) -> _Asked:
    if interval is None:
        interval = "wald" if model == "fixed" else "hartung_knapp"
    problems = Problems()
    for name, value, known in (
        ("model", model, MODELS),
        ("tau2_method", tau2_method, TAU2_METHODS),
        ("interval", interval, INTERVALS),
    ):
        if value not in known:
            words = ", ".join(f'"{word}"' for word in known)
            problems.add(Problem(f'{name} is "{value}" and must be one of {words}{did_you_mean(str(value), known)}'))
    if model == "fixed" and interval in INTERVALS and interval != "wald":
        what = f'interval is "{interval}", which estimates how much studies differ; a fixed effect says they do not'
        problems.add(Problem(what, do='Leave interval out, or use model = "random".'))
    if not 0 < level < 1:
        problems.add(Problem(f"level is {level:g} and must lie between 0 and 1, such as 0.95"))
    problems.raise_as(PlanError)
    return _Asked(model, tau2_method, interval, float(level))  # type: ignore[arg-type]


def _checked(
    effects: ArrayLike, variances: ArrayLike, labels: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    y, v = (_as_numbers(name, values) for name, values in (("effects", effects), ("variances", variances)))
    if len(y) != len(v):
        raise PlanError(f"there are {len(y)} effects and {len(v)} variances; each study needs both")
    if not len(y):
        raise FitError("there is no study to pool")
    names = tuple(f"study {number + 1}" for number in range(len(y))) if labels is None else tuple(map(str, labels))
    if len(names) != len(y):
        raise PlanError(f"there are {len(y)} effects and {len(names)} labels")
    problems = Problems()
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        do = "A study that is pooled twice counts its people twice; give two arms of one study different names."
        problems.add(Problem(f'the label "{name}" is used {names.count(name)} times', do=do))
    for name, effect, variance in zip(names, y, v, strict=True):
        if not math.isfinite(effect):
            problems.add(Problem(f"{name}: the effect is {effect:g}, which is not a finite number"))
        if not (math.isfinite(variance) and variance > 0):
            do = "A variance is the square of a standard error. A study without one cannot be weighted: leave it out."
            problems.add(Problem(f"{name}: the variance is {variance:g} and must be larger than 0", do=do))
    problems.raise_as(FitError)
    return y, v, names


def _as_numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise PlanError(f"{name} must be numbers, one a study") from None
    if found.ndim != 1:
        raise PlanError(f"{name} must be a list of numbers, one a study, and has {found.ndim} dimensions")
    return found


def _refuse_no_width(y: NDArray[np.float64], v: NDArray[np.float64], asked: _Asked) -> None:
    """Effects without any difference leave nothing to estimate the scale of an interval from."""
    if len(y) > 1 and asked.interval == "hartung_knapp" and _agree(y, v):
        raise FitError(
            Problem(
                f"all {len(y)} effects are {y[0]:g}, so Hartung and Knapp's interval has no width",
                do='Use interval = "hartung_knapp_truncated" or "wald".',
            )
        )


def _agree(y: NDArray[np.float64], v: NDArray[np.float64]) -> bool:
    return bool(np.ptp(y) <= _ROUNDING * max(math.sqrt(v.min()), float(np.abs(y).max())))


def _pooled(y: NDArray[np.float64], v: NDArray[np.float64], labels: tuple[str, ...], asked: _Asked) -> Pooled:
    k = len(y)
    fixed = 1.0 / v
    q = float(fixed @ (y - fixed @ y / fixed.sum()) ** 2)
    tau2 = _tau2(y, v, asked)
    w = 1.0 / (v + (0.0 if math.isnan(tau2) else tau2))
    estimate = float(w @ y / w.sum())
    se, df = _standard_error(y, w, estimate, asked)
    half = _quantile(asked.level, df) * se
    new = _prediction_half(tau2, se, k, asked)
    return Pooled(
        estimate=estimate,
        se=se,
        low=estimate - half,
        high=estimate + half,
        prediction_low=estimate - new,
        prediction_high=estimate + new,
        tau2=tau2,
        i2=_i2(v, tau2, q, asked.model),
        q=q if k > 1 else 0.0,
        q_df=k - 1,
        q_p=_chi2_tail(q, k - 1),
        k=k,
        df=df,
        weights=tuple(float(share) for share in 100.0 * w / w.sum()),
        labels=labels,
        effects=tuple(map(float, y)),
        variances=tuple(map(float, v)),
        model=asked.model,
        tau2_method=asked.tau2_method if asked.model == "random" else "",
        interval=asked.interval if k > 1 else "wald",
        level=asked.level,
        notes=tuple(_notes(y, w, se, df, asked)),
    )


def _standard_error(
    y: NDArray[np.float64], w: NDArray[np.float64], estimate: float, asked: _Asked
) -> tuple[float, float]:
    """The standard error of the estimate, and the degrees of freedom of its interval."""
    usual = 1.0 / math.sqrt(w.sum())
    if asked.interval == "wald" or len(y) == 1:
        return usual, math.inf
    scale = _scale(y, w, estimate)
    if asked.interval == "hartung_knapp_truncated":
        scale = max(scale, 1.0)
    return usual * math.sqrt(scale), float(len(y) - 1)


def _scale(y: NDArray[np.float64], w: NDArray[np.float64], estimate: float) -> float:
    """By how much the effects vary, as a multiple of what their weights say."""
    return float(w @ (y - estimate) ** 2 / (len(y) - 1))


def _prediction_half(tau2: float, se: float, k: int, asked: _Asked) -> float:
    if asked.model == "fixed" or k < FEW_STUDIES:
        return math.nan
    return _quantile(asked.level, k - 2.0) * math.sqrt(tau2 + se**2)


def _i2(v: NDArray[np.float64], tau2: float, q: float, model: PoolModel) -> float:
    """Per cent of the variation that is not sampling, from τ² (random) or Q (fixed)."""
    k = len(v)
    if k == 1:
        return math.nan
    if model == "fixed":
        return 100.0 * max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0
    w = 1.0 / v
    typical = (k - 1) / (w.sum() - (w @ w) / w.sum())
    return float(100.0 * tau2 / (tau2 + typical))


# ---- the variance between studies --------------------------------------------------------------------------------


def _tau2(y: NDArray[np.float64], v: NDArray[np.float64], asked: _Asked) -> float:
    if len(y) == 1:
        return math.nan
    if asked.model == "fixed" or _agree(y, v):
        return 0.0
    return _dersimonian_laird(y, v) if asked.tau2_method == "dersimonian_laird" else _reml(y, v)


def _dersimonian_laird(y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """The excess of Q over its expectation."""
    w = 1.0 / v
    q = w @ (y - w @ y / w.sum()) ** 2
    return max(0.0, float((q - (len(y) - 1)) / (w.sum() - (w @ w) / w.sum())))


def _reml(y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """The τ² with the highest restricted likelihood: zero, or a place where the score falls through zero.

    Beyond ``top`` the score is negative whatever the data: there Σw²(y - m)² ≤ S / τ⁴ is below (k - 1) / (max v + τ²),
    the smallest that Σw - Σw² / Σw can be. So nothing is missed above it, and the grid below it is only needed for a
    likelihood with several peaks.
    """
    from scipy.optimize import brentq

    mean_square = float(np.sum((y - y.mean()) ** 2) / (len(y) - 1))
    top = 1.01 * (mean_square + math.sqrt(mean_square**2 + 4.0 * mean_square * v.max())) / 2.0
    grid = np.concatenate([[0.0], np.geomspace(1e-9 * top, top, 400)])
    score = _score(grid, y, v)
    falls = np.flatnonzero((score[:-1] > 0) & (score[1:] <= 0))
    peaks = [0.0] if score[0] <= 0 else []
    for left in falls:
        ends = float(grid[left]), float(grid[left + 1])
        peaks.append(brentq(lambda t: float(_score(np.array([t]), y, v)[0]), *ends, xtol=1e-16 * top, rtol=1e-15))
    heights = _restricted_likelihood(np.array(peaks), y, v)
    return float(peaks[int(np.argmax(heights))])


def _score(tau2: NDArray[np.float64], y: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slope of the restricted log-likelihood, twice, at each τ²."""
    w = 1.0 / (v + tau2[:, None])
    total = w.sum(axis=1)
    away = y - (w @ y / total)[:, None]
    return np.asarray((w**2 * away**2).sum(axis=1) - total + (w**2).sum(axis=1) / total)


def _restricted_likelihood(
    tau2: NDArray[np.float64], y: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Twice the restricted log-likelihood at each τ², without its constant."""
    w = 1.0 / (v + tau2[:, None])
    total = w.sum(axis=1)
    away = y - (w @ y / total)[:, None]
    return np.asarray(np.log(w).sum(axis=1) - np.log(total) - (w * away**2).sum(axis=1))


# ---- what is said beside the numbers -----------------------------------------------------------------------------


def _notes(y: NDArray[np.float64], w: NDArray[np.float64], se: float, df: float, asked: _Asked) -> list[str]:
    k = len(y)
    if k == 1:
        return ["There is one study: nothing was pooled, and how much studies differ cannot be known."]
    notes = []
    if k < FEW_STUDIES and asked.interval != "wald":
        notes.append(
            f"There are {k} studies: the interval is one of a t distribution with one degree of freedom, and is wide."
        )
    if k < FEW_STUDIES and asked.model == "random":
        notes.append("With two studies there is no prediction interval.")
    elif k == FEW_STUDIES and asked.model == "random":
        notes.append("With three studies the prediction interval uses one degree of freedom, and is very wide.")
    usual = 1.0 / math.sqrt(w.sum())
    if math.isfinite(df) and _quantile(asked.level, df) * se < _z(asked.level) * usual:
        notes.append(_narrow(_quantile(asked.level, df) * se, _z(asked.level) * usual))
    return notes


def _narrow(half: float, usual: float) -> str:
    return (
        "The effects agree better than their standard errors would lead one to expect, so Hartung and Knapp's interval "
        f"is narrower than the normal one ({fmt.number(100 * half / usual, 0)}% of its width); "
        'interval = "hartung_knapp_truncated" prevents that.'
    )


def _warn(pooled: Pooled) -> None:
    for note in pooled.notes:
        if pooled.k > 1 and note.startswith("There are"):
            warnings.warn(note, SmallSample, stacklevel=3)
        elif note.startswith("The effects agree"):
            warnings.warn(note, NarrowInterval, stacklevel=3)


def _significant(value: float) -> str:
    """Three significant digits, because τ² has no natural number of decimals."""
    return fmt.plain(float(f"{value:.3g}"))


def _z(level: float) -> float:
    return _quantile(level, math.inf)


def _quantile(level: float, df: float) -> float:
    from scipy.special import ndtri, stdtrit

    tail = 0.5 + level / 2.0
    return float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))


def _chi2_tail(q: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, q)) if df else math.nan
