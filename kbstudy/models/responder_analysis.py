"""Who reached a threshold: proportions and their differences, with everybody's missing value accounted for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._arms import Comparison, Fate, arm_ledger, arm_levels, check_arms, contrasts, not_randomised
from kbstudy.models._frames import (
    FloatArray,
    decimals_worth_keeping,
    identify_each,
    label,
    labels,
    numbers,
    small_sample_notes,
)
from kbstudy.models.proportions import koopman, needed_to_treat, newcombe, odds_ratio_score, wilson

__all__ = ["responders"]

_MISSING: Final = ("non_responder", "excluded")
_COUNTED: Final = "counted as not reaching the threshold"
#: The kinds of threshold: the argument that gives it, and how it reads.
_KINDS: Final = {
    "at_most": "at most {}",
    "at_least": "at least {}",
    "improved_by": "improved by at least {}",
    "improved_by_percent": "improved by at least {} %",
}
_LOSES: Final = (
    "Cutting a measured outcome in two loses information: the shares hang on the threshold, and do not say which "
    "people an intervention helped."
)
_IN_GRID: Final = ("proportion", "risk_difference")
_OF_CHANGE: Final = ("improved_by", "improved_by_percent")


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text."""

    missing: str
    kind: str
    limit: float
    grid: tuple[float, ...]
    baseline: str | None
    better: str

    @property
    def is_of_change(self) -> bool:
        return self.kind in _OF_CHANGE

    @property
    def threshold(self) -> str:
        """``at most 1``."""
        return self.words(self.limit)

    def words(self, limit: float) -> str:
        """A threshold of the same kind."""
        return _KINDS[self.kind].format(f"{limit:g}")

    def share(self, limit: float) -> str:
        """What the proportions are of."""
        return f"The share of people with {self.outcome} {self.words(limit)}"

    def reached_by(self, values: FloatArray, limit: float) -> npt.NDArray[np.bool_]:
        """Who is on the right side of the threshold or on it; nobody without a value is."""
        sign = 1 if self.kind == "at_most" else -1
        return (sign * values <= sign * limit) | np.isclose(values, limit, rtol=1e-9, atol=0.0)


@dataclass(frozen=True, slots=True)
class _Count:
    """``k`` of ``n`` people in an arm reached the threshold; ``missing`` had no value."""

    k: int
    n: int
    missing: int


