"""What each person's session cost beside what was claimed: the people behind a claim about a rate of energy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from kbstudy.measures.energy import beside_running
from kbstudy.study import Claim, Study

__all__ = ["Rates", "rates_of"]

_COLUMN = "aerobic_kcal_min"


@dataclass(frozen=True)
class Rates:
    """The rates that a claim's analysis averaged.

    Parameters
    ----------
    people
        From :func:`kbstudy.measures.energy.beside_running`; without a stated pace its columns are NaN.
    stated_kcal_min
        What was claimed: the rate of the claim's audit, else the border of its region.
    pace_s_per_mile
        The running that it is said to equal, or NaN.
    """

    people: pd.DataFrame
    stated_kcal_min: float
    pace_s_per_mile: float = math.nan

    @property
    def pace(self) -> str:
        """``mile in 6:00``."""
        minutes, seconds = divmod(round(self.pace_s_per_mile), 60)
        return f"mile in {minutes}:{seconds:02d}"


def rates_of(study: Study, claim: Claim) -> Rates | None:
    """The rates behind a claim; ``None`` where it is not about the energy of recorded sessions."""
    if claim.analysis is None or not study.sessions:
        return None
    analysis = study.plan.analysis(claim.analysis)
    outcome = study.plan.outcome(analysis.outcome)
    at_least = claim.true_if.at_least if claim.true_if else None
    stated = claim.audit.rate_kcal_min if claim.audit else at_least
    if analysis.method != "mean" or outcome.column != _COLUMN or stated is None:
        return None
    sessions = {row.participant: row.session for row in study.sessions_of(analysis)}
    pace = claim.audit.equal_to_pace_s_per_mile if claim.audit else None
    people = beside_running(sessions, pace_s_per_mile=360.0 if pace is None else pace)
    if pace is None:
        people = people.assign(pace_low_kcal_min=math.nan, pace_high_kcal_min=math.nan)
    return Rates(people, stated, math.nan if pace is None else pace)
