"""Made-up trials with a known truth: two arms, a baseline, visits, people who drop out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy.errors import PlanError, Problem, Problems

__all__ = ["TwoArmTrial"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TwoArmTrial:
    """What is assumed about a trial that has not taken place.

    Parameters
    ----------
    difference
        True difference at the last visit, second arm minus first, in the unit of the outcome. At earlier visits it
        grows in a straight line.
    sd
        Standard deviation between people at a visit, the same at every visit.
    correlation
        Between any two visits of a person.
    visits
        Visits after the baseline.
    dropout
        Share of people gone by the last visit, at random; gone people stay away. With several visits, equal shares
        leave at each.
    arms
        Names; the first is the reference.

    Raises
    ------
    PlanError
        Numbers that cannot be, all of them named.

    Examples
    --------
    >>> trial = TwoArmTrial(difference=-1.0, sd=2.0, correlation=0.5, visits=2, dropout=0.2)
    >>> frame = trial.frame(20, np.random.default_rng(1))
    >>> list(frame.columns), len(frame)
    (['participant', 'arm', 'visit', 'value', 'baseline'], 80)
    """

    difference: float
    sd: float
    correlation: float = 0.5
    visits: int = 1
    dropout: float = 0.0
    arms: tuple[str, str] = ("Control", "Intervention")

    def __post_init__(self) -> None:
        problems = Problems()
        checks = (
            (math.isfinite(self.difference), f"difference={self.difference} is not a number"),
            (math.isfinite(self.sd) and self.sd > 0, f"sd={self.sd} must be above 0"),
            (-0.0 <= self.correlation < 1, f"correlation={self.correlation} must be from 0 to below 1"),
            (self.visits >= 1, f"visits={self.visits} must be at least 1"),
            (0 <= self.dropout < 1, f"dropout={self.dropout} must be from 0 to below 1, such as 0.15"),
            (len(set(self.arms)) == 2, f"arms={self.arms} must be two different names"),
        )
        do = "Take the numbers from a pilot or from published trials, and say from which."
        problems.extend(Problem(what, do=do) for fine, what in checks if not fine)
        problems.raise_as(PlanError)

    def draws(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Baseline, shape ``(2 n,)``, and values after it, shape ``(2 n, visits)``, NaN where somebody has left.

        The first ``n`` people are in the reference arm.
        """
        person = rng.standard_normal(2 * n) * math.sqrt(self.correlation)
        noise = rng.standard_normal((2 * n, self.visits + 1)) * math.sqrt(1 - self.correlation)
        values = self.sd * (person[:, None] + noise)
        values[n:, 1:] += self.difference * np.arange(1, self.visits + 1) / self.visits
        leaves = rng.random(2 * n)
        share = self.dropout * np.arange(1, self.visits + 1) / self.visits
        values[:, 1:][leaves[:, None] < share] = np.nan
        return values[:, 0], values[:, 1:]

    def frame(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """The same as a table: a row a participant and visit, columns ``participant, arm, visit, value, baseline``."""
        baseline, after = self.draws(n, rng)
        people = np.arange(2 * n)
        arm = pd.Categorical.from_codes(np.repeat([0, 1], n).repeat(self.visits), categories=list(self.arms))
        names = [f"Visit {number}" for number in range(1, self.visits + 1)]
        return pd.DataFrame(
            {
                "participant": people.repeat(self.visits),
                "arm": arm,
                "visit": pd.Categorical(names * (2 * n), categories=names, ordered=True),
                "value": after.ravel(),
                "baseline": baseline.repeat(self.visits),
            }
        )
