"""Arms compared at one visit, adjusted for baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import arm_ledger, arm_levels, check_arms, contrasts, points
from kbstudy.models._bootstrap import Bootstrapped, bootstrap_linear
from kbstudy.models._frames import FloatArray, label, quoted, small_sample_notes
from kbstudy.models._linear import ERRORS, blocks_of, check_blocks, check_robust, design_of, fitted, solved
from kbstudy.models._people import AncovaQuestion, People, people_fates, read_people
from kbstudy.models.adjusted_means import Linear
from kbstudy.models.resampling import check_resampling

__all__ = ["ancova"]


def ancova(
    data: pd.DataFrame,
    outcome: str,
    *,
    baseline: str,
    arm: str,
    reference: object,
    covariates: Sequence[str] = (),
    participant: str | None = None,
    robust: Literal["HC3", "HC2_BM"] | None = None,
    interval: Literal["t", "bca"] = "t",
    resamples: int = 9999,
    rng: np.random.Generator | int | None = None,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """Difference between arms at one visit among people with the same baseline value.

    Parameters
    ----------
    data
        One row a participant.
    outcome, baseline
        Numeric columns: the value at the visit and before the intervention; NaN where there is no value.
    arm, reference
        Column of the arms, and the arm that the others are compared with. Arms come in the order of a categorical
        column's categories, else sorted, the reference first.
    covariates
        Further columns measured before randomisation. Numbers enter as a straight line; text, booleans and
        categories as categories.
    participant
        Column of the ids; without it the frame's index names people.
    robust
        For standard errors that do not assume equal variances: ``"HC3"``, or ``"HC2_BM"`` for HC2 with Bell and
        McCaffrey's degrees of freedom, which keep their level better in small or unequal arms. ``None`` for equal
        variances.
    interval
        ``"t"``, or ``"bca"`` for bias-corrected and accelerated bootstrap intervals: people are drawn with replacement
        within their arms. Such rows have no test and no p-value; :func:`~kbstudy.models.permutation_test` has.
    resamples, rng
        For ``"bca"``: how many resamples, and a generator of random numbers or a seed, which has no default.
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        One ``adjusted_mean`` an arm and one ``adjusted_difference`` (primary) for each other arm minus the reference,
        in the unit of the outcome. ``n`` counts the analysed people of the arm or of both arms; variance and slopes
        are estimated from all arms. ``.points`` has ``participant, arm, baseline, followup``. ``.fit`` is the
        statsmodels result: no intercept, one mean an arm, numeric covariates centred (and divided by a power of two if
        their spread is not between 1e-4 and 1e4), categories coded to sum to zero.

    Raises
    ------
    PlanError
        An unknown column or arm, a column in two roles, an impossible level, ``"bca"`` without ``rng`` or with
        ``robust``.
    DataError
        Values that are not numbers, infinite values, a person on more than one row.
    FitError
        Fewer than two arms, or an arm with fewer than two people left; a constant or redundant covariate; no residual
        degrees of freedom; an outcome without (residual) variation; a leverage of 1 with ``robust`` or ``"bca"``; more
        than 5 % of the resamples that cannot be fitted.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    For arms that were not randomised: adjustment for a baseline that differs systematically can create a difference.
    For several visits or many missing values: a mixed model for repeated measures uses the people that are dropped
    here. For covariates measured after randomisation: never. BCa intervals are too narrow in small samples: with 20
    people an arm and skewed noise they hold the truth in 91 % instead of 95 (``benchmarks/README.md``).

    Notes
    -----
    ``outcome = mean of the arm + slope (baseline - its mean) + covariates + error``, ordinary least squares, one slope
    for all arms, t on ``n - p`` degrees of freedom. An adjusted mean is the prediction at the mean of numeric
    covariates in the analysed set with equal weights for the categories of categorical ones, like SAS LSMEANS and R
    emmeans. HC3: ``(X'X)^-1 X' diag(e² / (1 - h)²) X (X'X)^-1``; HC2 has ``(1 - h)`` in place of its square. Bell and
    McCaffrey: :func:`~kbstudy.models.adjusted_means.bell_mccaffrey`. BCa:
    :func:`~kbstudy.models.resampling.bca_interval`; means stay predictions at the mean of the analysed set. People
    without outcome, baseline or a covariate are left out and listed in the ledger.

    References
    ----------
    Vickers & Altman 2001, doi:10.1136/bmj.323.7321.1123; MacKinnon & White 1985, doi:10.1016/0304-4076(85)90158-7;
    Imbens & Kolesár 2016, doi:10.1162/REST_a_00552; Efron 1987, doi:10.1080/01621459.1987.10478410

    Validated against
    -----------------
    SAS PROC GLM's DrugTest example (``tests/papers/``); R 4.2.2 ``lm`` with emmeans 1.8.4 and sandwich 3.0-2 on
    simulated data with missing values and a categorical covariate; clubSandwich 0.5.8 for ``"HC2_BM"``; boot 1.3-28.1
    for ``"bca"`` with the same resamples (``tests/reference/``).

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Usual care"] * 8 + ["Kettlebell"] * 8,
    ...     "before": [6, 5, 7, 4, 6, 8, 5, 6, 5, 6, 7, 5, 4, 8, 6, 6],
    ...     "after": [6, 4, 7, 4, 5, 7, 5, 6, 3, 5, 5, 4, 2, 6, 4, 5],
    ... })
    >>> found = ancova(trial, "after", baseline="before", arm="arm", reference="Usual care")
    >>> row = found.row()
    >>> print(f"{row['estimate']:.2f} ({row['low']:.2f} to {row['high']:.2f}), df {row['df']:.0f}")
    -1.25 (-1.82 to -0.68), df 13
    """
    names = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    asked = AncovaQuestion(outcome, arm, label(reference), participant, level, visit, baseline, names, robust)
    how = _How(interval, resamples, rng)
    _check_question(data, asked, how)
    levels = arm_levels(data[arm], asked.reference)
    everybody = read_people(data, asked)
    fates = people_fates(data, everybody, asked)
    ledger = arm_ledger(everybody.ids, everybody.arms, asked, fates)
    check_arms(levels, ledger)
    people = everybody.only([status == "analysed" for status, _ in fates])
    blocks = blocks_of(people, levels, arm, {baseline: people.baseline, **people.covariates})
    check_blocks(people.outcome, blocks, outcome)
    fit = fitted(people.outcome, design_of(blocks), people.ids, outcome, robust)
    counts = {name: len(ledger.ids("analysed", arm=name)) for name in levels}
    drawn = _bootstrapped(fit, people, levels, asked, how)
    small = small_sample_notes(counts, "people analysed in an arm")
    return Estimates(
        _frame(fit, counts, asked, drawn),
        title=f"{outcome}{asked.at_visit}: arms compared, adjusted for {fmt.words([baseline, *names])}",
        outcome=outcome,
        method=_method(fit, people, asked, drawn),
        level=level,
        primary="adjusted_difference",
        compares=contrasts(levels),
        notes=(*_notes(people, len(everybody.ids), asked), *(drawn.notes() if drawn else []), *small),
        citations=(cite.VICKERS_ALTMAN_2001, *_citations(robust, drawn)),
        ledger=ledger,
        points=points(people.ids, people.arms, people.baseline, people.outcome),
        fit=fit,
    )


@dataclass(frozen=True, slots=True)
class _How:
    """Which intervals, and what it takes to compute them."""

    interval: str
    resamples: int
    rng: np.random.Generator | int | None


def _check_question(data: pd.DataFrame, asked: AncovaQuestion, how: _How) -> None:
    others = [("baseline", asked.baseline), *(("covariates", name) for name in asked.covariates)]
    problems = asked.problems(data, others)
    check_robust(asked.robust, problems)
    check_resampling(how.interval, how.resamples, how.rng, asked.level, problems)
    if how.interval == "bca" and asked.robust is not None:
        do = 'Choose one: robust= changes the t intervals, interval="bca" does without them.'
        problems.add(Problem(f'robust="{asked.robust}" and interval="bca" exclude each other', do=do))
    problems.raise_as(PlanError)


# ---- the model ---------------------------------------------------------------------------------------------------


def _weights(arms: int, coefficients: int) -> FloatArray:
    """The adjusted means, which are the first coefficients, then each other one minus the first."""
    means = np.eye(arms, coefficients)
    return np.vstack([means, means[1:] - means[0]])


def _bootstrapped(
    fit: Any, people: People, levels: Sequence[str], asked: AncovaQuestion, how: _How
) -> Bootstrapped | None:
    if how.interval != "bca":
        return None
    codes = np.array([levels.index(name) for name in people.arms], dtype="intp")
    weights = _weights(len(levels), len(fit.params))
    rng = np.random.default_rng(how.rng)
    return bootstrap_linear(fit, weights, codes, asked.level, how.resamples, rng)


def _frame(fit: Any, counts: dict[str, int], asked: AncovaQuestion, drawn: Bootstrapped | None) -> pd.DataFrame:
    """One row an adjusted mean and one an adjusted difference."""
    pairs = contrasts(list(counts))
    both = [counts[one] + counts[other] for one, other in pairs.values()]
    means, differences = [None] * len(counts), [None] * len(pairs)
    found = solved(fit, _weights(len(counts), len(fit.params)), asked.level, asked.robust)
    return _rows(found, drawn).assign(
        term=["adjusted_mean"] * len(counts) + ["adjusted_difference"] * len(pairs),
        arm=[*counts, *differences],
        contrast=[*means, *pairs],
        n=[*counts.values(), *both],
        visit=asked.visit,
        method=f"ANCOVA, {_WAYS[asked.robust]}" if drawn is None else "ANCOVA, BCa bootstrap within arms",
    )


_WAYS: Final = {None: "equal variances", "HC3": "HC3", "HC2_BM": "HC2, Bell–McCaffrey df"}


def _rows(found: Linear, drawn: Bootstrapped | None) -> pd.DataFrame:
    """Numbers of each row; with a bootstrap there is no t, so no degrees of freedom and no test."""
    if drawn is None:
        parts = ("estimate", "se", "df", "statistic", "p", "low", "high")
        return pd.DataFrame({part: getattr(found, part) for part in parts})
    limits = drawn.intervals
    return pd.DataFrame({"estimate": found.estimate, "se": limits.se, "low": limits.low, "high": limits.high})


# ---- words -------------------------------------------------------------------------------------------------------


def _described(people: People) -> list[str]:
    kinds = {name: isinstance(values, pd.Series) for name, values in people.covariates.items()}
    return [f"{name} ({'categories' if is_text else 'number'})" for name, is_text in kinds.items()]


def _method(fit: Any, people: People, asked: AncovaQuestion, drawn: Bootstrapped | None) -> str:
    terms = fmt.words(["arm", f"baseline ({asked.baseline})", *_described(people)])
    return (
        f"Arms were compared on {asked.outcome}{asked.at_visit} by analysis of covariance (ordinary least squares) "
        f"with {terms} in the model and one slope for all arms; adjusted means are predictions at the mean of numeric "
        f"covariates with equal weights for categories, and {fmt.confidence(asked.level)} intervals "
        f"{_intervals(fit, people, asked, drawn)}."
    )


def _intervals(fit: Any, people: People, asked: AncovaQuestion, drawn: Bootstrapped | None) -> str:
    if drawn is not None:
        return (
            f"are bias-corrected and accelerated (BCa) bootstrap intervals from {drawn.kept} resamples, each drawing "
            "people with replacement within their arms; standard errors are the standard deviations of the resamples"
        )
    n, df = len(people.ids), int(fit.df_resid)
    t = f"t with n − p = {n} − {n - df} = {df} residual degrees of freedom"
    t = "t with Bell and McCaffrey's degrees of freedom" if asked.robust == "HC2_BM" else t
    return f"and tests use {ERRORS[asked.robust]} and {t}"


def _citations(robust: str | None, drawn: Bootstrapped | None) -> list[str]:
    if drawn is not None:
        return [cite.EFRON_1987, cite.DAVISON_HINKLEY_1997]
    kinds = {"HC3": [cite.MACKINNON_WHITE_1985], "HC2_BM": [cite.MACKINNON_WHITE_1985, cite.IMBENS_KOLESAR_2016]}
    return kinds.get(robust or "", [])


def _notes(people: People, in_data: int, asked: AncovaQuestion) -> list[str]:
    mean = fmt.number(float(np.mean(people.baseline)), 2)
    notes = [f"Adjusted means are at {asked.baseline} = {mean}, the mean of those analysed."]
    texts = {name: values for name, values in people.covariates.items() if isinstance(values, pd.Series)}
    for name, values in texts.items():
        notes.append(f"Categories of {name}, weighted equally in adjusted means: {quoted(sorted(set(values)))}.")
    if in_data > len(people.ids):
        notes.append(
            f"{len(people.ids)} of {in_data} people in the data were analysed; the ledger says why the others were "
            "not. Complete cases answer the question only if being missing depends on nothing but arm, baseline and "
            "covariates."
        )
    return notes
