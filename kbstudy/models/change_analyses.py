"""The same trial analysed by change, by follow-up alone and by ANCOVA, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import arm_ledger, arm_levels, check_arms, contrasts, points
from kbstudy.models._frames import FloatArray, label, small_sample_notes
from kbstudy.models._linear import blocks_of, check_blocks, design_of, fitted, solved
from kbstudy.models._people import AncovaQuestion, People, people_fates, read_people
from kbstudy.models.effect_sizes import between_arms_effect_size

__all__ = ["compare_analyses"]

_CHANGE: Final = "difference_in_change"
_FOLLOWUP: Final = "difference_at_followup"
_ANCOVA: Final = "adjusted_difference"


def compare_analyses(
    data: pd.DataFrame,
    outcome: str,
    *,
    baseline: str,
    arm: str,
    reference: object,
    covariates: Sequence[str] = (),
    participant: str | None = None,
    variances: Literal["equal", "unequal"] = "equal",
    randomised: bool | None = None,
    effect_sizes: bool = False,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """Change score, follow-up only and ANCOVA side by side, and in one sentence why they differ in these data.

    Parameters
    ----------
    data
        One row a participant.
    outcome, baseline
        Numeric columns: the value at the visit and before the intervention; NaN where there is no value.
    arm, reference
        Column of the arms, and the arm that the others are compared with.
    covariates
        Further columns measured before randomisation; all three analyses are adjusted for them.
    participant
        Column of the ids; without it the frame's index names people.
    variances
        ``"equal"``: one residual variance for all arms, Student's t. ``"unequal"``: Welch's t for change and
        follow-up, HC2 with Bell and McCaffrey's degrees of freedom where there are covariates and for the ANCOVA.
    randomised
        Whether people were randomised to the arms. If not, or if nobody says, a note says what that means.
    effect_sizes
        Whether to add Hedges' g of the change and of the follow-up, without covariates: for comparison with papers.
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        For each other arm minus the reference ``adjusted_difference`` (primary: ANCOVA), ``difference_in_change`` and
        ``difference_at_followup``, all from the same people, who have both values; where asked for
        ``hedges_g_change`` and ``hedges_g_followup`` (divided by the pooled SD of the two arms). The first note of
        each contrast says why the three differ. ``.points`` has ``participant, arm, baseline, followup``.

    Raises
    ------
    PlanError, DataError, FitError
        As :func:`~kbstudy.models.ancova`.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    To choose the analysis after seeing the results: which one answers the question belongs in the protocol. It shows
    what the choice does, and lets published change scores be compared with an ANCOVA.

    Notes
    -----
    All three are ``difference at follow-up - slope × difference at baseline``: with slope 0 the comparison at
    follow-up, with slope 1 the difference in change, and with the slope of follow-up on baseline within arms the
    ANCOVA. In a randomised trial they estimate the same effect, the ANCOVA most precisely in large samples (Senn 2006);
    without randomisation they answer different questions (Lord 1967). Welch: standard error ``sqrt(s1²/n1 + s2²/n2)``
    of the two arms, his approximate degrees of freedom.

    References
    ----------
    Lord 1967, doi:10.1037/h0025105; Vickers & Altman 2001, doi:10.1136/bmj.323.7321.1123;
    Senn 2006, doi:10.1002/sim.2682; Welch 1947, doi:10.1093/biomet/34.1-2.28

    Validated against
    -----------------
    R 4.2.2 ``lm``, ``t.test`` and ``pt(ncp=)`` (``tests/reference/``); the effect sizes of Ashar et al. 2022.

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Usual care"] * 8 + ["Kettlebell"] * 8,
    ...     "before": [6, 5, 7, 4, 6, 8, 5, 6, 6, 6, 7, 5, 5, 8, 7, 7],
    ...     "after": [6, 4, 7, 4, 5, 7, 5, 6, 3, 5, 5, 4, 2, 6, 4, 5],
    ... })
    >>> found = compare_analyses(trial, "after", baseline="before", arm="arm", reference="Usual care",
    ...                          randomised=True)
    >>> print(found.frame[["term", "estimate"]].round(2).to_string(index=False, header=False))
       adjusted_difference -1.70
      difference_in_change -1.75
    difference_at_followup -1.25
    >>> print(found.notes[0][:90])
    Kettlebell − Usual care: at baseline the arms differed by 0.50, and within arms people who
    """
    names = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    robust = {"equal": None, "unequal": "HC2_BM"}.get(variances)
    asked = AncovaQuestion(outcome, arm, label(reference), participant, level, visit, baseline, names, robust)
    _check_question(data, asked, variances, randomised)
    levels = arm_levels(data[arm], asked.reference)
    everybody = read_people(data, asked)
    fates = people_fates(data, everybody, asked)
    ledger = arm_ledger(everybody.ids, everybody.arms, asked, fates)
    check_arms(levels, ledger)
    people = everybody.only([status == "analysed" for status, _ in fates])
    counts = {name: len(ledger.ids("analysed", arm=name)) for name in levels}
    small = small_sample_notes(counts, "people analysed in an arm")
    fits = _fits(people, levels, asked)
    return Estimates(
        _frame(fits, people, counts, asked, effect_sizes),
        title=f"{outcome}{asked.at_visit}: three analyses of the same people",
        outcome=outcome,
        method=_method(asked),
        level=level,
        primary=_ANCOVA,
        drawn=(_ANCOVA, _CHANGE, _FOLLOWUP),
        compares=contrasts(levels),
        notes=(*_notes(fits, people, asked, len(everybody.ids), randomised), *small),
        citations=(
            cite.VICKERS_ALTMAN_2001,
            cite.LORD_1967,
            cite.SENN_2006,
            *([cite.WELCH_1947, cite.IMBENS_KOLESAR_2016] if robust else []),
            *([cite.HEDGES_1981] if effect_sizes else []),
        ),
        ledger=ledger,
        points=points(people.ids, people.arms, people.baseline, people.outcome),
        fit=fits.ancova,
    )


def _check_question(data: pd.DataFrame, asked: AncovaQuestion, variances: object, randomised: object) -> None:
    problems = asked.problems(data, [("baseline", asked.baseline), *(("covariates", c) for c in asked.covariates)])
    if variances not in ("equal", "unequal"):
        do = 'Use variances="equal" or variances="unequal".'
        problems.add(Problem(f'variances="{variances}" is not offered', do=do))
    if randomised not in (True, False, None):
        problems.add(Problem(f"randomised={randomised!r} is neither True, False nor None", do="Say whether they were."))
    problems.raise_as(PlanError)


# ---- the three models --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fits:
    """The fitted models; ``start`` is the follow-up model with baseline as its outcome, for its estimates only."""

    ancova: Any
    change: Any
    followup: Any
    slope: float
    start: FloatArray


def _fits(people: People, levels: Sequence[str], asked: AncovaQuestion) -> _Fits:
    without = blocks_of(people, levels, asked.arm, people.covariates)
    beside = blocks_of(people, levels, asked.arm, {asked.baseline: people.baseline, **people.covariates})
    change, said = people.outcome - people.baseline, f"change in {asked.outcome}"
    check_blocks(people.outcome, beside, asked.outcome)
    check_blocks(change, without, said)
    design, ids = design_of(without), people.ids
    ancova = fitted(people.outcome, design_of(beside), ids, asked.outcome, asked.robust)
    return _Fits(
        ancova,
        fitted(change, design, ids, said, asked.robust),
        fitted(people.outcome, design, ids, asked.outcome, asked.robust),
        _slope(ancova, beside[1][1].iloc[:, 0].to_numpy(), people.baseline, len(levels)),
        np.linalg.lstsq(design.to_numpy(), people.baseline, rcond=None)[0][: len(levels)],
    )


def _slope(ancova: Any, column: FloatArray, baseline: FloatArray, arms: int) -> float:
    """Of follow-up on baseline, in the unit of the outcome: the column may be in another unit."""
    return float(np.asarray(ancova.params)[arms] * np.ptp(column) / np.ptp(baseline))


def _frame(
    fits: _Fits, people: People, counts: Mapping[str, int], asked: AncovaQuestion, effect_sizes: bool
) -> pd.DataFrame:
    change = people.outcome - people.baseline
    analyses = (
        (_ANCOVA, fits.ancova, None, "ANCOVA"),
        (_CHANGE, fits.change, change, "change score"),
        (_FOLLOWUP, fits.followup, people.outcome, "follow-up only"),
    )
    rows = []
    for index, (contrast, (one, other)) in enumerate(contrasts(list(counts)).items(), start=1):
        same = {"contrast": contrast, "n": counts[one] + counts[other]}
        rows += [
            {"term": term, **same, **_row(fit, values, people, (one, other), index, asked, name)}
            for term, fit, values, name in analyses
        ]
        if effect_sizes:
            sizes = {"hedges_g_change": change, "hedges_g_followup": people.outcome}
            rows += [same | _size(term, values, people, (one, other), asked.level) for term, values in sizes.items()]
    return pd.DataFrame(rows).assign(visit=asked.visit)


def _row(
    fit: Any,
    values: FloatArray | None,
    people: People,
    pair: tuple[str, str],
    index: int,
    asked: AncovaQuestion,
    name: str,
) -> dict[str, object]:
    """Welch's t where two plain means are compared without equal variances, else the linear model."""
    if values is not None and asked.robust and not asked.covariates:
        return {**_welch(*_of_arms(values, people, pair), asked.level), "method": f"{name}, Welch"}
    weights = np.zeros((1, len(fit.params)))
    weights[0, [0, index]] = -1.0, 1.0
    found = solved(fit, weights, asked.level, asked.robust)
    parts = ("estimate", "se", "df", "statistic", "p", "low", "high")
    how = "HC2, Bell–McCaffrey df" if asked.robust else "pooled variance"
    return {part: float(getattr(found, part)[0]) for part in parts} | {"method": f"{name}, {how}"}


