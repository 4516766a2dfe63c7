"""From what a paper printed to an effect and its variance; every conversion says what it assumes.

Functions named ``se_from_...`` and ``sd_...`` return a :class:`Converted` number, the others an :class:`Effect` for
:func:`kbstudy.pool`. What has to be assumed is a required argument, and :func:`vary` repeats a conversion with other
values of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem

__all__ = [
    "Converted",
    "Effect",
    "Standardiser",
    "log_ratio_from_percent",
    "log_ratio_of_change",
    "log_ratio_of_means",
    "mean_change",
    "mean_difference",
    "sd_from_se",
    "sd_of_change",
    "se_from_f",
    "se_from_interval",
    "se_from_p",
    "se_from_t",
    "standardised_mean_change",
    "standardised_mean_difference",
    "standardised_mean_difference_from_t",
    "vary",
]

Standardiser = Literal["raw_scores", "change_scores"]
_STANDARDISERS: Final = {
    "raw_scores": "standardised by the SD of raw scores, pooled over the arms",
    "change_scores": (
        "standardised by the SD of change scores, pooled over the arms: not comparable with effects standardised by "
        "raw scores unless before and after correlate by 0.5"
    ),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """A number that was not printed but follows from what was, and what had to be assumed."""

    value: float
    what: str
    assumes: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.what} = {self.value:.6g}{_because(self.assumes)}"


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect with its sampling variance, the measure it is on, and what had to be assumed."""

    estimate: float
    variance: float
    measure: str
    assumes: tuple[str, ...] = ()

    @property
    def se(self) -> float:
        """The standard error."""
        return math.sqrt(self.variance)

    def __str__(self) -> str:
        return f"{self.measure}: {self.estimate:.6g} (SE {self.se:.6g}){_because(self.assumes)}"


def _because(assumes: Sequence[str]) -> str:
    return f"; assumes that {fmt.words(list(assumes))}" if assumes else ""


def vary(convert: Callable[..., Converted | Effect], over: str, values: Sequence[float], **known: Any) -> pd.DataFrame:
    """Repeat a conversion with other values of what it assumes.

    Parameters
    ----------
    convert
        A function of this module.
    over
        The name of the argument to vary, for example ``"r"``.
    values
        The values to give it.
    **known
        The other arguments, by name.

    Returns
    -------
    pandas.DataFrame
        One row a value: the argument, and ``value``, or ``estimate`` and ``se``.

    Examples
    --------
    >>> table = vary(sd_of_change, "r", [0.5, 0.7, 0.9], sd_before=10.0, sd_after=10.0)
    >>> [float(round(sd, 2)) for sd in table["value"]]
    [10.0, 7.75, 4.47]
    """
    rows = []
    for value in values:
        found = convert(**known, **{over: value})
        numbers = (
            {"value": found.value} if isinstance(found, Converted) else {"estimate": found.estimate, "se": found.se}
        )
        rows.append({over: value, **numbers})
    return pd.DataFrame(rows)


# ---- standard errors ---------------------------------------------------------------------------------------------


def se_from_interval(low: float, high: float, *, df: float | None = None, level: float = 0.95) -> Converted:
    """The standard error behind a confidence interval.

    Parameters
    ----------
    low, high
        Its ends; of a ratio, the logarithms of its ends.
    df
        Degrees of freedom of the t distribution the paper used; ``None`` for the normal distribution.
    level
        Its confidence level.

    Returns
    -------
    Converted

    Notes
    -----
    SE = (high - low) / (2 q) with the quantile q of the named distribution.

    References
    ----------
    Higgins JPT, Li T, Deeks JJ. Choosing effect measures and computing estimates of effect. Cochrane Handbook, chapter
    6.5.2.

    Validated against: the Handbook's formula with R's ``qnorm`` and ``qt``; Jay 2011.

    Examples
    --------
    >>> print(se_from_interval(-2.7, -0.02, df=38))
    SE = 0.661926; assumes that the 95% interval is symmetric and used a t distribution on 38 degrees of freedom
    """
    _positive({"the width of the interval": high - low})
    if not 0 < level < 1:
        raise PlanError(f"level is {level:g} and must lie between 0 and 1, such as 0.95")
    q = _quantile(0.5 + level / 2, df)
    used = "the normal distribution" if df is None else f"a t distribution on {df:g} degrees of freedom"
    assumed = f"the {fmt.confidence(level)} interval is symmetric and used {used}"
    return Converted((high - low) / (2 * q), "SE", (assumed,))


