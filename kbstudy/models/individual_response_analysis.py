"""Whether people differ in how they respond: the spread of changes with treatment beyond the spread without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import Comparison, Fate, arm_ledger, arm_levels, check_arms, contrasts, not_randomised, points
from kbstudy.models._frames import (
    FloatArray,
    identify_each,
    is_positive,
    label,
    labels,
    numbers,
    small_sample_notes,
)
from kbstudy.models.proportions import wilson
from kbstudy.models.variances import difference_hopkins, difference_mls, ratio_f, signed_root, variance_chi2

__all__ = ["individual_response"]

_INTERVALS: Final = {"mls": difference_mls, "hopkins": difference_hopkins}
_BETTER: Final = ("lower", "higher")
_CAUTION: Final = (
    "One person's change is not that person's response. A change is response, measurement error, regression to the "
    "mean and the ups and downs of daily life together; people in the reference arm change too, without treatment. "
    "Who responded could only be told from repeated periods with and without treatment in the same people."
)
_SHARES: Final = (
    "The shares beyond MDC95 or MIC count people whose change was that large, for whatever reason. They are not shares "
    "of responders; compare them with the reference arm."
)
_NORMAL: Final = (
    "The intervals of standard deviations and their ratio rest on normally distributed changes, with many people as "
    "with few. Scores that pile up at an end of the scale can make spreads differ without any individual response."
)
_HOPKINS: Final = (
    "Hopkins' interval takes a difference of variances to be normally distributed. With 10 or 20 people an arm a 95% "
    'interval of this kind covers as little as 86% (benchmarks/coverage_individual_response.py); interval="mls" covers '
    "95%."
)


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text."""

    baseline: str
    mdc95: float | None
    mic: float | None
    better: str | None
    interval: str

    @property
    def thresholds(self) -> dict[str, float]:
        """Those that were given, by name."""
        given = {"mdc95": self.mdc95, "mic": self.mic}
        return {name: float(value) for name, value in given.items() if value is not None}

    @property
    def sign(self) -> int:
        """Multiplies a change so that up is better."""
        return -1 if self.better == "lower" else 1


