"""Who reached a threshold: proportions and their differences, with everybody's missing value accounted for."""

from __future__ import annotations

import math
from collections.abc import Mapping
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
    check_one_row_each,
    check_unique,
    identify,
    label,
    labels,
    numbers,
    small_sample_notes,
)
from kbstudy.models.proportions import newcombe, wilson

__all__ = ["responders"]

_MISSING: Final = ("non_responder", "excluded")
_COUNTED: Final = "no value: counted as not reaching the threshold"


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text."""

    missing: str
    at_most: float | None
    at_least: float | None

    @property
    def threshold(self) -> str:
        """``at most 1``."""
        return f"at least {self.at_least:g}" if self.at_most is None else f"at most {self.at_most:g}"

    def reached_by(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Who is on the right side of the threshold or on it; nobody without a value is."""
        sign, limit = (-1, self.at_least) if self.at_most is None else (1, self.at_most)
        limit = float(limit or 0)
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
    participant: str | None = None,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """The share of people in each arm who reached a threshold, and the difference of the shares.

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
    at_most, at_least
        The threshold, in the unit of the outcome; exactly one of the two. A value on the threshold reaches it.
    participant
        Column of the ids; without it the frame's index names people.
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        One ``proportion`` an arm (Wilson interval) and one ``risk_difference`` (primary; Newcombe interval) for each
        other arm minus the reference, all as proportions between 0 and 1 (differences between -1 and 1). ``n`` is the
        denominator, for a difference of both arms together. No p-value and no standard error: neither belongs to
        these intervals.

    Raises
    ------
    PlanError
        An unknown column, arm or choice, no threshold or two, an impossible level.
    DataError
        Values that are not numbers, infinite values, a person on more than one row.
    FitError
        Fewer than two arms, or an arm with fewer than two people left.

    Warns
    -----
    SmallSample
        When fewer than 8 people are counted in an arm.

    When not to use
    ---------------
    As the only analysis of a measured outcome: cutting it in two throws away most of its information. And not to learn
    who responds: the share above a threshold mixes the effect with chance, measurement error and natural course.

    Notes
    -----
    Formulas: :mod:`kbstudy.models.proportions`. A value within 1e-9 (relative) of the threshold is on it, so that
    0.1 + 0.2 reaches 0.3.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953;
    Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Validated against
    -----------------
    R 4.2.2 ``prop.test(correct = FALSE)``; the example of Newcombe 1998 (``tests/papers/``).

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
    """
    asked = _Question(outcome, arm, label(reference), participant, level, visit, missing, at_most, at_least)
    _check_question(data, asked)
    levels = arm_levels(data[arm], asked.reference)
    ids, values = _read(data, asked)
    ledger = arm_ledger(ids, labels(data[arm]), asked, _fates(data, values, asked))
    check_arms(levels, ledger)
    counts = {name: _count(ledger, ids[asked.reached_by(values)], name) for name in levels}
    small = small_sample_notes({name: count.n for name, count in counts.items()}, "people counted in an arm")
    return Estimates(
        _frame(counts, asked),
        title=f"{outcome} {asked.threshold}{asked.at_visit}: share of people in each arm",
        outcome=f"The share of people with {outcome} {asked.threshold}",
        method=_method(asked),
        level=level,
        primary="risk_difference",
        compares=contrasts(levels),
        notes=(*_notes(counts, asked), *small),
        citations=(cite.WILSON_1927, cite.NEWCOMBE_1998),
        ledger=ledger,
    )


def _check_question(data: pd.DataFrame, asked: _Question) -> None:
    problems = asked.problems(data)
    given = [value for value in (asked.at_most, asked.at_least) if value is not None]
    are_numbers = all(isinstance(value, int | float) and math.isfinite(value) for value in given)
    if len(given) != 1 or not are_numbers:
        what = f"at_most={asked.at_most}, at_least={asked.at_least} is not one threshold"
        problems.add(Problem(what, do="Give exactly one of at_most and at_least, as a finite number."))
    if asked.missing not in _MISSING:
        what = f'missing="{asked.missing}" is not a way to count{did_you_mean(str(asked.missing), _MISSING)}'
        problems.add(Problem(what, do=f"Choose one of: {', '.join(_MISSING)}."))
    problems.raise_as(PlanError)


def _read(data: pd.DataFrame, asked: _Question) -> tuple[pd.Series, FloatArray]:
    problems = Problems()
    ids = identify(data, asked.participant, problems)
    check_unique(ids, problems)
    if asked.participant is None:
        check_one_row_each(data, problems)
    values = numbers(data, asked.outcome, ids, problems)
    problems.raise_as(DataError)
    return ids, values


def _fates(data: pd.DataFrame, values: FloatArray, asked: _Question) -> list[Fate]:
    no_value = ("counted", _COUNTED) if asked.missing == "non_responder" else ("missing", asked.no_value)
    found = [no_value if math.isnan(value) else ("analysed", "") for value in values]
    return [never or fate for never, fate in zip(not_randomised(data[asked.arm]), found, strict=True)]


def _count(ledger: Ledger, reached: pd.Series, arm: str) -> _Count:
    people = ledger.frame[ledger.frame["arm"] == arm]
    counted = people[people["status"].isin(["analysed", "counted"])]
    without = int((people["reason"] != "").sum())
    return _Count(int(counted["participant"].isin(set(reached)).sum()), len(counted), without)


def _frame(counts: Mapping[str, _Count], asked: _Question) -> pd.DataFrame:
    rows = [_proportion(count, asked.level) | {"arm": name} for name, count in counts.items()]
    for contrast, (one, other) in contrasts(list(counts)).items():
        rows.append(_difference(counts[one], counts[other], asked.level) | {"contrast": contrast})
    return pd.DataFrame(rows).assign(visit=asked.visit)


def _proportion(count: _Count, level: float) -> dict[str, object]:
    low, high = wilson(count.k, count.n, level)
    estimate = count.k / count.n
    return {"term": "proportion", "n": count.n, "estimate": estimate, "low": low, "high": high, "method": "Wilson"}


def _difference(one: _Count, other: _Count, level: float) -> dict[str, object]:
    low, high = newcombe(one.k, one.n, other.k, other.n, level)
    estimate = one.k / one.n - other.k / other.n
    row = {"term": "risk_difference", "n": one.n + other.n, "method": "Newcombe hybrid score"}
    return row | {"estimate": estimate, "low": low, "high": high}


def _method(asked: _Question) -> str:
    counted = (
        "counted as not reaching it" if asked.missing == "non_responder" else "left out of numerator and denominator"
    )
    return (
        f"The share of people with {asked.outcome} {asked.threshold}{asked.at_visit} is given for each arm with its "
        f"{fmt.confidence(asked.level)} Wilson score interval, and the difference of the shares with Newcombe's hybrid "
        f"score interval, which combines the two Wilson intervals; people without a value are {counted}."
    )


def _notes(counts: Mapping[str, _Count], asked: _Question) -> list[str]:
    how = "counted as not reaching the threshold" if asked.missing == "non_responder" else "left out"
    notes = []
    for name, count in counts.items():
        missing = (
            f"{fmt.count(count.missing, 'person', 'people')} without a value, {how}"
            if count.missing
            else "nobody missing"
        )
        notes.append(f"{name}: {fmt.percent(count.k, count.n)}; {missing}.")
    return notes