def se_from_t(difference: float, t: float) -> Converted:
    """The standard error behind a t (or z) statistic of a difference: SE = difference / t.

    Examples
    --------
    >>> se_from_t(-1.4, -2.1).value
    0.6666666666666666
    """
    if t == 0 or difference == 0 or (t > 0) != (difference > 0):
        raise FitError(
            f"a difference of {difference:g} and t = {t:g} do not give a standard error: both must have the same sign "
            "and neither may be 0"
        )
    return Converted(difference / t, "SE", ("the statistic tests this difference against 0",))


def se_from_f(difference: float, f: float) -> Converted:
    """The standard error behind an F with one numerator degree of freedom, which is t squared.

    Examples
    --------
    >>> se_from_f(3.0, 4.0).value
    1.5
    """
    _positive({"F": f})
    if difference == 0:
        raise FitError("a difference of 0 and an F above 0 contradict each other")
    assumed = "F has one numerator degree of freedom and tests this difference against 0"
    return Converted(abs(difference) / math.sqrt(f), "SE", (assumed,))


def se_from_p(difference: float, p: float, *, df: float | None = None) -> Converted:
    """The standard error behind a two-sided p-value of a difference.

    Parameters
    ----------
    difference
        The difference.
    p
        The exact p-value. Of ``p < 0.05`` only a bound follows: the result is then the largest standard error possible.
    df
        Degrees of freedom of the t test; ``None`` for the normal distribution.

    Examples
    --------
    >>> print(se_from_p(2.3, 0.03, df=15))
    SE = 0.959531; assumes that p is exact and two-sided and used a t distribution on 15 degrees of freedom
    """
    if not 0 < p < 1:
        raise FitError(f"p is {p:g} and must lie between 0 and 1; print it exactly, a bound is not enough")
    if difference == 0:
        raise FitError("a difference of 0 has p = 1 whatever its standard error")
    used = "the normal distribution" if df is None else f"a t distribution on {df:g} degrees of freedom"
    return Converted(abs(difference) / -_quantile(p / 2, df), "SE", (f"p is exact and two-sided and used {used}",))


# ---- standard deviations -----------------------------------------------------------------------------------------


def sd_from_se(se: float, n: int) -> Converted:
    """The standard deviation behind the standard error of a mean: SE times the square root of n.

    Examples
    --------
    >>> round(sd_from_se(1.5, 14).value, 2)
    5.61
    """
    _positive({"the SE": se})
    _people(n)
    return Converted(se * math.sqrt(n), "SD", ("the SE is that of the mean of these people",))


def sd_of_change(sd_before: float, sd_after: float, r: float) -> Converted:
    """The standard deviation of a change, from those before and after and their correlation.

    Parameters
    ----------
    sd_before, sd_after
        Standard deviations at the two times.
    r
        Correlation of before and after within the group. Papers rarely print it: vary it.

    Notes
    -----
    SD = (before² + after² - 2 r before after)^(1/2).

    References
    ----------
    Higgins JPT, Li T, Deeks JJ. Cochrane Handbook, chapter 6.5.2.8.

    Validated against: metafor's ``escalc(measure = "MC")``.

    Examples
    --------
    >>> print(sd_of_change(10.0, 10.0, r=0.7))
    SD of the change = 7.74597; assumes that before and after correlate by r = 0.7
    """
    _positive({"the SD before": sd_before, "the SD after": sd_after})
    _correlation(r)
    variance = sd_before**2 + sd_after**2 - 2 * r * sd_before * sd_after
    if not variance > 0:
        raise FitError(f"with r = {r:g} everybody would have changed by the same: the SD of the change would be 0")
    return Converted(math.sqrt(variance), "SD of the change", (f"before and after correlate by r = {r:g}",))


