"""Whether a difference is small enough: equivalence and non-inferiority of contrasts that a model has estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates, is_standardised
from kbstudy.models._frames import FloatArray, quoted

__all__ = ["equivalence"]

_SCHUIRMANN_1987: Final = (
    "Schuirmann DJ (1987). A comparison of the two one-sided tests procedure and the power approach for assessing the "
    "equivalence of average bioavailability. J Pharmacokinet Biopharm 15:657–680. doi:10.1007/BF01068419"
)
_LAKENS_2017: Final = (
    "Lakens D (2017). Equivalence tests: a practical primer for t tests, correlations, and meta-analyses. "
    "Soc Psychol Personal Sci 8:355–362. doi:10.1177/1948550617697177"
)
#: The terms of the two one-sided tests.
_ABOVE: Final = "above_lower_bound"
_BELOW: Final = "below_upper_bound"


def equivalence(
    estimates: Estimates,
    *,
    low: float | None = None,
    high: float | None = None,
    alpha: float = 0.05,
    term: str | None = None,
    contrast: str | None = None,
) -> Estimates:
    """Two one-sided tests of contrasts against bounds, or one of them where there is one bound.

    Parameters
    ----------
    estimates
        What a model found: contrasts with standard errors, and degrees of freedom where t is to be used.
    low, high
        The bounds, in the unit of the estimates: differences between them are too small to matter. They need not lie
        symmetrically. With one of them the other side is not tested.
    alpha
        Level of each one-sided test, above 0 and below 0.5; intervals have the level ``1 - 2 alpha``.
    term, contrast
        The rows to test; the primary term and all its contrasts if not said.

    Returns
    -------
    Estimates
        For each contrast one row that decides (primary), and one for each bound: ``above_lower_bound`` and
        ``below_upper_bound``, with one-sided p-values. With two bounds the deciding row is ``equivalence`` and repeats
        the test with the larger p. With one bound it is ``non_inferiority`` where the bound lies on the worse side
        (as ``estimates.better`` says), ``non_superiority`` where it lies on the better side, and ``one_sided`` where
        nothing says which side is better. All rows carry the ``1 - 2 alpha`` interval. Whether rows are prespecified
        is left open: that the difference was planned does not say that its bounds were. The rest is as in
        ``estimates``.

    Raises
    ------
    PlanError
        No bound, a bound that is not a finite number, bounds in reverse, an impossible ``alpha``, an unknown term or
        contrast, a term that compares nothing.
    FitError
        A contrast without an estimate or a standard error.

    When not to use
    ---------------
    With bounds chosen after seeing the data. For ratios, unless estimates and bounds are both logarithms. To turn a
    large p-value of a difference into "no difference" without bounds: that is what these tests are there to prevent.

    Notes
    -----
    ``t_low = (estimate - low) / se`` against the upper tail and ``t_high = (estimate - high) / se`` against the lower
    tail, of t with the row's degrees of freedom or of the normal distribution where it has none. Equivalence is shown
    if both p-values are below ``alpha``, which is so exactly if the ``1 - 2 alpha`` interval lies between the bounds.
    Since both tests must succeed, no adjustment for there being two is needed; several contrasts are each tested at
    ``alpha``, and a note says so.

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177

    Validated against
    -----------------
    The known results in the tests of R's TOSTER (Welch, one-sample and paired t tests; NCSS's yield data), and emmeans
    1.8.4 ``test(delta=)`` on the ``pigs`` data.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"term": "adjusted_difference", "contrast": "Walking - Kettlebell", "n": 60,
    ...        "estimate": 0.2, "se": 0.4, "df": 57}
    >>> found = Estimates(pd.DataFrame([row]), title="Pain", outcome="Pain", method="ANCOVA.",
    ...                   primary="adjusted_difference", decimals=1,
    ...                   compares={"Walking - Kettlebell": ("Walking", "Kettlebell")})
    >>> tested = equivalence(found, low=-1, high=1)
    >>> print(f"p {tested.row()['p']:.3f}, {tested.row()['low']:.2f} to {tested.row()['high']:.2f}")
    p 0.025, -0.47 to 0.87
    >>> print(tested.notes[0])
    Walking − Kettlebell: the 90% interval (−0.5 to 0.9) lies within −1 to 1; equivalence is shown.
    """
    asked = _Question(low, high, alpha, term or estimates.primary)
    _check_question(asked)
    rows = _rows(estimates, asked, contrast)
    tests = _tests(rows, asked)
    frame, standardised = _frame(rows, tests, asked, estimates.better), is_standardised(asked.term)
    return estimates.with_(
        frame=frame,
        title=f"{estimates.title}: {asked.aim(estimates.better)}",
        method=f"{estimates.method} {_method(asked, estimates.better)}".strip(),
        level=1 - 2 * alpha,
        primary=asked.decides(estimates.better),
        unit="" if standardised else estimates.unit,
        decimals=2 if standardised else estimates.decimals,
        notes=(*_verdicts(estimates, rows, tests, asked), *_about(rows, asked), *estimates.notes),
        citations=(*estimates.citations, _SCHUIRMANN_1987, _LAKENS_2017),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked."""

    low: float | None
    high: float | None
    alpha: float
    term: str

    @property
    def both(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def region(self) -> str:
        """``within −1 to 1``, ``above −1``, ``below 1``."""
        if self.low is not None and self.high is not None:
            return f"within {fmt.plain(self.low)} to {fmt.plain(self.high)}"
        return f"below {fmt.plain(self.high or 0)}" if self.low is None else f"above {fmt.plain(self.low)}"

    @property
    def interval(self) -> str:
        """``90% interval``."""
        return f"{fmt.confidence(1 - 2 * self.alpha)} interval"

    def decides(self, better: str) -> str:
        """The term of the deciding row."""
        if self.both:
            return "equivalence"
        if better not in ("lower", "higher"):
            return "one_sided"
        bound_is_worse = (better == "higher") == (self.low is not None)
        return "non_inferiority" if bound_is_worse else "non_superiority"

    def aim(self, better: str) -> str:
        """``equivalence within −1 to 1``; ``a difference above −1``."""
        return f"{_NAMES[self.decides(better)]} ({self.region})"


_NAMES: Final = {
    "equivalence": "equivalence",
    "non_inferiority": "non-inferiority",
    "non_superiority": "non-superiority",
    "one_sided": "difference against one bound",
}


@dataclass(frozen=True, slots=True)
class _Tests:
    """Arrays with one value a contrast: statistics and one-sided p-values (p is 0 without a bound), and limits."""

    t_low: FloatArray
    t_high: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def p(self) -> FloatArray:
        """Of both tests together: the larger one."""
        larger: FloatArray = np.maximum(self.p_low, self.p_high)
        return larger

    @property
    def statistic(self) -> FloatArray:
        """That of the test with the larger p."""
        chosen: FloatArray = np.where(self.p_low >= self.p_high, self.t_low, self.t_high)
        return chosen


def _tests(rows: pd.DataFrame, asked: _Question) -> _Tests:
    estimate, se, df = (rows[name].to_numpy(dtype="float64") for name in ("estimate", "se", "df"))
    df = np.where(np.isnan(df), np.inf, df)
    t_low, t_high = (_distance(estimate, bound, side) / se for bound, side in ((asked.low, 1), (asked.high, -1)))
    half = -_quantile(asked.alpha, df) * se
    return _Tests(t_low, t_high, _below(-t_low, df), _below(t_high, df), estimate - half, estimate + half)


def _distance(estimate: FloatArray, bound: float | None, side: int) -> FloatArray:
    """From the bound to the estimate; endless where there is no bound, so that its test always succeeds."""
    return np.full(estimate.shape, side * math.inf) if bound is None else estimate - bound


def _below(t: FloatArray, df: FloatArray) -> FloatArray:
    """``P(T < t)``; normal where ``df`` is infinite."""
    probability: FloatArray = np.where(np.isinf(df), special.ndtr(t), special.stdtr(df, t))
    return probability


def _quantile(p: float, df: FloatArray) -> FloatArray:
    found: FloatArray = np.where(np.isinf(df), special.ndtri(p), special.stdtrit(df, p))
    return found


def _frame(rows: pd.DataFrame, tests: _Tests, asked: _Question, better: str) -> pd.DataFrame:
    """The deciding rows first, then the tests against each bound."""
    kept = rows.assign(low=tests.low, high=tests.high, prespecified=None)
    name = "Two one-sided tests" if asked.both else "One-sided test"
    parts = [kept.assign(term=asked.decides(better), statistic=tests.statistic, p=tests.p, method=name)]
    if asked.low is not None:
        parts.append(kept.assign(term=_ABOVE, statistic=tests.t_low, p=tests.p_low, method="One-sided test"))
    if asked.high is not None:
        parts.append(kept.assign(term=_BELOW, statistic=tests.t_high, p=tests.p_high, method="One-sided test"))
    return pd.concat(parts, ignore_index=True)


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: _Question, better: str) -> str:
    tests = "two one-sided tests" if asked.both else "a one-sided test"
    name = _NAMES[asked.decides(better)]
    tested = f"{name[:1].upper()}{name[1:]} ({asked.region})"
    return (
        f"{tested} was examined with {tests} at the level {fmt.plain(asked.alpha)} (t with the degrees of freedom of "
        f"the contrast, normal where it has none), which is the same as asking whether the {asked.interval} lies "
        f"{asked.region}."
    )


