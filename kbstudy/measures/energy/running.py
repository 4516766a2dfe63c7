"""Sessions of several people beside what running at one pace would cost each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from kbstudy.measures.energy.sessions import Session
from kbstudy.measures.pace import running_energy_rates

__all__ = ["RUNNING_COLUMNS", "beside_running"]

#: The columns of :func:`beside_running`.
RUNNING_COLUMNS: Final = (
    "participant",
    "body_mass_kg",
    "kcal_min",
    "measured",
    "pace_low_kcal_min",
    "pace_high_kcal_min",
)


def beside_running(sessions: Mapping[str, Session], *, pace_s_per_mile: float) -> pd.DataFrame:
    """The energy rate of each person's session, and of running at a pace with the same body mass.

    Parameters
    ----------
    sessions
        By participant.
    pace_s_per_mile
        Seconds a mile; a six-minute mile is 360.

    Returns
    -------
    pandas.DataFrame
        A row a person, lightest first, those without a body mass last. Columns :data:`RUNNING_COLUMNS`: ``kcal_min`` is
        aerobic and gross, ``measured`` says whether carbon dioxide was measured too, the last two are the cheaper and
        the dearer running equation (NaN without a body mass).

    Raises
    ------
    PlanError
        If the pace is not a number above 0.

    When not to use
    ---------------
    To say that somebody can run at that pace: it says what it would cost.

    Examples
    --------
    >>> from kbstudy.measures.energy import SessionRules, measure_session
    >>> from kbstudy.recording import Recording
    >>> data = pd.DataFrame({"time_s": [0.0, 600.0], "vo2_l_min": [2.0, 2.0], "vco2_l_min": [1.8, 1.8]})
    >>> steady = Recording(data, "gas_exchange", "steady.csv", "example", body_mass_kg=80.0)
    >>> session = measure_session(steady, SessionRules("weir_1949", gaps="bridge"))
    >>> beside_running({"A": session}, pace_s_per_mile=360).drop(columns="measured").round(1)
      participant  body_mass_kg  kcal_min  pace_low_kcal_min  pace_high_kcal_min
    0           A          80.0       9.9               20.7                22.9
    """
    rows = [_row(person, session, pace_s_per_mile) for person, session in sessions.items()]
    frame = pd.DataFrame(rows, columns=list(RUNNING_COLUMNS))
    return frame.sort_values(["body_mass_kg", "participant"], na_position="last", ignore_index=True)


def _row(person: str, session: Session, pace_s_per_mile: float) -> dict[str, Any]:
    mass = session.recording.body_mass_kg
    low, high = (math.nan, math.nan) if mass is None else running_energy_rates(pace_s_per_mile, mass)
    return {
        "participant": person,
        "body_mass_kg": math.nan if mass is None else mass,
        "kcal_min": session.budget.aerobic_kcal_min,
        "measured": session.budget.basis == "measured",
        "pace_low_kcal_min": low,
        "pace_high_kcal_min": high,
    }