def _of_arms(values: FloatArray, people: People, pair: tuple[str, str]) -> tuple[FloatArray, FloatArray]:
    arms = people.arms.to_numpy()
    return values[arms == pair[0]], values[arms == pair[1]]


def _welch(one: FloatArray, other: FloatArray, level: float) -> dict[str, float]:
    from scipy.special import stdtr, stdtrit

    parts = [float(np.var(values, ddof=1)) / len(values) for values in (one, other)]
    estimate, se = float(np.mean(one) - np.mean(other)), math.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (one, other), strict=True))
    half = float(stdtrit(df, (1 + level) / 2)) * se
    t = estimate / se
    return {
        "estimate": estimate,
        "se": se,
        "df": df,
        "statistic": t,
        "p": 2 * float(stdtr(df, -abs(t))),
        "low": estimate - half,
        "high": estimate + half,
    }


def _size(term: str, values: FloatArray, people: People, pair: tuple[str, str], level: float) -> dict[str, object]:
    size = between_arms_effect_size(term, *_of_arms(values, people, pair), level)
    return {
        "term": term,
        "estimate": size.value,
        "df": size.df,
        "low": size.low,
        "high": size.high,
        "method": size.method,
    }


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: AncovaQuestion) -> str:
    beside = f", each adjusted for {fmt.words(asked.covariates)}" if asked.covariates else ""
    if not asked.robust:
        errors = "equal variances in all arms"
    elif asked.covariates:
        errors = "HC2 standard errors and Bell and McCaffrey's degrees of freedom"
    else:
        errors = (
            "Welch's t for change and follow-up, and HC2 standard errors with Bell and McCaffrey's degrees of freedom "
            "for the ANCOVA"
        )
    return (
        f"Arms were compared on {asked.outcome}{asked.at_visit} in three ways among the same people{beside}: by "
        f"analysis of covariance with baseline ({asked.baseline}) as covariate, by the change since baseline, and at "
        f"follow-up without regard to baseline; {fmt.confidence(asked.level)} intervals and tests use {errors}."
    )


