"""Times until a position is lost, where the test is stopped at a cap: censored, never a mean of capped values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import Comparison, Fate, arm_ledger, arm_levels, check_arms, contrasts, not_randomised
from kbstudy.models._frames import (
    FloatArray,
    identify_each,
    label,
    labels,
    numbers,
    small_sample_notes,
)

__all__ = ["hold_time"]

_NOT_THE_MEAN: Final = (
    "A restricted mean is the mean time held within the restriction, and not the mean time that people could hold: "
    "those who reached the cap could have held longer. It compares arms under one restriction, and it grows with it."
)


@dataclass(frozen=True)
class _HoldQuestion(Comparison):
    """What was asked, with labels as text."""

    cap: float | str
    tau: float | None


@dataclass(frozen=True)
class _Holds:
    """One arm: seconds, and whether the position was lost (else the test was stopped)."""

    seconds: FloatArray
    lost: Any

    @property
    def n(self) -> int:
        return len(self.seconds)


def hold_time(
    data: pd.DataFrame,
    outcome: str,
    *,
    arm: str,
    reference: object,
    cap_s: float | str,
    participant: str | None = None,
    tau_s: float | None = None,
    level: float = 0.95,
) -> Estimates:
    """How long people hold a position, compared between arms, where the test is stopped at a cap.

    A person who reaches the cap did not fail at it: the time is right-censored. A mean of such values says as much
    about the cap as about the people.

    Parameters
    ----------
    data
        One row a person, at one visit.
    outcome
        Column of the seconds held; NaN where the test was not done.
    arm, reference
        Column of the arms, and the arm that the others are compared with.
    cap_s
        The time at which the test is stopped, s: a number, or the column that has it where it differs between people.
        A person at the cap counts as having held.
    participant
        Column of the ids; the index if not given.
    tau_s
        The restriction of the mean, s. By default as far as all arms can be followed, which is the cap where there is
        one cap.
    level
        Confidence level.

    Returns
    -------
    Estimates
        Rows by ``term``: ``restricted_mean_difference`` of each arm against the reference (primary), and in each arm
        ``restricted_mean`` and ``median_time`` (Kaplan–Meier; NaN where fewer than half lost the position).

    Raises
    ------
    PlanError
        An unknown column, arm or restriction.
    DataError
        Times that are negative, not numbers or beyond the cap; people without a cap.
    FitError
        Fewer than two people in an arm, or nobody who lost the position before the restriction.

    Warns
    -----
    SmallSample
        With fewer than 8 people in an arm.

    When not to use
    ---------------
    For tests without a cap: compare means (:func:`kbstudy.ancova`). Where people were stopped for another reason, such
    as pain, that has to do with how long they would have held: then no method for censored times is right.

    Notes
    -----
    With ``S`` the Kaplan–Meier curve, the restricted mean is the area under ``S`` up to τ, and its variance
    Greenwood's, ``Σ A(t)² d / (r (r - d))`` over the times of loss with ``d`` losses, ``r`` at risk and ``A(t)`` the
    area from t to τ. That variance is multiplied by ``n / (n - 1)`` and used with Student's t on ``n - 1`` degrees of
    freedom, for the difference with Welch's: with one cap for all this is exactly Welch's interval, while z with the
    bare variance covers too little in arms of ten. The interval of the median inverts log(-log S). Where one cap holds
    for all and τ is the cap, the restricted mean is numerically the mean of the capped values; the name says what it
    estimates.

    References
    ----------
    Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452; Royston & Parmar 2013, doi:10.1186/1471-2288-13-152;
    Brookmeyer & Crowley 1982, doi:10.2307/2530286

    Validated against
    -----------------
    R survival 3.5-3 (``survfit``, restricted means and their standard errors, medians and log-log limits), and
    ``t.test`` where there is one cap (``tests/reference/holds``).

    Examples
    --------
    >>> import pandas as pd
    >>> holds = pd.DataFrame({
    ...     "arm": ["Usual care"] * 9 + ["Kettlebell"] * 9,
    ...     "seconds": [62, 80, 95, 101, 118, 130, 155, 190, 240, 90, 121, 140, 166, 185, 210, 240, 240, 240],
    ... })
    >>> found = hold_time(holds, "seconds", arm="arm", reference="Usual care", cap_s=240)
    >>> print(found.sentence())  # doctest: +ELLIPSIS
    Restricted mean of seconds (to 240 s) was 51.2 s higher with Kettlebell than with Usual care (difference 51.2, ...
    """
    asked = _HoldQuestion(outcome, arm, label(reference), participant, level, "", cap_s, tau_s)
    _check_question(data, asked)
    ids, arms, seconds, caps = _read(data, asked)
    levels = arm_levels(data[arm], asked.reference)
    ledger = arm_ledger(ids, arms, asked, _fates(data, seconds, asked))
    check_arms(levels, ledger)
    groups = {name: _of_arm(seconds, caps, np.asarray(arms == name)) for name in levels}
    tau = _restriction(groups, caps, asked)
    means = {name: _restricted_mean(holds, tau) for name, holds in groups.items()}
    _check_spread(groups, means, tau)
    found = _estimates(groups, means, tau, asked, _caps_in_words(caps, asked))
    small = small_sample_notes({name: holds.n for name, holds in groups.items()}, "people in an arm")
    return found.with_(ledger=ledger, notes=(*found.notes, *small))


# ---- checks ------------------------------------------------------------------------------------------------------


def _check_question(data: pd.DataFrame, asked: _HoldQuestion) -> None:
    others = [("cap_s", asked.cap)] if isinstance(asked.cap, str) else []
    problems = asked.problems(data, others)
    if not isinstance(asked.cap, str) and not _is_time(asked.cap):
        do = "Give the seconds at which the test is stopped, such as cap_s=240, or the column that has them."
        problems.add(Problem(f"cap_s={asked.cap!r} is not a time", do=do))
    if asked.tau is not None and not _is_time(asked.tau):
        problems.add(Problem(f"tau_s={asked.tau!r} is not a time", do="Give seconds above 0."))
    problems.raise_as(PlanError)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _read(data: pd.DataFrame, asked: _HoldQuestion) -> tuple[pd.Series, pd.Series, FloatArray, FloatArray]:
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    seconds = numbers(data, asked.outcome, ids, problems)
    caps = (
        numbers(data, asked.cap, ids, problems) if isinstance(asked.cap, str) else np.full(len(data), float(asked.cap))
    )
    problems.raise_as(DataError)
    for i in np.flatnonzero(~np.isnan(seconds)):
        what, do = _wrong(seconds[i], caps[i])
        if what:
            problems.add(Problem(what, column=asked.outcome, participant=ids[i], do=do))
    problems.raise_as(DataError)
    return ids, labels(data[asked.arm]), seconds, caps


def _wrong(seconds: float, cap: float) -> tuple[str, str]:
    if seconds < 0:
        return f"{fmt.plain(seconds)} s", "A time is not negative: correct it."
    if not cap > 0:
        return f"a time of {fmt.plain(seconds)} s and no cap", "Say at what time this person would have been stopped."
    if seconds > cap:
        do = "Nobody holds beyond the cap: correct the time, or state the cap that was really used."
        return f"{fmt.plain(seconds)} s is beyond the cap of {fmt.plain(cap)} s", do
    return "", ""


def _fates(data: pd.DataFrame, seconds: FloatArray, asked: _HoldQuestion) -> list[Fate]:
    never = not_randomised(data[asked.arm])
    return [
        out or (("missing", asked.no_value) if math.isnan(time) else ("analysed", ""))
        for out, time in zip(never, seconds, strict=True)
    ]


def _of_arm(seconds: FloatArray, caps: FloatArray, members: Any) -> _Holds:
    chosen = members & ~np.isnan(seconds)
    return _Holds(seconds[chosen], seconds[chosen] < caps[chosen])


def _restriction(groups: dict[str, _Holds], caps: FloatArray, asked: _HoldQuestion) -> float:
    """As far as every curve is known; a curve that has come down to zero is known for ever."""
    last = {name: float(holds.seconds.max()) for name, holds in groups.items()}
    open_ended = {
        name: time
        for name, time in last.items()
        if not groups[name].lost[groups[name].seconds == time].all()  # somebody held to the last time
    }
    furthest = min([*open_ended.values(), float(np.nanmax(caps))])
    if asked.tau is None:
        return furthest
    if asked.tau > furthest:
        arm = min(open_ended, key=lambda name: open_ended[name], default="")
        where = f' in arm "{arm}"' if arm else ""
        what = f"tau_s={fmt.plain(asked.tau)} is beyond {fmt.plain(furthest)} s, the last time that is known{where}"
        raise PlanError(Problem(what, do=f"Give at most tau_s={fmt.plain(furthest)}."))
    return float(asked.tau)


def _check_spread(groups: dict[str, _Holds], means: dict[str, tuple[float, float]], tau: float) -> None:
    """Somebody must have lost the position, and not everybody of an arm at the same time in every arm."""
    if not any((holds.lost & (holds.seconds < tau)).any() for holds in groups.values()):
        what = f"nobody lost the position within {fmt.plain(tau)} s, so there is nothing to compare"
        do = "The test is too easy for these people: a later cap or a harder position is needed."
        raise FitError(Problem(what, do=do))
    if all(se == 0 for _, se in means.values()):
        what = "the times do not vary within any arm, so no interval is defined"
        raise FitError(Problem(what, do="Check the column: are these the times of single people?"))


# ---- one arm -----------------------------------------------------------------------------------------------------


def _curve(holds: _Holds) -> Any:
    """The Kaplan–Meier curve by statsmodels."""
    from statsmodels.duration.survfunc import SurvfuncRight

    return SurvfuncRight(holds.seconds, holds.lost.astype("int64"))


def _restricted_mean(holds: _Holds, tau: float) -> tuple[float, float]:
    """Area under the curve up to ``tau``, and its standard error (Greenwood × n / (n - 1))."""
    if not holds.lost.any():
        return tau, 0.0
    curve = _curve(holds)
    before = curve.surv_times < tau
    times, alive = curve.surv_times[before], curve.surv_prob[before]
    edges = np.concatenate([[0.0], times, [tau]])
    areas = np.concatenate([[1.0], alive]) * np.diff(edges)
    beyond = np.cumsum(areas[:0:-1])[::-1]  # the area from each time of loss to tau
    losses, at_risk = curve.n_events[before], curve.n_risk[before]
    left = at_risk - losses
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(left > 0, beyond**2 * losses / (at_risk * left), 0.0)
    return float(areas.sum()), math.sqrt(float(parts.sum()) * holds.n / (holds.n - 1))


def _median(holds: _Holds, level: float) -> tuple[float, float, float]:
    """The median and its limits; NaN (a limit: infinity) where the curve does not come down to it."""
    if not holds.lost.any():
        return math.nan, math.nan, math.nan
    curve = _curve(holds)
    at_half = np.isclose(curve.surv_prob, 0.5, rtol=0, atol=1e-12)
    below = curve.surv_times[(curve.surv_prob < 0.5) & ~at_half]
    if at_half.any():
        # Flat at one half: the middle of the flat part, as R has it; open to the right if nobody fails after it.
        start = float(curve.surv_times[at_half][0])
        median = (start + float(below[0])) / 2 if below.size else start
    else:
        median = float(below[0]) if below.size else math.nan
    with np.errstate(all="ignore"):
        low, high = curve.quantile_ci(0.5, alpha=1 - level, method="cloglog")
    return median, float(low), float(high)


# ---- the result --------------------------------------------------------------------------------------------------


def _estimates(
    groups: dict[str, _Holds], means: dict[str, tuple[float, float]], tau: float, asked: _HoldQuestion, caps: str
) -> Estimates:
    compared = contrasts(list(groups))
    rows = [_difference(groups, means, contrast, pair, asked.level) for contrast, pair in compared.items()]
    for name, holds in groups.items():
        rows += [_mean_row(name, holds, means[name], tau, asked.level), _median_row(name, holds, asked.level)]
    return Estimates(
        pd.DataFrame(rows),
        title=f"{asked.outcome}, held up to {fmt.plain(tau)} s",
        outcome=f"Restricted mean of {asked.outcome} (to {fmt.plain(tau)} s)",
        method=_method(asked, tau, caps),
        unit="s",
        level=asked.level,
        decimals=1,
        primary="restricted_mean_difference",
        compares=compared,
        better="higher",
        notes=(_NOT_THE_MEAN, _held_in_words(groups), *_notes(means)),
        citations=(cite.KAPLAN_MEIER_1958, cite.ROYSTON_PARMAR_2013, cite.BROOKMEYER_CROWLEY_1982),
    )


def _difference(
    groups: dict[str, _Holds],
    means: dict[str, tuple[float, float]],
    contrast: str,
    pair: tuple[str, str],
    level: float,
) -> dict[str, object]:
    from scipy import stats

    (one, se_one), (other, se_other) = (means[name] for name in pair)
    n, m = (groups[name].n for name in pair)
    variance = se_one**2 + se_other**2
    row: dict[str, object] = {
        "term": "restricted_mean_difference",
        "contrast": contrast,
        "n": n + m,
        "estimate": one - other,
        "method": "Kaplan–Meier; Greenwood × n/(n − 1); Welch",
    }
    if variance == 0:
        return row
    se = math.sqrt(variance)
    df = variance**2 / (se_one**4 / (n - 1) + se_other**4 / (m - 1))
    t = (one - other) / se
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    p = 2 * float(stats.t.sf(abs(t), df))
    return row | {"se": se, "df": df, "statistic": t, "p": p, "low": one - other - half, "high": one - other + half}


def _mean_row(name: str, holds: _Holds, found: tuple[float, float], tau: float, level: float) -> dict[str, object]:
    from scipy import stats

    mean, se = found
    half = float(stats.t.ppf((1 + level) / 2, holds.n - 1)) * se
    row = {"term": "restricted_mean", "arm": name, "n": holds.n, "estimate": mean, "method": f"to {fmt.plain(tau)} s"}
    if se == 0:
        return row
    return row | {"se": se, "df": holds.n - 1, "low": max(mean - half, 0.0), "high": min(mean + half, tau)}


def _median_row(name: str, holds: _Holds, level: float) -> dict[str, object]:
    median, low, high = _median(holds, level)
    method = (
        "Kaplan–Meier; log(−log S) limits" if not math.isnan(median) else "not reached: over half held to their cap"
    )
    row = {"term": "median_time", "arm": name, "n": holds.n, "estimate": median, "method": method}
    return row | {"low": low, "high": high}


def _held_in_words(groups: dict[str, _Holds]) -> str:
    told = [f"{name} {fmt.percent(int((~holds.lost).sum()), holds.n)}" for name, holds in groups.items()]
    return f"Held to the cap (right-censored): {fmt.words(told)}."


def _notes(means: dict[str, tuple[float, float]]) -> list[str]:
    constant = [name for name, (_, se) in means.items() if se == 0]
    if not constant:
        return []
    who = fmt.words([f'"{name}"' for name in constant])
    return [
        f"No spread within the restriction in arm {who}: its restricted mean has no interval, and the interval of the "
        "difference rests on the other arm alone."
    ]


def _caps_in_words(caps: FloatArray, asked: _HoldQuestion) -> str:
    different = np.unique(caps[~np.isnan(caps)])
    if len(different) == 1:
        return f"its cap ({fmt.plain(different[0])} s)"
    return f'each person\'s cap ({fmt.plain(different[0])} to {fmt.plain(different[-1])} s, "{asked.cap}")'


def _method(asked: _HoldQuestion, tau: float, caps: str) -> str:
    return (
        f"Times held in {asked.outcome} are right-censored at {caps} and described by Kaplan–Meier curves; arms are "
        f"compared by their restricted means up to {fmt.plain(tau)} s, with Greenwood's variance times n/(n − 1) and "
        f"{fmt.confidence(asked.level)} intervals from t with Welch's degrees of freedom; medians have limits from "
        "log(−log S). Limits of a restricted mean are cut at 0 and at the restriction, beyond which it cannot lie."
    )