def individual_response(
    data: pd.DataFrame,
    outcome: str,
    *,
    baseline: str,
    arm: str,
    reference: object,
    participant: str | None = None,
    mdc95: float | None = None,
    mic: float | None = None,
    better: Literal["lower", "higher"] | None = None,
    interval: Literal["mls", "hopkins"] = "mls",
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """The standard deviation of individual response: whether people differ in how they respond, beyond error.

    Parameters
    ----------
    data
        One row a participant.
    outcome, baseline
        Numeric columns: the value at the visit and before the intervention; NaN where there is no value. The change is
        ``outcome - baseline``.
    arm, reference
        Column of the arms, and the arm without the treatment, whose changes show what error and time do by themselves.
    participant
        Column of the ids; without it the frame's index names people.
    mdc95, mic
        Minimal detectable change of one person with 95 % confidence, and minimal important change for one person:
        sizes above 0, in the unit of the outcome.
    better
        Whether ``"lower"`` or ``"higher"`` is better; needed with ``mdc95`` or ``mic``.
    interval
        Interval of the difference of two variances: ``"mls"`` (modified large-sample, Ting and others) or
        ``"hopkins"`` (as published for this purpose; covers too little in small arms, and the result says so).
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        In each arm ``mean_change`` (t interval), ``sd_change`` (chi-square interval) and, for each threshold given,
        ``share_improved_mdc95``, ``share_worsened_mdc95`` and so on (Wilson intervals). Of each other arm against the
        reference ``sd_individual_response`` (primary), ``variance_ratio`` (F interval) and, with ``mic``,
        ``share_responding_normal`` (no interval). ``.points`` has ``participant, arm, baseline, followup, change`` and
        the thresholds; ``.plot()`` is the waterfall.

    Raises
    ------
    PlanError
        An unknown column, arm or choice, a threshold that is not a size, ``better`` missing, an impossible level.
    DataError
        Values that are not numbers, infinite values, a person on more than one row.
    FitError
        Fewer than two arms, an arm with fewer than two people left, an arm in which all change by the same.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    Without a concurrent control arm: the spread of changes in one arm is mostly error. To call single people
    responders. To explain why people differ, compare subgroups that were named beforehand, through an interaction.

    Notes
    -----
    ``SD_IR = sign(D) sqrt(|D|)``, ``D = SD²(changes with treatment) - SD²(changes in the reference arm)`` (Hopkins
    2015; Atkinson & Batterham 2015, where it is SD_IR or SD_R). A negative ``D`` is kept: changes varied less with
    treatment, by chance or because treatment brings people together. Limits are the signed roots of the limits of
    ``D``. ``share_responding_normal`` is the share of a normal distribution with mean the difference of mean changes
    and SD ``SD_IR`` that improves by ``mic`` or more; it exists where ``SD_IR`` is positive. A change within 1e-9
    (relative) of a threshold is on it, and reaches it.

    References
    ----------
    Hopkins 2015, doi:10.1152/japplphysiol.00098.2015; Atkinson & Batterham 2015, doi:10.1113/EP085070; Burdick &
    Graybill 1992, Confidence Intervals on Variance Components (the modified large-sample interval of Ting, Burdick,
    Graybill, Jeyaratnam & Lu 1990)

    Validated against
    -----------------
    R 4.2.2: the formulas by hand, ``var.test``, ``t.test`` and ``prop.test`` on simulated data with missing values
    (``tests/reference/make_individual_response.R``). Coverage: ``benchmarks/coverage_individual_response.py``.

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Usual care"] * 10 + ["Kettlebell"] * 10,
    ...     "before": [6, 5, 7, 4, 6, 8, 5, 6, 7, 6, 5, 6, 7, 5, 4, 8, 6, 6, 7, 5],
    ...     "after": [6, 4, 7, 4, 5, 7, 5, 6, 6, 6, 1, 5, 3, 4, 4, 3, 6, 2, 6, 4],
    ... })
    >>> found = individual_response(trial, "after", baseline="before", arm="arm", reference="Usual care")
    >>> print(found.sentence())
    Change in after (Kettlebell − Usual care): SD of individual response 1.84 (95% CI 1.19 to 3.45; n = 20).
    """
    asked = _Question(outcome, arm, label(reference), participant, level, visit, baseline, mdc95, mic, better, interval)
    _check_question(data, asked)
    levels = arm_levels(data[arm], asked.reference)
    people = _read(data, asked)
    fates = _fates(data, people, asked)
    ledger = arm_ledger(people["participant"], people["arm"], asked, fates)
    check_arms(levels, ledger)
    kept = people[[status == "analysed" for status, _ in fates]].reset_index(drop=True)
    changes = {name: kept.loc[kept["arm"] == name, "change"].to_numpy(dtype="float64") for name in levels}
    _check_spread(changes, kept, asked)
    small = small_sample_notes({name: len(values) for name, values in changes.items()}, "people analysed in an arm")
    frame = _frame(changes, asked)
    return Estimates(
        frame.assign(visit=visit),
        title=f"{outcome}{asked.at_visit}: do people differ in their response?",
        outcome=f"Change in {outcome}",
        method=_method(asked),
        level=level,
        primary="sd_individual_response",
        compares=contrasts(levels),
        better=better or "",
        figure="plot_individual_changes",
        notes=(*_notes(frame, asked), *small),
        citations=(
            cite.HOPKINS_2015,
            cite.ATKINSON_BATTERHAM_2015,
            *([cite.BURDICK_GRAYBILL_1992] if interval == "mls" else []),
            *([cite.WILSON_1927] if asked.thresholds else []),
        ),
        ledger=ledger,
        points=points(kept["participant"], kept["arm"], *(kept[c].to_numpy() for c in ("before", "after"))).assign(
            change=kept["change"], **asked.thresholds
        ),
    )


# ---- what goes in ------------------------------------------------------------------------------------------------


def _check_question(data: pd.DataFrame, asked: _Question) -> None:
    problems = asked.problems(data, [("baseline", asked.baseline)])
    if asked.interval not in _INTERVALS:
        what = f'interval="{asked.interval}" is not offered{did_you_mean(str(asked.interval), list(_INTERVALS))}'
        problems.add(Problem(what, do=f"Choose one of: {', '.join(_INTERVALS)}."))
    for name, value in (("mdc95", asked.mdc95), ("mic", asked.mic)):
        if value is not None and not is_positive(value):
            do = "Give the size of a change, above 0 and in the unit of the outcome; better= says the direction."
            problems.add(Problem(f"{name}={value!r} is not a size", do=do))
    if asked.better not in _BETTER and (asked.better is not None or asked.mdc95 is not None or asked.mic is not None):
        what = "better is not said" if asked.better is None else f'better="{asked.better}" is not a direction'
        do = 'With a threshold, say better="lower" or better="higher": it decides which changes are improvements.'
        problems.add(Problem(what, do=do))
    problems.raise_as(PlanError)


def _read(data: pd.DataFrame, asked: _Question) -> pd.DataFrame:
    """Everybody: ``participant, arm, before, after, change``."""
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    before, after = (numbers(data, column, ids, problems) for column in (asked.baseline, asked.outcome))
    problems.raise_as(DataError)
    arms = labels(data[asked.arm])
    return pd.DataFrame({"participant": ids, "arm": arms, "before": before, "after": after, "change": after - before})


def _fates(data: pd.DataFrame, people: pd.DataFrame, asked: _Question) -> list[Fate]:
    found: list[Fate] = []
    lacking = zip(people["after"].isna(), people["before"].isna(), strict=True)
    for never, (no_after, no_before) in zip(not_randomised(data[asked.arm]), lacking, strict=True):
        why = [text for text, gone in ((asked.no_value, no_after), ("no baseline value", no_before)) if gone]
        status = "missing" if no_after else "dropped" if no_before else "analysed"
        found.append(never or (status, "; ".join(why)))
    return found


def _check_spread(changes: Mapping[str, FloatArray], kept: pd.DataFrame, asked: _Question) -> None:
    """Without spread in an arm there is no variance to compare."""
    problems = Problems()
    noise = 4 * np.spacing(float(np.abs(kept[["before", "after"]].to_numpy()).max()))
    for name, values in changes.items():
        if np.ptp(values) <= noise:
            what = f'arm "{name}": all {len(values)} people change by {values[0]:g}, so the changes have no spread'
            do = "Check that the two columns are not copies of each other, or that a missing value was not filled in."
            problems.add(Problem(what, column=asked.outcome, do=do))
    problems.raise_as(FitError)


# ---- numbers -----------------------------------------------------------------------------------------------------


def _frame(changes: Mapping[str, FloatArray], asked: _Question) -> pd.DataFrame:
    rows = [row | {"arm": name} for name, values in changes.items() for row in _of_arm(values, asked)]
    for contrast, (one, other) in contrasts(list(changes)).items():
        rows += [row | {"contrast": contrast} for row in _against(changes[one], changes[other], asked)]
    return pd.DataFrame(rows)


def _of_arm(values: FloatArray, asked: _Question) -> list[dict[str, object]]:
    from scipy.special import stdtrit

    n, mean, s2 = len(values), float(np.mean(values)), float(np.var(values, ddof=1))
    se = math.sqrt(s2 / n)
    half = float(stdtrit(n - 1, (1 + asked.level) / 2)) * se
    low, high = variance_chi2(s2, n - 1, asked.level)
    of_mean = {"estimate": mean, "se": se, "df": n - 1, "low": mean - half, "high": mean + half}
    of_sd = {"estimate": math.sqrt(s2), "df": n - 1, "low": math.sqrt(low), "high": math.sqrt(high)}
    return [
        {"term": "mean_change", "n": n, "method": "t interval"} | of_mean,
        {"term": "sd_change", "n": n, "method": "chi-square interval"} | of_sd,
        *(row for name, size in asked.thresholds.items() for row in _shares(values, name, size, asked)),
    ]


def _shares(values: FloatArray, name: str, size: float, asked: _Question) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for word, gain in (("improved", asked.sign * values), ("worsened", -asked.sign * values)):
        k, n = int(np.sum((gain >= size) | np.isclose(gain, size, rtol=1e-9, atol=0.0))), len(values)
        low, high = wilson(k, n, asked.level)
        method = f"Wilson; {fmt.percent(k, n)}"
        rows.append(
            {"term": f"share_{word}_{name}", "n": n, "estimate": k / n, "low": low, "high": high, "method": method}
        )
    return rows


def _against(one: FloatArray, other: FloatArray, asked: _Question) -> list[dict[str, object]]:
    s2, other_s2 = float(np.var(one, ddof=1)), float(np.var(other, ddof=1))
    dfs, n = (len(one) - 1, len(other) - 1), len(one) + len(other)
    low, high = _INTERVALS[asked.interval](s2, dfs[0], other_s2, dfs[1], asked.level)
    sd = {"estimate": signed_root(s2 - other_s2), "low": signed_root(low), "high": signed_root(high)}
    ratio_low, ratio_high = ratio_f(s2, dfs[0], other_s2, dfs[1], asked.level)
    ratio = {"estimate": s2 / other_s2, "low": ratio_low, "high": ratio_high, "method": "F interval"}
    words = {"mls": "modified large-sample interval", "hopkins": "Hopkins' normal interval"}
    rows: list[dict[str, object]] = [
        {"term": "sd_individual_response", "n": n, "method": f"difference of variances, {words[asked.interval]}"} | sd,
        {"term": "variance_ratio", "n": n} | ratio,
    ]
    if asked.mic is not None:
        share = _share_responding(float(np.mean(one) - np.mean(other)), s2 - other_s2, asked)
        method = "normal distribution of responses, no interval"
        rows.append({"term": "share_responding_normal", "n": n, "estimate": share, "method": method})
    return rows


def _share_responding(mean: float, variance: float, asked: _Question) -> float:
    """The share of normally distributed responses that reach the MIC; undefined without a spread of responses."""
    from scipy.special import ndtr

    if variance <= 0:
        return math.nan
    return float(ndtr((asked.sign * mean - float(asked.mic or 0)) / math.sqrt(variance)))


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: _Question) -> str:
    how = {
        "mls": "the modified large-sample interval of a difference of two variances (Ting and others 1990)",
        "hopkins": "Hopkins' interval, which takes the difference of two variances to be normally distributed",
    }[asked.interval]
    shares = (
        f" The shares of people whose change reached {_thresholds(asked)} are given for each arm with Wilson intervals."
        if asked.thresholds
        else ""
    )
    return (
        f"Individual response in {asked.outcome}{asked.at_visit} was estimated as the standard deviation SD_IR = "
        f"sign(D)·√|D| with D = SD²(changes with treatment) − SD²(changes in {asked.reference}), with "
        f"{fmt.confidence(asked.level)} limits from {how}; beside it stands the ratio of the two variances with its F "
        f"interval.{shares}"
    )