def _verdicts(estimates: Estimates, rows: pd.DataFrame, tests: _Tests, asked: _Question) -> list[str]:
    """One sentence a contrast."""
    shown: npt.NDArray[np.bool_] = tests.p < asked.alpha
    limits = zip(tests.low, tests.high, strict=True)
    digits = [estimates.decimals_of(row) for _, row in rows.iterrows()]
    return [
        f"{_where(row)}: the {asked.interval} ({fmt.interval(a, b, decimals)}) {_verdict(yes, asked, estimates.better)}"
        for (_, row), (a, b), decimals, yes in zip(rows.iterrows(), limits, digits, shown, strict=True)
    ]


def _where(row: pd.Series) -> str:
    visit = f", {row['visit']}" if pd.notna(row["visit"]) else ""
    return f"{row['contrast']}{visit}".replace(" - ", " − ")


def _verdict(shown: bool, asked: _Question, better: str) -> str:
    name = _NAMES[asked.decides(better)]
    claim = f"a difference {asked.region}" if asked.decides(better) == "one_sided" else name
    if shown:
        return f"lies {asked.region}; {claim} is shown."
    against = "a difference" if asked.both else "the opposite"
    return f"does not lie {asked.region}; {claim} is not shown, which is not evidence of {against}."


def _about(rows: pd.DataFrame, asked: _Question) -> list[str]:
    if len(rows) == 1:
        return []
    alpha = fmt.plain(asked.alpha)
    return [f"Each of the {len(rows)} contrasts is tested at {alpha}; nothing is adjusted for their number."]