def responders(
    data: pd.DataFrame,
    outcome: str,
    *,
    arm: str,
    reference: object,
    missing: Literal["non_responder", "excluded"],
    at_most: float | None = None,
    at_least: float | None = None,
    improved_by: float | None = None,
    improved_by_percent: float | None = None,
    baseline: str | None = None,
    better: Literal["lower", "higher", ""] = "",
    grid: Sequence[float] = (),
    participant: str | None = None,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """The share of people in each arm who reached a threshold: their difference, ratio and number needed to treat.

    Parameters
    ----------
    data
        One row a participant.
    outcome
        Numeric column, in the unit of the instrument; NaN where there is no value.
    arm, reference
        Column of the arms, and the arm that the others are compared with.
    missing
        What a missing value means: ``"non_responder"`` counts the person as not reaching the threshold,
        ``"excluded"`` leaves the person out of the denominator. There is no default because the answer depends on it.
    at_most, at_least, improved_by, improved_by_percent
        The threshold; exactly one of the four: a value at follow-up, or a change from baseline towards the better side,
        in the unit of the outcome or in percent of the person's baseline. A value on the threshold reaches it.
    baseline, better
        For the thresholds of change: numeric column of the value before, and whether ``"lower"`` or ``"higher"`` values
        are better.
    grid
        Further thresholds of the same kind, to see whether the answer hangs on the one that was chosen. Their rows are
        marked as exploratory.
    participant
        Column of the ids; without it the frame's index names people.
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        One ``proportion`` an arm (Wilson interval); and for each other arm against the reference a ``risk_difference``
        (primary; Newcombe), ``risk_ratio`` (Koopman's score interval), ``odds_ratio`` (score interval) and
        ``number_needed_to_treat`` (the inverse of the difference and of its limits). Proportions lie between 0 and 1,
        differences between -1 and 1. Where the interval of the difference includes 0 the number needed to treat has no
        ``low`` and ``high``, because they run through infinity: its ``method`` and a note give them in Altman's form.
        Rows of the grid are called ``proportion (at most 2)`` and ``risk_difference (at most 2)``. ``n`` is the
        denominator, of both arms together where they are compared. No p-value and no standard error: neither belongs
        to these intervals. ``.points`` has ``participant, arm, value``: what was held against the threshold.

    Raises
    ------
    PlanError
        An unknown column, arm or choice, no threshold or two, ``baseline`` or ``better`` where they are not needed or
        lacking where they are, an impossible level.
    DataError
        Values that are not numbers, infinite values, a person on more than one row; a negative baseline with a
        threshold in percent.
    FitError
        Fewer than two arms, or an arm with fewer than two people left.

    Warns
    -----
    SmallSample
        When fewer than 8 people are counted in an arm.

    When not to use
    ---------------
    As the only analysis of a measured outcome: cutting it in two throws away most of its information. And not to learn
    who responds: the share above a threshold mixes the effect with chance, measurement error and natural course, and
    the number needed to treat is about arms, not about people. An odds ratio is not a risk ratio: with common results
    it is much farther from 1.

    Notes
    -----
    Formulas: :mod:`kbstudy.models.proportions`. A value within 1e-9 (relative) of the threshold is on it, so that
    0.1 + 0.2 reaches 0.3. A baseline of 0 has no percentage: the person counts as without a value.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953;
    Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I;
    Koopman 1984, doi:10.2307/2531405; Miettinen & Nurminen 1985, doi:10.1002/sim.4780040211;
    Altman 1998, doi:10.1136/bmj.317.7168.1309

    Validated against
    -----------------
    R 4.2.2 ``prop.test(correct = FALSE)``, and Pearson's X² of ``glm`` with an offset for the score intervals of
    ratios (``tests/reference/``); the examples of Newcombe 1998, Koopman 1984 and Altman 1998 (``tests/papers/``).

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Control"] * 10 + ["Active"] * 10,
    ...     "pain": [5, 4, 1, 6, 3, 7, 2, 4, None, 5, 1, 0, 2, 4, 1, 1, 3, None, 0, 2],
    ... })
    >>> found = responders(trial, "pain", arm="arm", reference="Control", at_most=1, missing="non_responder")
    >>> row = found.row()
    >>> print(f"{row['estimate']:.2f}, 95% CI up to {row['high']:.2f}")
    0.40, 95% CI up to 0.68
    >>> print(found.row("number_needed_to_treat")["method"])
    NNTB 2.5 (NNTH 424.4 to ∞ to NNTB 1.5)
    """
    given = {
        "at_most": at_most,
        "at_least": at_least,
        "improved_by": improved_by,
        "improved_by_percent": improved_by_percent,
    }
    thresholds = {kind: value for kind, value in given.items() if value is not None}
    kind, limit = next(iter(thresholds.items()), ("at_most", math.nan))
    asked = _Question(
        outcome, arm, label(reference), participant, level, visit, missing, kind, limit, tuple(grid), baseline, better
    )
    _check_question(data, asked, thresholds)
    levels = arm_levels(data[arm], asked.reference)
    people = _read(data, asked)
    ledger = arm_ledger(people.ids, people.arms, asked, _fates(data, people, asked))
    check_arms(levels, ledger)
    counts = _counts(people, ledger, levels, asked, asked.limit)
    small = small_sample_notes({name: count.n for name, count in counts.items()}, "people counted in an arm")
    others = {value: _counts(people, ledger, levels, asked, value) for value in asked.grid}
    return Estimates(
        pd.concat([_frame(counts, asked), *(_grid(found, asked, value) for value, found in others.items())]),
        title=f"{outcome} {asked.threshold}{asked.at_visit}: share of people in each arm",
        outcome=asked.share(asked.limit),
        about={f"{term} ({asked.words(x)})": asked.share(x) for x in asked.grid for term in _IN_GRID},
        method=_method(asked),
        level=level,
        primary="risk_difference",
        drawn=("risk_difference", *(f"risk_difference ({asked.words(x)})" for x in asked.grid)),
        compares=contrasts(levels),
        notes=(*_notes(counts, asked), *small),
        citations=(
            cite.WILSON_1927,
            cite.NEWCOMBE_1998,
            cite.KOOPMAN_1984,
            cite.MIETTINEN_NURMINEN_1985,
            cite.ALTMAN_1998,
        ),
        ledger=ledger,
        points=_points(people, ledger),
    )


# ---- the question ------------------------------------------------------------------------------------------------


def _check_question(data: pd.DataFrame, asked: _Question, thresholds: Mapping[str, object]) -> None:
    problems = asked.problems(data, [("baseline", asked.baseline)] if asked.baseline is not None else [])
    names = ", ".join(_KINDS)
    if len(thresholds) != 1 or not all(_is_finite(value) for value in thresholds.values()):
        told = ", ".join(f"{kind}={value}" for kind, value in thresholds.items()) or "no threshold"
        what = f"{told} is not one threshold"
        problems.add(Problem(what, do=f"Give exactly one of {names}, as a finite number."))
    wrong = [value for value in asked.grid if not _is_finite(value)]
    if wrong or len(set(asked.grid)) < len(asked.grid):
        told = ", ".join(str(value) for value in asked.grid)
        problems.add(Problem(f"grid={told} is not a list of thresholds", do="Give finite numbers, each once."))
    if asked.missing not in _MISSING:
        what = f'missing="{asked.missing}" is not a way to count{did_you_mean(str(asked.missing), _MISSING)}'
        problems.add(Problem(what, do=f"Choose one of: {', '.join(_MISSING)}."))
    problems.extend(_about_change(asked, thresholds))
    problems.raise_as(PlanError)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def _about_change(asked: _Question, thresholds: Mapping[str, object]) -> Iterator[Problem]:
    """A threshold of change needs a baseline and a direction, and no other threshold does."""
    kinds = [kind for kind in thresholds if kind in _OF_CHANGE]
    if not kinds:
        for name, value in (("baseline", asked.baseline), ("better", asked.better)):
            if value:
                do = "It belongs to improved_by= and improved_by_percent=: leave it out, or ask for a change."
                yield Problem(f'{name}="{value}" is given and no change is asked for', do=do)
        return
    if asked.baseline is None:
        yield Problem(f"{kinds[0]}= needs baseline=", do="Name the column with the value before the intervention.")
    if asked.better not in ("lower", "higher"):
        do = 'Say better="lower" (pain, disability) or better="higher" (strength): an improvement has a direction.'
        yield Problem(f'better="{asked.better}" is not a direction', do=do)
    limits = [value for value in (asked.limit, *asked.grid) if _is_finite(value)]
    if any(value <= 0 for value in limits):
        what = f"{kinds[0]}={min(limits):g} is not an improvement"
        yield Problem(what, do="Give a number above 0; which way is better says better=.")


# ---- people ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _People:
    """One entry a person: the ``value`` that is held against the threshold, or why there is none."""

    ids: pd.Series
    arms: pd.Series
    value: FloatArray
    why: list[str]


def _read(data: pd.DataFrame, asked: _Question) -> _People:
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    after = numbers(data, asked.outcome, ids, problems)
    before = after if asked.baseline is None else numbers(data, asked.baseline, ids, problems)
    if asked.kind == "improved_by_percent":
        do = "A percentage needs a scale that starts at 0: use improved_by= for this outcome."
        negative = np.flatnonzero(before < 0)
        problems.extend(
            Problem(f"a baseline of {before[i]:g}", column=asked.baseline or "", participant=ids[i], do=do)
            for i in negative
        )
    problems.raise_as(DataError)
    return _People(ids, labels(data[asked.arm]), _held(before, after, asked), _why_not(before, after, asked))


def _held(before: FloatArray, after: FloatArray, asked: _Question) -> FloatArray:
    if not asked.is_of_change:
        return after
    gain = before - after if asked.better == "lower" else after - before
    # Rounded, because 4.3 - 4.1 has to reach 0.2.
    gain = np.round(gain, decimals_worth_keeping(np.nan_to_num(before), np.nan_to_num(after)))
    if asked.kind == "improved_by":
        return gain
    percent: FloatArray = 100 * gain / np.where(before > 0, before, np.nan)
    return percent


def _why_not(before: FloatArray, after: FloatArray, asked: _Question) -> list[str]:
    reasons: list[list[str]] = [[] for _ in after]
    lacking = {asked.no_value: np.isnan(after)}
    if asked.is_of_change:
        lacking["no baseline value"] = np.isnan(before)
    if asked.kind == "improved_by_percent":
        lacking["a baseline of 0 has no percentage"] = before == 0
    for reason, who in lacking.items():
        for i in np.flatnonzero(who):
            reasons[i].append(reason)
    return ["; ".join(each) for each in reasons]


def _fates(data: pd.DataFrame, people: _People, asked: _Question) -> list[Fate]:
    found = [_fate(why, asked) for why in people.why]
    return [never or fate for never, fate in zip(not_randomised(data[asked.arm]), found, strict=True)]


def _fate(why: str, asked: _Question) -> Fate:
    if not why:
        return "analysed", ""
    if asked.missing == "non_responder":
        return "counted", f"{'no value' if why == asked.no_value else why}: {_COUNTED}"
    return "missing" if asked.no_value in why else "dropped", why


def _points(people: _People, ledger: Ledger) -> pd.DataFrame:
    every = pd.DataFrame({"participant": people.ids, "arm": people.arms, "value": people.value})
    return every[(ledger.frame["status"] == "analysed").to_numpy()].reset_index(drop=True)


def _counts(
    people: _People, ledger: Ledger, levels: Sequence[str], asked: _Question, limit: float
) -> dict[str, _Count]:
    reached = asked.reached_by(people.value, limit)
    status = ledger.frame["status"].to_numpy()
    inside = np.isin(status, ["analysed", "counted"])
    lost = np.isin(status, ["counted", "missing", "dropped"])
    arms = people.arms.to_numpy()
    return {
        name: _Count(
            int(np.sum(reached & inside & (arms == name))),
            int(np.sum(inside & (arms == name))),
            int(np.sum(lost & (arms == name))),
        )
        for name in levels
    }


# ---- rows --------------------------------------------------------------------------------------------------------


def _frame(counts: Mapping[str, _Count], asked: _Question) -> pd.DataFrame:
    rows = [_proportion(count, asked.level) | {"arm": name} for name, count in counts.items()]
    for contrast, (one, other) in contrasts(list(counts)).items():
        compared = _compared(counts[one], counts[other], asked.level)
        rows += [row | {"contrast": contrast, "n": counts[one].n + counts[other].n} for row in compared]
    return pd.DataFrame(rows).assign(visit=asked.visit)


def _grid(counts: Mapping[str, _Count], asked: _Question, limit: float) -> pd.DataFrame:
    """Proportions and differences at another threshold, named after it."""
    frame = _frame(counts, asked)
    kept = frame[frame["term"].isin(_IN_GRID)]
    return kept.assign(term=kept["term"] + f" ({asked.words(limit)})", prespecified=False)


def _proportion(count: _Count, level: float) -> dict[str, object]:
    low, high = wilson(count.k, count.n, level)
    estimate = count.k / count.n
    return {"term": "proportion", "n": count.n, "estimate": estimate, "low": low, "high": high, "method": "Wilson"}


def _compared(one: _Count, other: _Count, level: float) -> list[dict[str, object]]:
    four = one.k, one.n, other.k, other.n
    difference = one.k / one.n - other.k / other.n
    found = {
        "risk_difference": (difference, *newcombe(*four, level), "Newcombe hybrid score"),
        "risk_ratio": (_ratio(one.k / one.n, other.k / other.n), *koopman(*four, level), "Koopman score"),
        "odds_ratio": (_ratio(_odds(one), _odds(other)), *odds_ratio_score(*four, level), "Score"),
        "number_needed_to_treat": _needed(difference, *newcombe(*four, level)),
    }
    columns = ("estimate", "low", "high", "method")
    return [{"term": term, **dict(zip(columns, row, strict=True))} for term, row in found.items()]


def _odds(count: _Count) -> float:
    return math.inf if count.k == count.n else count.k / (count.n - count.k)


def _ratio(one: float, other: float) -> float:
    """NaN where it is not a finite number: the interval says what is known."""
    finite = other > 0 and math.isfinite(one) and math.isfinite(other)
    return one / other if finite else math.nan


def _needed(difference: float, low: float, high: float) -> tuple[float, float, float, str]:
    """The number needed to treat; limits only where the difference's lie on one side of 0."""
    words = needed_to_treat(difference, low, high)
    estimate = 1 / difference if difference else math.nan
    limits = (1 / high, 1 / low) if low * high > 0 else (math.nan, math.nan)
    return estimate, *limits, words


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: _Question) -> str:
    left_out = "left out of numerator and denominator"
    counted = "counted as not reaching it" if asked.missing == "non_responder" else left_out
    change = f" since baseline ({asked.baseline})" if asked.is_of_change else ""
    return (
        f"The share of people with {asked.outcome} {asked.threshold}{change}{asked.at_visit} is given for each arm "
        f"with its {fmt.confidence(asked.level)} Wilson score interval, the difference of the shares with Newcombe's "
        "hybrid score interval, which combines the two Wilson intervals, their ratio with Koopman's score interval, "
        "the odds ratio with a score interval, and the number needed to treat as the inverse of the difference; people "
        f"without a value are {counted}."
    )


def _notes(counts: Mapping[str, _Count], asked: _Question) -> list[str]:
    how = _COUNTED if asked.missing == "non_responder" else "left out"
    notes = []
    for name, count in counts.items():
        missing = (
            f"{fmt.count(count.missing, 'person', 'people')} without a value, {how}"
            if count.missing
            else "nobody missing"
        )
        notes.append(f"{name}: {fmt.percent(count.k, count.n)}; {missing}.")
    for contrast, (one, other) in contrasts(list(counts)).items():
        four = counts[one].k, counts[one].n, counts[other].k, counts[other].n
        limits = newcombe(*four, asked.level)
        needed = needed_to_treat(four[0] / four[1] - four[2] / four[3], *limits)
        said = contrast.replace(" - ", " − ")
        notes.append(f"{said}: number needed to treat for one more person to reach the threshold: {needed}.")
    if asked.grid:
        others = fmt.words([f"{value:g}" for value in asked.grid])
        notes.append(
            f"Other thresholds ({others}) are exploratory: the declared one, {asked.threshold}, answers the question."
        )
    notes.append(_LOSES)
    return notes