# ---- effects -----------------------------------------------------------------------------------------------------


def mean_difference(
    mean_1: float, sd_1: float, n_1: int, mean_0: float, sd_0: float, n_0: int, *, equal_variances: bool
) -> Effect:
    """The difference of two means, first minus second.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_0, sd_0, n_0
        Of the two arms: values at one time, or changes.
    equal_variances
        Whether the two arms are taken to have one variance, which is then pooled.

    Validated against: metafor's ``escalc(measure = "MD")`` with ``vtype`` ``"LS"`` and ``"HO"``.

    Examples
    --------
    >>> print(mean_difference(12.1, 4.2, 12, 9.8, 3.9, 14, equal_variances=False))
    mean difference: 2.3 (SE 1.59888); assumes that the variances of the arms may differ
    """
    _arms(sd_1, n_1, sd_0, n_0)
    if equal_variances:
        variance = _pooled_sd(sd_1, n_1, sd_0, n_0) ** 2 * (1 / n_1 + 1 / n_0)
        assumed = "the arms have the same variance"
    else:
        variance = sd_1**2 / n_1 + sd_0**2 / n_0
        assumed = "the variances of the arms may differ"
    return Effect(mean_1 - mean_0, variance, "mean difference", (assumed,))


def standardised_mean_difference(
    mean_1: float,
    sd_1: float,
    n_1: int,
    mean_0: float,
    sd_0: float,
    n_0: int,
    *,
    standardised_by: Standardiser,
) -> Effect:
    """Hedges' g of two arms: the difference of means over the pooled SD, corrected for small samples.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_0, sd_0, n_0
        Of the two arms: values at one time, or changes with the SDs of the changes.
    standardised_by
        Which SDs these are: ``"raw_scores"`` or ``"change_scores"``. It changes no number, and says whether the result
        may be pooled with another.

    Notes
    -----
    g = J(n1 + n0 - 2) d with the exact J(m) = Γ(m/2) / ((m/2)^(1/2) Γ((m - 1)/2)), and the variance
    1/n1 + 1/n0 + g² / (2 (n1 + n0)).

    References
    ----------
    Hedges LV. Distribution theory for Glass's estimator of effect size and related estimators. J Educ Stat
    1981;6:107-128. doi:10.3102/10769986006002107

    Validated against: metafor's ``escalc(measure = "SMD", vtype = "LS")``.

    Examples
    --------
    >>> effect = standardised_mean_difference(12.1, 4.2, 12, 9.8, 3.9, 14, standardised_by="raw_scores")
    >>> round(effect.estimate, 3), round(effect.se, 3)
    (0.551, 0.401)
    """
    _arms(sd_1, n_1, sd_0, n_0)
    d = (mean_1 - mean_0) / _pooled_sd(sd_1, n_1, sd_0, n_0)
    return _hedges_g(d, n_1, n_0, (_standardiser(standardised_by),))


def standardised_mean_difference_from_t(t: float, n_1: int, n_0: int, *, standardised_by: Standardiser) -> Effect:
    """Hedges' g from the t statistic of a comparison of two independent arms.

    Validated against: metafor's ``escalc(measure = "SMD", ti = ...)``.

    Examples
    --------
    >>> round(standardised_mean_difference_from_t(2.31, 12, 14, standardised_by="raw_scores").estimate, 3)
    0.88
    """
    _people(n_1)
    _people(n_0)
    d = t * math.sqrt(1 / n_1 + 1 / n_0)
    assumed = "t compares two independent arms with one variance and adjusts for nothing"
    return _hedges_g(d, n_1, n_0, (assumed, _standardiser(standardised_by)))


