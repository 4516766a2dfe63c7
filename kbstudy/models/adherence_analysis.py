"""How much of the planned training people attended, and how the change goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._arms import arm_levels, check_alike
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_label,
    check_level,
    identify_each,
    is_positive,
    label,
    labels,
    numbers,
    small_sample_notes,
)
from kbstudy.models.proportions import wilson

__all__ = ["adherence", "dose_response"]

#: A relative difference that floating point makes, and no person.
_ROUNDING: Final = 1e-9
_NOT_AN_EFFECT: Final = (
    "Exploratory: how much people attended was their own choice and not randomised. People who get better may come "
    "more often, and people who are in pain, ill or busy less. The slope is not the effect of a session, and it does "
    "not say what would have happened to the same people with more sessions. Only arms randomised to doses can."
)
_REGRESSION: Final = (
    "slope_baseline_adjusted compares people with the same baseline: people with a high value at baseline tend to "
    "change more by regression to the mean, and may attend more or less."
)
_ALL_RANDOMISED: Final = (
    "Compare arms as randomised, whoever attended. Leaving out people who attended little undoes the randomisation."
)


# ---- adherence ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _AdherenceQuestion:
    """What was asked, with labels as text."""

    attended: str
    planned: str | float
    threshold: float
    participant: str | None
    arm: str | None
    level: float


def adherence(
    people: pd.DataFrame,
    *,
    attended: str,
    planned: str | float,
    threshold: float,
    participant: str | None = None,
    arm: str | None = None,
    level: float = 0.95,
) -> Estimates:
    """How much of what was planned people attended: shares, their distribution, and who stayed below a threshold.

    Parameters
    ----------
    people
        One row a participant.
    attended
        Column of the sessions attended (or minutes, or kilograms lifted); NaN where it is not known, 0 for none.
    planned
        Column of the sessions planned for the person, or one number for everybody.
    threshold
        The share from which somebody counts as having adhered, between 0 and 1, such as 0.8. There is no default
        because trials differ.
    participant
        Column of the ids; without it the frame's index names people.
    arm
        Column of the arms; without it all people are described together.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        In each arm ``share_attended_mean`` (primary; mean of the people's shares, t interval), ``share_attended_sd``,
        ``share_attended_first_quartile``, ``share_attended_median``, ``share_attended_third_quartile``,
        ``share_attended_total`` (all sessions attended over all planned) and ``share_below_threshold`` (people, Wilson
        interval). ``.points`` has ``participant, arm, attended, planned, share, threshold``.

    Raises
    ------
    PlanError
        An unknown column, a threshold that is not a share, an impossible number planned or level, arms that differ
        only in blanks or capitals, nobody in an arm.
    DataError
        Values that are not numbers, negative, or more attended than planned; nothing planned; a person on two rows.
    FitError
        An arm with fewer than two people whose attendance is known.

    Warns
    -----
    SmallSample
        When fewer than 8 people are described in an arm.

    When not to use
    ---------------
    To choose who is analysed: adherence happens after randomisation. To explain an effect: :func:`dose_response` shows
    how little such a slope says.

    Notes
    -----
    A share within 1e-9 (relative) of the threshold is on it, and reaches it; one above 1 by so little is 1. Quartiles
    interpolate linearly (R's type 7). The t interval is cut at 0 and 1.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953; CERT items 5, 7 and 16 (Slade et al. 2016,
    doi:10.1136/bjsports-2016-096651)

    Validated against
    -----------------
    R 4.2.2 ``t.test``, ``quantile`` and ``prop.test`` (``tests/reference/make_adherence.R``).

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"arm": ["Kettlebell"] * 10, "attended": [24, 20, 22, 8, 16, 24, 23, 12, 0, 19]})
    >>> found = adherence(people, attended="attended", planned=24, threshold=0.8, arm="arm")
    >>> print(found.sentence("share_below_threshold"))
    Sessions attended (Kettlebell): share below threshold 0.50 (95% CI 0.24 to 0.76; n = 10).
    """
    asked = _AdherenceQuestion(attended, planned, threshold, participant, arm, level)
    _check_adherence(people, asked)
    everybody = _read_adherence(people, asked)
    levels = arm_levels(people[arm], "") if arm is not None else [""]
    ledger = _adherence_ledger(everybody, asked)
    known = everybody[everybody["share"].notna() & ((everybody["arm"] != "") | (arm is None))].reset_index(drop=True)
    _check_known(known, everybody, levels, asked)
    counts = {name: int((known["arm"] == name).sum()) for name in levels}
    small = small_sample_notes(counts, "people described")
    rows = [row | {"arm": name} for name in levels for row in _described(known[known["arm"] == name], asked)]
    return Estimates(
        pd.DataFrame(rows),
        title="Sessions attended, as a share of those planned",
        outcome="Sessions attended",
        method=(
            "Adherence is each person's sessions attended divided by the sessions planned, described by its mean (t "
            f"interval at {fmt.confidence(level)}), standard deviation and quartiles; people below "
            f"{fmt.plain(threshold)} are counted, with a Wilson interval."
        ),
        level=level,
        primary="share_attended_mean",
        figure="plot_adherence",
        notes=(*_adherence_notes(known, everybody, levels), _ALL_RANDOMISED, *small),
        citations=(cite.WILSON_1927, cite.SLADE_2016),
        ledger=ledger,
        points=known.assign(threshold=threshold),
    )


def _check_adherence(people: pd.DataFrame, asked: _AdherenceQuestion) -> None:
    problems = Problems()
    columns = [("attended", asked.attended)]
    columns += [("planned", asked.planned)] if isinstance(asked.planned, str) else []
    columns += [(name, str(c)) for name, c in (("participant", asked.participant), ("arm", asked.arm)) if c is not None]
    check_columns(people, columns, problems)
    check_level(asked.level, problems)
    if not isinstance(asked.planned, str) and not is_positive(asked.planned):
        do = "Give the sessions planned, such as planned=24, or the column that has them."
        problems.add(Problem(f"planned={asked.planned!r} is not a number of sessions", do=do))
    if not is_positive(asked.threshold) or asked.threshold > 1:
        problems.add(Problem(f"threshold={asked.threshold!r} is not a share", do="Give a share such as threshold=0.8."))
    if asked.arm is not None and list(people.columns).count(asked.arm) == 1:
        _check_arm_names(arm_levels(people[asked.arm], ""), asked.arm, problems)
    problems.raise_as(PlanError)


def _check_arm_names(levels: list[str], column: str, problems: Problems) -> None:
    check_alike(levels, column, problems)
    if not levels:
        problems.add(Problem("nobody is in an arm", column=column, do="Fill the column in, or leave arm= out."))


def _read_adherence(people: pd.DataFrame, asked: _AdherenceQuestion) -> pd.DataFrame:
    problems = Problems()
    ids = identify_each(people, asked.participant, problems)
    came = numbers(people, asked.attended, ids, problems)
    if isinstance(asked.planned, str):
        planned = numbers(people, asked.planned, ids, problems)
    else:
        planned = np.full(len(people), float(asked.planned))
    arms = labels(people[asked.arm]) if asked.arm is not None else pd.Series([""] * len(people), dtype="object")
    for who, got, plan in zip(ids, came, planned, strict=True):
        what, do = _wrong_attendance(got, plan)
        if what:
            problems.add(Problem(what, column=asked.attended, participant=who, do=do))
    problems.raise_as(DataError)
    share = np.minimum(came / planned, 1.0)
    return pd.DataFrame({"participant": ids, "arm": arms, "attended": came, "planned": planned, "share": share})


def _wrong_attendance(got: float, plan: float) -> tuple[str, str]:
    if got < 0:
        return f"{fmt.plain(got)} attended", "A number of sessions is not negative: correct it."
    if not math.isnan(got) and not plan > 0:
        said = "nothing" if math.isnan(plan) else fmt.plain(plan)
        return f"{fmt.plain(got)} attended of {said} planned", "Say how many sessions were planned for this person."
    if got > plan * (1 + _ROUNDING):
        do = "Correct one of the two; sessions beyond the plan have to be in the plan, or be counted elsewhere."
        return f"{fmt.plain(got)} attended of {fmt.plain(plan)} planned", do
    return "", ""


def _adherence_ledger(everybody: pd.DataFrame, asked: _AdherenceQuestion) -> Ledger:
    rows = []
    for who in everybody.itertuples():
        status, reason = ("missing", "attendance not known") if math.isnan(who.share) else ("analysed", "")
        if asked.arm is not None and not who.arm:
            status, reason = "not randomised", f'no arm in column "{asked.arm}"'
        place = {"participant": who.participant, "arm": who.arm, "outcome": asked.attended, "visit": ""}
        rows.append(place | {"status": status, "reason": reason})
    return Ledger.of(rows)


def _check_known(known: pd.DataFrame, everybody: pd.DataFrame, levels: list[str], asked: _AdherenceQuestion) -> None:
    problems = Problems()
    for name in levels:
        n, people = (int((frame["arm"] == name).sum()) for frame in (known, everybody))
        if n < 2:
            where = f'arm "{name}": ' if asked.arm is not None else ""
            what = f"{where}attendance is known of {n} of {people}"
            problems.add(Problem(what, column=asked.attended, do="At least two people are needed to describe."))
    problems.raise_as(FitError)


def _described(mine: pd.DataFrame, asked: _AdherenceQuestion) -> list[dict[str, object]]:
    from scipy.special import stdtrit

    shares, n = mine["share"].to_numpy(), len(mine)
    mean, sd = float(np.mean(shares)), float(np.std(shares, ddof=1))
    se = sd / math.sqrt(n)
    half = float(stdtrit(n - 1, (1 + asked.level) / 2)) * se
    reached = (shares >= asked.threshold) | np.isclose(shares, asked.threshold, rtol=_ROUNDING, atol=0.0)
    below = int(np.sum(~reached))
    low, high = wilson(below, n, asked.level)
    first, middle, third = (float(q) for q in np.quantile(shares, [0.25, 0.5, 0.75]))
    total, plan = float(mine["attended"].sum()), float(mine["planned"].sum())
    of_mean = {"estimate": mean, "se": se, "df": n - 1, "low": max(mean - half, 0.0), "high": min(mean + half, 1.0)}
    of_below: dict[str, object] = {
        "estimate": below / n,
        "low": low,
        "high": high,
        "method": f"Wilson; {fmt.percent(below, n)}",
    }
    rows: list[dict[str, object]] = [
        {"term": "share_attended_mean", "method": "t interval", **of_mean},
        {"term": "share_attended_sd", "estimate": sd},
        {"term": "share_attended_first_quartile", "estimate": first},
        {"term": "share_attended_median", "estimate": middle},
        {"term": "share_attended_third_quartile", "estimate": third},
        {"term": "share_attended_total", "estimate": total / plan, "method": fmt.percent(total, plan)},
        {"term": "share_below_threshold"} | of_below,
    ]
    return [row | {"n": n} for row in rows]


def _adherence_notes(known: pd.DataFrame, everybody: pd.DataFrame, levels: list[str]) -> list[str]:
    notes = []
    for name in levels:
        mine, everyone = (frame[frame["arm"] == name] for frame in (known, everybody))
        head = f"{name}: " if name else ""
        told = (
            f"{head}a median of {fmt.plain(round(float(mine['attended'].median()), 6))} of "
            f"{fmt.plain(round(float(mine['planned'].median()), 6))} sessions; "
        )
        none = int((mine["attended"] == 0).sum())
        told += f"{fmt.count(none, 'person', 'people')} attended none"
        lost = len(everyone) - len(mine)
        if lost:
            told += (
                f"; attendance of {fmt.count(lost, 'person', 'people')} not known, left out and not taken to be none"
            )
        notes.append(f"{told}.")
    return notes


# ---- dose and response -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _DoseQuestion:
    """What was asked, with labels as text."""

    outcome: str
    baseline: str
    dose: str
    dose_unit: str
    participant: str | None
    arm: str | None
    within: str | None
    level: float


def dose_response(
    data: pd.DataFrame,
    outcome: str,
    *,
    baseline: str,
    dose: str,
    dose_unit: str,
    participant: str | None = None,
    arm: str | None = None,
    within: object = None,
    level: float = 0.95,
) -> Estimates:
    """How the change goes with the sessions attended, within one arm: exploratory, and never an effect of sessions.

    Parameters
    ----------
    data
        One row a participant.
    outcome, baseline
        Numeric columns: the value afterwards and before; NaN where there is none. The change is ``outcome - baseline``.
    dose, dose_unit
        Column of the sessions attended (or another dose), and its unit in words, such as ``"session"``.
    participant
        Column of the ids; without it the frame's index names people.
    arm, within
        Column of the arms and the arm to look into. Without both, everybody is taken to be in one arm.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        ``slope`` (primary; change per unit of dose) and ``slope_baseline_adjusted`` (the same among people with the
        same baseline), in the unit of the outcome per unit of dose, marked as not prespecified. Sentences begin with
        "Exploratory" and say that attendance was not randomised. ``.points`` has ``participant, arm, baseline,
        followup, change, dose``; ``.fit`` is the statsmodels result of the slope.

    Raises
    ------
    PlanError
        An unknown column or arm, only one of ``arm`` and ``within``, arms that differ only in blanks or capitals, a
        unit that is not said, an impossible level.
    DataError
        Values that are not numbers, a negative dose, a person on more than one row.
    FitError
        Fewer than four people with all values; a dose, a baseline or a change that does not vary; a dose that the
        baseline determines; changes without any residual.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed.

    When not to use
    ---------------
    To say what a session does: attendance is chosen by people, and improvement can be its cause. Across arms: an arm
    without sessions would make the slope a mixture of the effect of treatment and of who attends.

    Notes
    -----
    Least squares, ``change = a + b dose`` on ``n - 2`` degrees of freedom, and ``change = a + b dose + c baseline`` on
    ``n - 3``.

    Validated against
    -----------------
    R 4.2.2 ``lm`` (``tests/reference/make_adherence.R``).

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "before": [6, 5, 7, 4, 6, 8, 5, 6, 7, 6],
    ...     "after": [3, 4, 4, 4, 5, 4, 4, 5, 7, 4],
    ...     "sessions": [24, 20, 22, 8, 16, 24, 23, 12, 0, 19],
    ... })
    >>> found = dose_response(trial, "after", baseline="before", dose="sessions", dose_unit="session")
    >>> print(found.sentence())  # doctest: +ELLIPSIS
    Exploratory, dose not randomised; change in after: slope −0.13 per session (95% CI −0.22 to −0.04; ...
    """
    asked = _DoseQuestion(
        outcome, baseline, dose, str(dose_unit or "").strip(), participant, arm, label(within) or None, level
    )
    _check_dose(data, asked)
    everybody = _read_dose(data, asked)
    inside = everybody if arm is None else everybody[everybody["arm"] == asked.within]
    complete = inside.dropna(subset=["baseline", "followup", "dose"]).reset_index(drop=True)
    _check_varies(complete, inside, asked)
    small = small_sample_notes({"": len(complete)}, "people analysed")
    slope, adjusted = _slope(complete, ["dose"]), _slope(complete, ["dose", "baseline"])
    rows = [_slope_row("slope", slope, asked), _slope_row("slope_baseline_adjusted", adjusted, asked)]
    return Estimates(
        pd.DataFrame(rows).assign(arm=asked.within or "", n=len(complete), prespecified=False),
        title=f"Exploratory: change in {outcome} and {dose}" + (f" in {asked.within}" if asked.within else ""),
        outcome=f"Exploratory, dose not randomised; change in {outcome}",
        method=(
            f"In an exploratory analysis{f' within {asked.within}' if asked.within else ''} the change in {outcome} "
            f"was regressed on {dose} by least squares, without and with {baseline} in the model; "
            f"{fmt.confidence(level)} intervals use t with n − 2 and n − 3 = {len(complete) - 2} and "
            f"{len(complete) - 3} degrees of freedom. The dose was not randomised, so the slope is an association "
            "and is not interpreted as an effect."
        ),
        level=level,
        primary="slope",
        units={"slope": f"per {asked.dose_unit}", "slope_baseline_adjusted": f"per {asked.dose_unit}"},
        figure="plot_dose_response",
        notes=(_NOT_AN_EFFECT, _REGRESSION, *_lost(complete, inside), *small),
        ledger=_dose_ledger(everybody, asked),
        points=complete,
        fit=slope,
    )


def _check_dose(data: pd.DataFrame, asked: _DoseQuestion) -> None:
    problems = Problems()
    names = [("outcome", asked.outcome), ("baseline", asked.baseline), ("dose", asked.dose)]
    names += [(name, str(c)) for name, c in (("participant", asked.participant), ("arm", asked.arm)) if c is not None]
    check_columns(data, names, problems)
    check_level(asked.level, problems)
    if not asked.dose_unit:
        problems.add(
            Problem("dose_unit is not said", do='Say what the dose is counted in, such as dose_unit="session".')
        )
    if (asked.arm is None) != (asked.within is None):
        do = "Give both: the column of the arms and the arm to look into. Arms are not mixed."
        problems.add(Problem(f"arm={asked.arm!r} with within={asked.within!r}", do=do))
    elif asked.arm is not None and list(data.columns).count(asked.arm) == 1:
        levels = arm_levels(data[asked.arm], "")
        check_label("within", str(asked.within), levels, asked.arm, problems)
        check_alike(levels, asked.arm, problems)
    problems.raise_as(PlanError)


def _read_dose(data: pd.DataFrame, asked: _DoseQuestion) -> pd.DataFrame:
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    before, after, dose = (numbers(data, c, ids, problems) for c in (asked.baseline, asked.outcome, asked.dose))
    for i in np.flatnonzero(dose < 0):
        do = "A dose is not negative: correct it."
        problems.add(Problem(f"a dose of {fmt.plain(dose[i])}", column=asked.dose, participant=ids[i], do=do))
    problems.raise_as(DataError)
    arms = labels(data[asked.arm]) if asked.arm is not None else pd.Series([""] * len(data), dtype="object")
    columns = {"participant": ids, "arm": arms, "baseline": before, "followup": after, "change": after - before}
    return pd.DataFrame(columns | {"dose": dose})


def _check_varies(complete: pd.DataFrame, inside: pd.DataFrame, asked: _DoseQuestion) -> None:
    if len(complete) < 4:
        what = f"{len(complete)} of {len(inside)} people have a dose and both values"
        raise FitError(Problem(what, column=asked.outcome, do="A slope and its error need at least four people."))
    problems = Problems()
    for name, column in (("dose", asked.dose), ("baseline", asked.baseline), ("change", asked.outcome)):
        values = complete[name].to_numpy()
        noise = 4 * np.spacing(float(complete[["baseline", "followup", "dose"]].abs().to_numpy().max()))
        if np.ptp(values) <= noise:
            what = f"all {len(values)} people have the same {name} ({values[0]:g}): there is no slope"
            problems.add(Problem(what, column=column, do="A slope needs people who differ in it."))
    problems.raise_as(FitError)
    both = np.corrcoef(complete["dose"], complete["baseline"])[0, 1]
    if abs(both) > 1 - 1e-12:
        what = "dose and baseline determine each other, so they cannot be told apart"
        raise FitError(Problem(what, column=asked.dose, do="Check that the dose is not computed from the baseline."))


def _slope(complete: pd.DataFrame, names: list[str]) -> object:
    from statsmodels.api import OLS

    design = (complete[names] - complete[names].mean()).assign(constant=1.0)
    fit = OLS(complete["change"], design).fit()
    if np.sqrt(fit.mse_resid) <= 1e-9 * np.std(complete["change"]):
        about = fmt.words([f"the {name}" for name in names])
        what = f"the changes lie exactly on a line of {about}: no residual variance, so no standard error exists"
        raise FitError(Problem(what, do="Check that the outcome is not computed from them."))
    return fit


def _slope_row(term: str, fit: object, asked: _DoseQuestion) -> dict[str, object]:
    from kbstudy.models.adjusted_means import solve

    weights: FloatArray = np.eye(1, len(fit.params))  # type: ignore[attr-defined]
    found = solve(fit, weights, asked.level)
    parts = ("estimate", "se", "df", "statistic", "p", "low", "high")
    return {"term": term, "method": "least squares, t"} | {part: float(getattr(found, part)[0]) for part in parts}


def _lost(complete: pd.DataFrame, inside: pd.DataFrame) -> list[str]:
    if len(complete) == len(inside):
        return []
    return [f"{len(complete)} of {len(inside)} people have a dose and both values; the ledger says who has not."]


def _dose_ledger(everybody: pd.DataFrame, asked: _DoseQuestion) -> Ledger:
    rows = []
    for who in everybody.itertuples():
        lacking = [
            text
            for text, value in (
                (f'no value of "{asked.outcome}"', who.followup),
                ("no baseline value", who.baseline),
                ("no dose", who.dose),
            )
            if math.isnan(value)
        ]
        status = "missing" if math.isnan(who.followup) else "dropped" if lacking else "analysed"
        reason = "; ".join(lacking)
        if asked.arm is not None and not who.arm:
            status, reason = "not randomised", f'no arm in column "{asked.arm}"'
        elif asked.arm is not None and who.arm != asked.within:
            status, reason = "dropped", "in another arm than the one looked into"
        place = {"participant": who.participant, "arm": who.arm, "outcome": asked.outcome, "visit": ""}
        rows.append(place | {"status": status, "reason": reason})
    return Ledger.of(rows)