def _notes(fits: _Fits, people: People, asked: AncovaQuestion, in_data: int, randomised: bool | None) -> list[str]:
    names = contrasts(arm_levels(people.arms, asked.reference))
    notes = [_why(fits, index, name, asked) for index, name in enumerate(names, start=1)]
    if randomised:
        notes.append(
            "In a randomised trial all three estimate the same effect and differ by chance; the ANCOVA is the most "
            "precise in all but very small samples. Which one counts has to be decided before the results are known."
        )
    else:
        how = "People were not randomised" if randomised is False else "Nobody said that people were randomised"
        notes.append(
            f"{how}: then the three answer different questions, and none of them is the effect of an intervention by "
            "itself. The difference in change takes for granted that the arms would have changed alike, the ANCOVA "
            "that people with the same baseline value would have ended alike."
        )
    if in_data > len(people.ids):
        notes.append(
            f"{len(people.ids)} of {in_data} people in the data were analysed, the same in all three; the ledger says "
            "why the others were not."
        )
    return notes


def _why(fits: _Fits, index: int, contrast: str, asked: AncovaQuestion) -> str:
    """One sentence with the numbers of these data."""
    difference = float(fits.start[index] - fits.start[0])
    adjusted, change, followup = (
        fmt.number(float(np.asarray(fit.params)[index] - np.asarray(fit.params)[0]), 2)
        for fit in (fits.ancova, fits.change, fits.followup)
    )
    slope = fmt.number(fits.slope, 2)
    beside = f" (adjusted for {fmt.words(asked.covariates)})" if asked.covariates else ""
    if 0 < fits.slope < 1:
        takes = f"takes off {slope} of it, the part that lasts, because the rest is regression to the mean"
    else:
        takes = f"takes off {slope} times it, the slope in these data"
    return (
        f"{contrast.replace(' - ', ' − ')}: at baseline the arms differed by {fmt.number(difference, 2)}{beside}, and "
        f"within arms people who started 1 higher ended {_ended(fits.slope)}. The comparison at follow-up ({followup}) "
        f"takes off nothing of that baseline difference, the difference in change ({change}) all of it, and the ANCOVA "
        f"({adjusted}) {takes}. Nothing else sets the three apart (Lord's paradox)."
    )


def _ended(slope: float) -> str:
    return f"{fmt.number(abs(slope), 2)} {'higher' if slope >= 0 else 'lower'}"
