"""Arms: their order, who is in them, and whether enough people are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kbstudy.errors import FitError, Problem, Problems
from kbstudy.ledger import Ledger
from kbstudy.models._frames import FloatArray, check_columns, check_label, check_level, label, labels, quoted

#: What became of one person's measurement: a status of the ledger and its reason.
Fate = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """What every comparison of arms is asked, with labels as text."""

    outcome: str
    arm: str
    reference: str
    participant: str | None
    level: float
    visit: str

    @property
    def at_visit(self) -> str:
        """`` at Week 8``, or nothing."""
        return f" at {self.visit}" if self.visit else ""

    @property
    def no_value(self) -> str:
        """Why somebody without a value is missing."""
        return f"no value{self.at_visit}" if self.visit else f'no value of "{self.outcome}"'

    def problems(self, data: pd.DataFrame, others: Sequence[tuple[str, str]] = ()) -> Problems:
        """What is wrong with the question; ``others`` are further pairs of argument and column."""
        problems = Problems()
        ids = [("participant", self.participant)] if self.participant is not None else []
        check_columns(data, [("outcome", self.outcome), ("arm", self.arm), *others, *ids], problems)
        check_level(self.level, problems)
        if list(data.columns).count(self.arm) == 1:
            levels = arm_levels(data[self.arm], "")
            check_label("reference", self.reference, levels, self.arm, problems)
            check_alike(levels, self.arm, problems)
        return problems


def check_alike(levels: Sequence[str], column: str, problems: Problems, noun: str = "arm") -> None:
    """Arms that differ only in blanks or capitals are one arm written twice, and would lose people to a third."""
    times = Counter(level.strip().casefold() for level in levels)
    alike = [level for level in levels if times[level.strip().casefold()] > 1]
    if alike:
        what = f"these {noun}s differ only in blanks or capitals: {quoted(alike)}"
        problems.add(Problem(what, column=column, do=f"Write each {noun} the same way in every row."))


def contrasts(levels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Each other arm minus the first.

    Examples
    --------
    >>> contrasts(["Usual care", "Kettlebell"])
    {'Kettlebell - Usual care': ('Kettlebell', 'Usual care')}
    """
    return {f"{arm} - {levels[0]}": (arm, levels[0]) for arm in levels[1:]}


def arm_levels(column: pd.Series, reference: str) -> list[str]:
    """All arms, reference first, the others as declared (an ordered list of categories) or else sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = list(column.cat.categories)
    else:
        found = sorted((value for value in column.unique() if label(value)), key=_number_then_text)
    names = list(dict.fromkeys(label(value) for value in found))
    return sorted(names, key=lambda name: name != reference)


def _number_then_text(value: object) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float | np.number)
    return (not is_number, float(value) if is_number else 0.0, str(value))  # type: ignore[arg-type]


def not_randomised(column: pd.Series) -> list[Fate | None]:
    """The fate of those without an arm; ``None`` for everybody else."""
    return [None if name else ("not randomised", f'no arm in column "{column.name}"') for name in labels(column)]


def arm_ledger(ids: pd.Series, arms: pd.Series, asked: Comparison, fates: Sequence[Fate]) -> Ledger:
    """One row a person: what became of their measurement."""
    same = {"outcome": asked.outcome, "visit": asked.visit}
    people = zip(ids, arms, fates, strict=True)
    return Ledger.of(
        {"participant": who, "arm": arm, "status": status, "reason": reason} | same
        for who, arm, (status, reason) in people
    )


def check_arms(levels: Sequence[str], ledger: Ledger) -> None:
    """At least two arms, and at least two analysed people in each.

    Raises
    ------
    FitError
        Naming every arm that is too small, how many it lost, and why.
    """
    problems = Problems()
    if len(levels) < 2:
        problems.add(Problem(f'there is only one arm, "{levels[0]}"', do="A comparison needs at least two arms."))
    for arm in levels:
        people = ledger.frame[ledger.frame["arm"] == arm]
        lost = people[~people["status"].isin(["analysed", "counted"])]
        if len(people) - len(lost) < 2:
            problems.add(_too_few(arm, len(people), lost))
    problems.raise_as(FitError)


def _too_few(arm: str, people: int, lost: pd.DataFrame) -> Problem:
    reasons = "; ".join(f"{reason}: {n}" for reason, n in Counter(lost["reason"]).items())
    if people == 0:
        what = f'nobody is in arm "{arm}": it is a category that no row has'
        return Problem(what, do="Take the category away, for example with .cat.remove_unused_categories().")
    what = f'arm "{arm}": {people - len(lost)} of {people} left to analyse' + (f" ({reasons})" if reasons else "")
    return Problem(what, do="Each arm needs at least two people with values, or has to be left out of the analysis.")


def points(ids: pd.Series, arms: pd.Series, baseline: FloatArray, followup: FloatArray) -> pd.DataFrame:
    """The analysed people's values, for figures."""
    columns = {"participant": ids, "arm": arms, "baseline": baseline, "followup": followup}
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})
