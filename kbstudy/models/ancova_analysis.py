"""Arms compared at one visit, adjusted for baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import arm_ledger, arm_levels, check_arms, contrasts, points
from kbstudy.models._frames import FloatArray, label, quoted, small_sample_notes
from kbstudy.models._people import AncovaQuestion, People, people_fates, read_people
from kbstudy.models.adjusted_means import (
    Linear,
    aliased,
    arm_block,
    category_block,
    leverage,
    number_block,
    solve,
)

__all__ = ["ancova"]

_ROBUST: Final = ("HC3",)


def ancova(
    data: pd.DataFrame,
    outcome: str,
    *,
    baseline: str,
    arm: str,
    reference: object,
    covariates: Sequence[str] = (),
    participant: str | None = None,
    robust: Literal["HC3"] | None = None,
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
        ``"HC3"`` for standard errors that do not assume equal variances; ``None`` for those that do.
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
        An unknown column or arm, a column in two roles, an impossible level.
    DataError
        Values that are not numbers, infinite values, a person on more than one row.
    FitError
        Fewer than two arms, or an arm with fewer than two people left; a constant or redundant covariate; no residual
        degrees of freedom; an outcome without (residual) variation; a leverage of 1 with HC3.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    For arms that were not randomised: adjustment for a baseline that differs systematically can create a difference.
    For several visits or many missing values: a mixed model for repeated measures uses the people that are dropped
    here. For covariates measured after randomisation: never.

    Notes
    -----
    ``outcome = mean of the arm + slope (baseline - its mean) + covariates + error``, ordinary least squares, one slope
    for all arms, t on ``n - p`` degrees of freedom. An adjusted mean is the prediction at the mean of numeric
    covariates in the analysed set with equal weights for the categories of categorical ones, like SAS LSMEANS and R
    emmeans. HC3: ``(X'X)^-1 X' diag(e² / (1 - h)²) X (X'X)^-1``. People without outcome, baseline or a covariate are
    left out and listed in the ledger.

    References
    ----------
    Vickers & Altman 2001, doi:10.1136/bmj.323.7321.1123; MacKinnon & White 1985, doi:10.1016/0304-4076(85)90158-7

    Validated against
    -----------------
    SAS PROC GLM's DrugTest example (``tests/papers/``); R 4.2.2 ``lm`` with emmeans 1.8.4 and sandwich 3.0-2 on
    simulated data with missing values and a categorical covariate (``tests/reference/``).

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
    _check_question(data, asked)
    levels = arm_levels(data[arm], asked.reference)
    everybody = read_people(data, asked)
    fates = people_fates(data, everybody, asked)
    ledger = arm_ledger(everybody.ids, everybody.arms, asked, fates)
    check_arms(levels, ledger)
    people = everybody.only([status == "analysed" for status, _ in fates])
    blocks = _blocks(people, levels, asked)
    _check_blocks(people, blocks, asked)
    fit = _fit(people, _design(blocks), asked)
    counts = {name: len(ledger.ids("analysed", arm=name)) for name in levels}
    small = small_sample_notes(counts, "people analysed in an arm")
    return Estimates(
        _frame(fit, counts, asked),
        title=f"{outcome}{asked.at_visit}: arms compared, adjusted for {fmt.words([baseline, *names])}",
        outcome=outcome,
        method=_method(fit, people, asked),
        level=level,
        primary="adjusted_difference",
        compares=contrasts(levels),
        notes=(*_notes(people, len(everybody.ids), asked), *small),
        citations=(cite.VICKERS_ALTMAN_2001, *([cite.MACKINNON_WHITE_1985] if robust else [])),
        ledger=ledger,
        points=points(people.ids, people.arms, people.baseline, people.outcome),
        fit=fit,
    )


#: Columns of a design with the column of the data that they come from.
Blocks = list[tuple[str, pd.DataFrame]]


def _check_question(data: pd.DataFrame, asked: AncovaQuestion) -> None:
    others = [("baseline", asked.baseline), *(("covariates", name) for name in asked.covariates)]
    problems = asked.problems(data, others)
    robust = asked.robust
    if robust is not None and robust not in _ROBUST:
        what = f'robust="{robust}" is not offered{did_you_mean(str(robust), _ROBUST)}'
        problems.add(Problem(what, do='Use robust="HC3", or None for equal variances.'))
    problems.raise_as(PlanError)


# ---- the model ---------------------------------------------------------------------------------------------------


def _blocks(people: People, levels: Sequence[str], asked: AncovaQuestion) -> Blocks:
    """The columns of the design, each block with the column of the data that it comes from; the arms first."""
    covariates = {asked.baseline: people.baseline, **people.covariates}
    do = "A covariate that is the same for everybody explains nothing: leave it out."
    what = "the same for everybody who is analysed"
    constant = [name for name, values in covariates.items() if len(set(values)) == 1]
    Problems([Problem(what, column=name, do=do) for name in constant]).raise_as(FitError)
    named = [(name, _block(name, values)) for name, values in covariates.items()]
    return [(asked.arm, arm_block(list(people.arms), levels)), *named]


def _block(name: str, values: FloatArray | pd.Series) -> pd.DataFrame:
    return category_block(name, list(values)) if isinstance(values, pd.Series) else number_block(name, values)


def _design(blocks: Blocks) -> pd.DataFrame:
    """All columns side by side; a name that is taken gets its position added."""
    design = pd.concat([block for _, block in blocks], axis=1)
    taken = design.columns.duplicated()
    names = [f"{name} #{i}" if taken[i] else name for i, name in enumerate(design.columns)]
    return design.set_axis(names, axis=1)


def _check_blocks(people: People, blocks: Blocks, asked: AncovaQuestion) -> None:
    n, p = len(people.ids), sum(block.shape[1] for _, block in blocks)
    if n - p < 1:
        what = f"{n} people cannot carry {p} coefficients: no residual degrees of freedom are left"
        raise FitError(Problem(what, do="Leave out covariates, those with many categories first."))
    do = "Leave out one of the columns that say the same thing."
    what = "determined by the arm and the covariates before it (aliased)"
    problems = Problems([Problem(what, column=name, do=do) for name in aliased(blocks)])
    if np.ptp(people.outcome) == 0:
        same = f"all {n} values are {people.outcome[0]:g}: nothing varies, nothing can be estimated"
        problems.add(Problem(same, column=asked.outcome))
    problems.raise_as(FitError)


def _fit(people: People, design: pd.DataFrame, asked: AncovaQuestion) -> Any:
    from statsmodels.api import OLS

    if asked.robust:
        _check_leverage(people, design)
    fit = OLS(pd.Series(people.outcome, name=asked.outcome), design).fit()
    if np.sqrt(fit.mse_resid) <= 1e-9 * np.std(people.outcome):
        what = "the model fits every value exactly: no residual variance, so no standard error exists"
        do = "Check that the outcome is not computed from a covariate."
        raise FitError(Problem(what, column=asked.outcome, do=do))
    return fit.get_robustcov_results(asked.robust, use_t=True) if asked.robust else fit


def _check_leverage(people: People, design: pd.DataFrame) -> None:
    alone = np.flatnonzero(leverage(design) > 1 - 1e-9)
    what = "this person alone determines a coefficient (leverage 1), and HC3 divides by 1 − leverage"
    do = "Merge the category that only this person has, leave out the covariate, or use robust=None."
    ids = people.ids.tolist()
    Problems([Problem(what, participant=ids[i], do=do) for i in alone]).raise_as(FitError)


def _frame(fit: Any, counts: dict[str, int], asked: AncovaQuestion) -> pd.DataFrame:
    """The adjusted means, which are the first coefficients, and each other one minus the first."""
    means = np.eye(len(counts), len(fit.params))
    pairs = contrasts(list(counts))
    both = [counts[one] + counts[other] for one, other in pairs.values()]
    rows = [
        _rows(solve(fit, means, asked.level)).assign(term="adjusted_mean", arm=list(counts), n=list(counts.values())),
        _rows(solve(fit, means[1:] - means[0], asked.level)).assign(
            term="adjusted_difference", contrast=list(pairs), n=both
        ),
    ]
    return pd.concat(rows).assign(visit=asked.visit, method=f"ANCOVA, {asked.robust or 'equal variances'}")


def _rows(found: Linear) -> pd.DataFrame:
    parts = ("estimate", "se", "df", "statistic", "p", "low", "high")
    return pd.DataFrame({part: getattr(found, part) for part in parts})


# ---- words -------------------------------------------------------------------------------------------------------


def _described(people: People) -> list[str]:
    kinds = {name: isinstance(values, pd.Series) for name, values in people.covariates.items()}
    return [f"{name} ({'categories' if is_text else 'number'})" for name, is_text in kinds.items()]


def _method(fit: Any, people: People, asked: AncovaQuestion) -> str:
    n, df = len(people.ids), int(fit.df_resid)
    errors = "HC3 heteroscedasticity-consistent" if asked.robust else "equal-variance"
    terms = fmt.words(["arm", f"baseline ({asked.baseline})", *_described(people)])
    return (
        f"Arms were compared on {asked.outcome}{asked.at_visit} by analysis of covariance (ordinary least squares) "
        f"with {terms} in the model and one slope for all arms; adjusted means are predictions at the mean of numeric "
        f"covariates with equal weights for categories, and {fmt.confidence(asked.level)} intervals and tests use "
        f"{errors} standard errors and t with n − p = {n} − {n - df} = {df} residual degrees of freedom."
    )


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