def mean_change(
    mean_before: float, sd_before: float, mean_after: float, sd_after: float, n: int, *, r: float
) -> Effect:
    """The change within one group, after minus before.

    A change within a group is no effect of what was done to it: practice, regression to the mean and time change people
    too.

    Validated against: metafor's ``escalc(measure = "MC")``.

    Examples
    --------
    >>> print(mean_change(20.6, 4.4, 24.3, 5.1, 21, r=0.8))
    change within the group: 3.7 (SE 0.671388); assumes that before and after correlate by r = 0.8
    """
    _people(n)
    sd = sd_of_change(sd_before, sd_after, r)
    return Effect(mean_after - mean_before, sd.value**2 / n, "change within the group", sd.assumes)


def standardised_mean_change(
    mean_before: float,
    sd_before: float,
    mean_after: float,
    sd_after: float,
    n: int,
    *,
    r: float,
    standardised_by: Standardiser,
) -> Effect:
    """The change within one group in standard deviations, corrected for small samples.

    Parameters
    ----------
    mean_before, sd_before, mean_after, sd_after, n
        Of the group.
    r
        Correlation of before and after: vary it.
    standardised_by
        ``"raw_scores"`` (the SD before) or ``"change_scores"`` (the SD of the change). The two give different effects.

    Notes
    -----
    By raw scores the variance is 2 (1 - r) / n + g² / (2n), by change scores 1/n + g² / (2n); the correction is the
    exact J(n - 1).

    References
    ----------
    Morris SB. Distribution of the standardized mean change effect size for meta-analysis on repeated measures.
    Br J Math Stat Psychol 2000;53:17-29. doi:10.1348/000711000159150

    Validated against: metafor's ``escalc`` with the measures ``"SMCR"`` and ``"SMCC"``.

    Examples
    --------
    >>> effect = standardised_mean_change(20.6, 4.4, 24.3, 5.1, 21, r=0.8, standardised_by="raw_scores")
    >>> round(effect.estimate, 3), round(effect.se, 3)
    (0.809, 0.186)
    """
    _people(n)
    change = sd_of_change(sd_before, sd_after, r)
    by_change = _standardiser(standardised_by) == _STANDARDISERS["change_scores"]
    sd = change.value if by_change else sd_before
    g = _hedges_j(n - 1) * (mean_after - mean_before) / sd
    variance = (1 if by_change else 2 * (1 - r)) / n + g**2 / (2 * n)
    which = "the SD of the change" if by_change else "the SD before"
    return Effect(g, variance, f"standardised mean change, by {which}", change.assumes)


def log_ratio_of_means(mean_1: float, sd_1: float, n_1: int, mean_0: float, sd_0: float, n_0: int) -> Effect:
    """The logarithm of the ratio of two means, first over second; both must be above zero.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS. The meta-analysis of response ratios in experimental ecology. Ecology
    1999;80:1150-1156. doi:10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2

    Validated against: metafor's ``escalc(measure = "ROM")``.

    Examples
    --------
    >>> round(log_ratio_of_means(12.1, 4.2, 12, 9.8, 3.9, 14).estimate, 3)
    0.211
    """
    _arms(sd_1, n_1, sd_0, n_0)
    _positive({"the first mean": mean_1, "the second mean": mean_0})
    variance = sd_1**2 / (n_1 * mean_1**2) + sd_0**2 / (n_0 * mean_0**2)
    assumed = "the scale has a true zero and the arms are independent"
    return Effect(math.log(mean_1 / mean_0), variance, "log ratio of means", (assumed,))


def log_ratio_of_change(
    mean_before: float, sd_before: float, mean_after: float, sd_after: float, n: int, *, r: float
) -> Effect:
    """The logarithm of the ratio of the mean after to the mean before, in one group.

    Validated against: metafor's ``escalc(measure = "ROMC")``.

    Examples
    --------
    >>> round(log_ratio_of_change(20.6, 4.4, 24.3, 5.1, 21, r=0.8).estimate, 3)
    0.165
    """
    _people(n)
    _positive({"the SD before": sd_before, "the SD after": sd_after})
    _positive({"the mean before": mean_before, "the mean after": mean_after})
    _correlation(r)
    before, after = sd_before / mean_before, sd_after / mean_after
    variance = (before**2 + after**2 - 2 * r * before * after) / n
    assumed = ("the scale has a true zero", f"before and after correlate by r = {r:g}")
    return Effect(math.log(mean_after / mean_before), variance, "log ratio of means, after to before", assumed)