def _thresholds(asked: _Question) -> str:
    names = {"mdc95": "MDC95", "mic": "the MIC"}
    return fmt.words([f"{names[name]} ({fmt.plain(size)})" for name, size in asked.thresholds.items()], "or")


def _notes(frame: pd.DataFrame, asked: _Question) -> list[str]:
    notes = [_CAUTION]
    spread = frame[frame["term"] == "sd_individual_response"]
    for row in spread.itertuples():
        about = str(row.contrast).replace(" - ", " − ")
        if row.estimate < 0:
            notes.append(
                f"{about}: the changes varied less with treatment than in {asked.reference}, so the variance of "
                "individual response is negative and its SD is shown with a minus sign. That is no evidence of "
                "individual response."
            )
        elif row.low <= 0:
            notes.append(f"{about}: the interval has 0 in it; no individual response at all is compatible with it.")
    if asked.thresholds:
        notes.append(_SHARES)
    if asked.mic is not None:
        notes.append(
            "share_responding_normal says which share of responses would reach the MIC if responses were normally "
            "distributed with that mean and SD. It has no interval here, is as uncertain as both, and names nobody."
        )
    if asked.mdc95 is not None and asked.mic is not None and asked.mic < asked.mdc95:
        notes.append(
            f"The MIC ({fmt.plain(asked.mic)}) lies below MDC95 ({fmt.plain(asked.mdc95)}): an important change of one "
            "person cannot be told from measurement error."
        )
    return [*notes, _NORMAL, *([_HOPKINS] if asked.interval == "hopkins" else [])]
