"""Pairs: the same people at two visits, and who has no pair."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.ledger import Ledger
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_label,
    check_level,
    decimals_worth_keeping,
    identify,
    labels,
    numbers,
)


@dataclass(frozen=True)
class PairedQuestion:
    """What was asked, with labels as text."""

    outcome: str
    participant: str
    visit: str
    baseline: str
    followup: str
    level: float


def check_question(data: pd.DataFrame, asked: PairedQuestion, problems: Problems) -> None:
    """Columns, labels and level must exist and make sense, and nothing else be wrong, else a ``PlanError``."""
    columns = [("outcome", asked.outcome), ("participant", asked.participant), ("visit", asked.visit)]
    check_columns(data, columns, problems)
    check_level(asked.level, problems)
    if list(data.columns).count(asked.visit) == 1:
        present = [name for name in dict.fromkeys(labels(data[asked.visit])) if name]
        check_label("baseline", asked.baseline, present, asked.visit, problems)
        check_label("followup", asked.followup, present, asked.visit, problems)
    if asked.baseline == asked.followup:
        problems.add(Problem(f'baseline and followup are both "{asked.baseline}"', do="Name two different visits."))
    problems.raise_as(PlanError)


def side_by_side(data: pd.DataFrame, asked: PairedQuestion) -> pd.DataFrame:
    """Everybody in the data, one row each: ``participant, before, after``, NaN where there is no value."""
    problems = Problems()
    ids, visits = identify(data, asked.participant, problems), labels(data[asked.visit])
    values = numbers(data, asked.outcome, ids, problems)
    do = "Label the row's visit, or remove the row."
    blank = dict.fromkeys(ids[visits == ""])
    problems.extend(Problem("a row without a visit", column=asked.visit, participant=who, do=do) for who in blank)
    long = pd.DataFrame({"participant": ids, "visit": visits, "value": values})
    used = long[long["visit"].isin([asked.baseline, asked.followup])]
    problems.extend(_repeated(used))
    problems.raise_as(DataError)
    wide = used.pivot(index="participant", columns="visit", values="value").reindex(long["participant"].unique())
    before_after = wide[[asked.baseline, asked.followup]].set_axis(["before", "after"], axis=1)
    return before_after.reset_index()


def _repeated(used: pd.DataFrame) -> list[Problem]:
    do = "Keep one row a participant and visit: which of the values counts has to be decided, not guessed."
    times = Counter(zip(used["participant"], used["visit"], strict=True))
    return [
        Problem(f"{n} rows", participant=who, visit=when, do=do) for (who, when), n in times.items() if n > 1 and who
    ]


def pairs_ledger(everybody: pd.DataFrame, asked: PairedQuestion) -> Ledger:
    """What became of everybody's value at follow-up."""
    same = {"arm": "", "outcome": asked.outcome, "visit": asked.followup}
    people = zip(everybody["participant"], everybody["before"].isna(), everybody["after"].isna(), strict=True)
    return Ledger.of(
        {"participant": who} | same | _fate(no_before, no_after, asked) for who, no_before, no_after in people
    )


def _fate(no_before: bool, no_after: bool, asked: PairedQuestion) -> dict[str, str]:
    lacking = [name for name, gone in ((asked.baseline, no_before), (asked.followup, no_after)) if gone]
    status = "missing" if no_after else "dropped" if no_before else "analysed"
    return {"status": status, "reason": f"no value at {fmt.words(lacking)}" if lacking else ""}


def changes(before: FloatArray, after: FloatArray) -> FloatArray:
    """After minus before."""
    return after - before


def comparable(change: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """Changes without floating-point noise, for ranking: 4.3 - 4.1 and 0.2 are a tie."""
    rounded: FloatArray = np.round(change, decimals_worth_keeping(before, after))
    return rounded if rounded.any() else change


def check_pairs(everybody: pd.DataFrame, change: FloatArray, asked: PairedQuestion) -> None:
    """At least two pairs whose changes differ, else a :class:`~kbstudy.errors.FitError`."""
    if len(change) < 2:
        raise FitError(_too_few_pairs(everybody, len(change), asked))
    largest = float(np.nanmax(np.abs(everybody[["before", "after"]].to_numpy())))
    if np.ptp(change) <= 4 * np.spacing(largest):
        what = f"all {len(change)} changes are {change[0]:g}: they do not vary, so t and every interval are undefined"
        do = "Check that the two visits are not copies of each other; if they are right, report the values themselves."
        raise FitError(Problem(what, column=asked.outcome, do=do))


def _too_few_pairs(everybody: pd.DataFrame, pairs: int, asked: PairedQuestion) -> Problem:
    before, after = (int(everybody[column].notna().sum()) for column in ("before", "after"))
    what = f'{pairs} complete: {before} with a value at "{asked.baseline}", {after} at "{asked.followup}"'
    do = "A change needs at least two people with both values."
    if before and after and pairs == 0:
        do += " Nobody has both: check that ids are written the same way at both visits."
    return Problem(what, column=asked.outcome, do=do)