# ---- checks ------------------------------------------------------------------------------------------------------


def _check_question(asked: _Question) -> None:
    problems = Problems()
    bounds = {name: value for name, value in (("low", asked.low), ("high", asked.high)) if value is not None}
    if not bounds:
        do = "Give low=, high= or both, in the unit of the outcome: the largest difference that does not matter."
        problems.add(Problem("there is no bound", do=do))
    wrong = {name: value for name, value in bounds.items() if not _is_number(value) or not math.isfinite(value)}
    do = "Give a finite number, or leave the bound out where that side is not tested."
    problems.extend(Problem(f"{name}={value} is not a bound", do=do) for name, value in wrong.items())
    if len(bounds) == 2 and not wrong and bounds["low"] >= bounds["high"]:
        what = f"low={bounds['low']} is not below high={bounds['high']}"
        problems.add(Problem(what, do="Give the smaller bound as low= and the larger one as high=."))
    if not _is_number(asked.alpha) or not 0 < asked.alpha < 0.5:
        what = f"alpha={asked.alpha} is not the level of a one-sided test"
        problems.add(Problem(what, do="Give a share above 0 and below 0.5, such as alpha=0.05."))
    problems.raise_as(PlanError)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _rows(estimates: Estimates, asked: _Question, contrast: str | None) -> pd.DataFrame:
    """The contrasts that are to be tested, each fit for it."""
    every = estimates.contrasts
    terms = list(dict.fromkeys(every["term"]))
    if not terms:
        do = "Equivalence is a question about a difference between arms: use an analysis that compares them."
        raise PlanError(Problem("there is no contrast among the estimates", do=do))
    if asked.term not in terms:
        what = f'no contrast has the term "{asked.term}"{did_you_mean(asked.term, terms)}'
        raise PlanError(Problem(what, do=f"Terms with contrasts are: {quoted(terms)}."))
    rows = every[every["term"] == asked.term]
    present = list(dict.fromkeys(rows["contrast"]))
    if contrast is not None and contrast not in present:
        what = f'contrast="{contrast}" is not among the contrasts{did_you_mean(contrast, present)}'
        raise PlanError(Problem(what, do=f"The contrasts are: {quoted(present)}."))
    chosen = rows if contrast is None else rows[rows["contrast"] == contrast]
    _check_rows(chosen)
    return chosen.reset_index(drop=True)


def _check_rows(rows: pd.DataFrame) -> None:
    """Each row needs a finite estimate and a standard error above zero."""
    usable = np.isfinite(rows["estimate"]) & np.isfinite(rows["se"]) & (rows["se"] > 0)
    do = "These tests need an estimate with its standard error: choose a term that has one."
    without = rows[~usable]
    Problems(
        [
            Problem(
                f'"{row.term}" of {row.contrast} has the estimate {row.estimate:g} and standard error {row.se:g}', do=do
            )
            for row in without.itertuples()
        ]
    ).raise_as(FitError)