def log_ratio_from_percent(percent: float, low: float, high: float, *, level: float = 0.95) -> Effect:
    """A change in per cent with its confidence interval, as the logarithm of a ratio.

    Parameters
    ----------
    percent, low, high
        The change and the ends of its interval, in per cent: +6 is a ratio of 1.06.
    level
        Confidence level of the interval.

    Notes
    -----
    SE = (ln(1 + high/100) - ln(1 + low/100)) / (2z). The mean of people's percentages is not the percentage of the
    means: what was 24.3 after 20.6 is +18.0 % of the mean, whatever the mean of the percentages.

    Validated against: hand calculation.

    Examples
    --------
    >>> round(log_ratio_from_percent(6.0, 1.0, 11.2).estimate, 4)
    0.0583
    """
    for name, value in (("percent", percent), ("low", low), ("high", high)):
        if not value > -100:
            raise FitError(f"{name} is {value:g} %; nothing can fall by 100 % or more and still have a logarithm")
    if not low <= percent <= high:
        raise FitError(f"{percent:g} % does not lie between {low:g} % and {high:g} %")
    ends = (math.log1p(low / 100), math.log1p(high / 100))
    se = se_from_interval(*ends, level=level)
    assumed = (
        "the percentage is that of the means and not the mean of people's percentages",
        "the interval is symmetric on the scale of logarithms and used the normal distribution",
    )
    return Effect(math.log1p(percent / 100), se.value**2, "log ratio", assumed)


# ---- pieces ------------------------------------------------------------------------------------------------------


def _hedges_g(d: float, n_1: int, n_0: int, assumes: tuple[str, ...]) -> Effect:
    g = _hedges_j(n_1 + n_0 - 2) * d
    return Effect(g, 1 / n_1 + 1 / n_0 + g**2 / (2 * (n_1 + n_0)), "Hedges' g", assumes)


def _hedges_j(m: int) -> float:
    """The exact correction of a standardised mean for m degrees of freedom."""
    if m < 2:
        raise FitError(f"with {m} degrees of freedom a standardised effect has no expectation; more people are needed")
    return math.exp(math.lgamma(m / 2) - math.log(math.sqrt(m / 2)) - math.lgamma((m - 1) / 2))


def _pooled_sd(sd_1: float, n_1: int, sd_0: float, n_0: int) -> float:
    return math.sqrt(((n_1 - 1) * sd_1**2 + (n_0 - 1) * sd_0**2) / (n_1 + n_0 - 2))


def _standardiser(name: str) -> str:
    if name not in _STANDARDISERS:
        known = " or ".join(f'"{word}"' for word in _STANDARDISERS)
        raise PlanError(
            Problem(
                f'standardised_by is "{name}" and must be {known}',
                do="The two give different effects that must not be pooled, so there is no default.",
            )
        )
    return _STANDARDISERS[name]


def _arms(sd_1: float, n_1: int, sd_0: float, n_0: int) -> None:
    _positive({"the first SD": sd_1, "the second SD": sd_0})
    _people(n_1)
    _people(n_0)


def _positive(values: dict[str, float]) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise FitError(f"{name} is {value:g} and must be larger than 0")


def _people(n: int) -> None:
    if n < 2 or n % 1:
        raise FitError(f"n is {n:g}; at least 2 people are needed, and a whole number of them")


def _correlation(r: float) -> None:
    if not -1 <= r <= 1:
        raise FitError(f"r is {r:g} and a correlation lies between -1 and 1")


def _quantile(tail: float, df: float | None) -> float:
    from scipy.special import ndtri, stdtrit

    if df is None:
        return float(ndtri(tail))
    _positive({"df": df})
    return float(stdtrit(df, tail))
