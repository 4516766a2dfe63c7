"""Repeated yes-or-no and count outcomes: population-averaged regression by generalized estimating equations."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models.estimating_equations.design import check_left, design_of
from kbstudy.models.estimating_equations.fitting import fit_gee, frame_of
from kbstudy.models.estimating_equations.question import ask
from kbstudy.models.estimating_equations.rows import ledger_of, read_rows
from kbstudy.models.estimating_equations.separation import check_separation
from kbstudy.models.estimating_equations.words import few_people, method_text, notes_of

__all__ = ["gee"]


def gee(
    data: pd.DataFrame,
    formula: str,
    *,
    participant: str,
    family: Literal["logistic", "poisson"],
    correlation: Literal["exchangeable", "independence"] = "exchangeable",
    visit: str | None = None,
    exposure: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """Population-averaged logistic or Poisson regression for outcomes measured several times in the same people.

    Parameters
    ----------
    data
        One row a participant and visit.
    formula
        ``"fell ~ arm * week + baseline"``, with an intercept. Left a column; right columns, ``:``, ``*``, ``C(week)``
        for a number taken as categories and functions such as ``np.log(dose)``. Names that are not identifiers stand
        in backticks. Text, booleans and categories are coded against a reference: the first declared category, else
        the first in sorted order.
    participant
        Column of the ids. An id means one person in the whole frame, whatever the arm or the site.
    family
        ``"logistic"`` for an outcome of 0 and 1 (or booleans), ``"poisson"`` for counts.
    correlation
        Working correlation between the rows of a participant: ``"exchangeable"`` (the same between any two) or
        ``"independence"``. It steers efficiency; the standard errors hold if it is wrong.
    visit
        Column of the visit, if there is one: a participant may then have each visit once, and the ledger names the
        visits that are lacking. It does not enter the model unless the formula says so.
    exposure
        For counts: column of the time at risk (or distance, or number of tries) in natural units, above 0. Its
        logarithm is the offset, so that coefficients speak of rates per unit.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        One row a column of the design, in its order: the coefficient on the scale of the link (log odds ratio, log
        rate ratio; for the intercept log odds, log rate). Then ``"odds_ratio: <column>"`` or ``"rate_ratio:
        <column>"`` for each but the intercept: the exponential of estimate and limits, with statistic, df and p of its
        coefficient and no standard error. ``n`` is the number of participants analysed. The primary row is the ratio
        if there is only one. ``.fit`` is the statsmodels result; columns whose largest value is not between 1/128 and
        128 are divided by a power of two in it.

    Raises
    ------
    PlanError
        A formula that cannot be read, has a random effect such as ``(1 | id)`` or no intercept; an unknown column or
        choice; an exposure with a logistic model; an impossible level.
    DataError
        An outcome that is not 0 or 1, or not a count; an exposure of 0 or less; values that are not numbers; a row
        without participant or visit; a visit that a participant has twice; a transformation without a finite value.
    FitError
        Nobody left; an outcome that does not vary; a category without rows; too few participants for the
        coefficients; a redundant column; a participant who alone determines a coefficient; too few pairs of rows for
        an exchangeable correlation, or one that cannot exist; separation (a coefficient runs to infinity); a fit that
        does not converge.

    Warns
    -----
    SmallSample
        When fewer than 10 participants are analysed, in all or in a category of the formula, or when participants
        minus coefficients is below 10.

    When not to use
    ---------------
    For the effect in a given person: that is a random-intercept model, whose odds ratios are further from 1. With
    fewer than about ten participants an arm, whatever the correction. When visits are missing because of earlier
    outcomes (people who fell stop coming): GEE without weights takes rows to be missing completely at random, given
    the columns of the formula. For an outcome with events in hardly anyone: compare proportions.

    Notes
    -----
    ``sum of D' V^-1 (y - mu) = 0`` over participants, ``V = A^1/2 R A^1/2``. With ``r`` the Pearson residuals of
    ``N`` rows, ``p`` coefficients and ``M`` pairs of rows within participants, the exchangeable correlation is ``(sum
    of r_j r_k / (M - p)) / (sum of r² / (N - p))``, as in SAS and R's gee; R's geepack divides by ``M`` and ``N``, so
    its estimates differ in the third digit or so. Covariance (Mancl & DeRouen): ``B^-1 [sum of D' V^-1 (I - H)^-1 e e'
    (I - H')^-1 V^-1 D] B^-1``, ``H = D B^-1 D' V^-1``, ``e = y - mu``. Tests and intervals: t on participants minus
    coefficients; with few participants they err on the side of caution. Overdispersed counts need nothing else: the
    covariance does not assume the Poisson variance. Separation is found by linear programming before the fit. An
    autoregressive correlation is not offered, because statsmodels' takes no account of missed visits.

    References
    ----------
    Liang & Zeger 1986, doi:10.1093/biomet/73.1.13; Mancl & DeRouen 2001, doi:10.1111/j.0006-341X.2001.00126.x;
    Zeger, Liang & Albert 1988, doi:10.2307/2531734 (population-averaged and subject-specific coefficients);
    Albert & Anderson 1984, doi:10.1093/biomet/71.1.1 (separation)

    Validated against
    -----------------
    R 4.2.2 geepack 1.3.9 (coefficients and sandwich) and gee 4.13-25 (exchangeable correlation), with the covariance
    of Mancl & DeRouen from its formula, on simulated data with missing rows (``tests/reference/make_gee.R``).

    Examples
    --------
    >>> import pandas as pd
    >>> diary = pd.DataFrame({
    ...     "id": [f"P{i:02d}" for i in range(24) for _ in (4, 8)],
    ...     "week": [4, 8] * 24,
    ...     "arm": pd.Categorical(["Control", "Control", "Active", "Active"] * 12, ["Control", "Active"]),
    ...     "pain_free": [0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0] * 3,
    ... })
    >>> found = gee(diary, "pain_free ~ arm + week", participant="id", visit="week", family="logistic")
    >>> row = found.row("odds_ratio: arm[T.Active]")
    >>> print(f"{row['estimate']:.1f} ({row['low']:.1f} to {row['high']:.1f}), df {row['df']:.0f}")
    5.1 (1.7 to 15.3), df 21
    """
    asked = ask(data, formula, participant, family, correlation, visit, exposure, level)
    rows = read_rows(data.reset_index(drop=True), asked)
    used = rows.only(rows.table.notna().all(axis=1).to_numpy())
    check_left(rows, used)
    design = design_of(used, asked)
    check_separation(design, used, asked)
    fit = fit_gee(design, used, asked)
    frame = frame_of(fit, design, len(used.clusters), asked)
    small = few_people(used, len(used.clusters) - design.shape[1])
    ratios = [term for term in frame["term"] if term.startswith(f"{asked.ratio}: ")]
    return Estimates(
        frame,
        title=f"{asked.outcome}: population-averaged {asked.named} regression",
        outcome=asked.outcome,
        method=method_text(fit, used, asked),
        level=level,
        primary=ratios[0] if len(ratios) == 1 else "",
        notes=(*notes_of(design, used, rows, asked), *small),
        citations=(cite.LIANG_ZEGER_1986, cite.MANCL_DEROUEN_2001),
        ledger=ledger_of(rows, asked),
        fit=fit,
    )
