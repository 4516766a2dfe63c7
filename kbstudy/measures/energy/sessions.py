"""One training session to the numbers that a study uses: energy, uptake, heart rate, and what they rest on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, Problem
from kbstudy.measures.energy.bouts import Bout, Source, find_bouts
from kbstudy.measures.energy.budget import EnergyBudget, energy_expenditure
from kbstudy.measures.energy.equations import FloatArray, RerAboveOne
from kbstudy.measures.energy.gas import read_gas
from kbstudy.measures.energy.integration import Gaps, Timeline
from kbstudy.recording import Recording

__all__ = ["SESSION_COLUMNS", "Session", "SessionRules", "budget_of", "measure_session"]

#: What a session is worth, as columns: name, unit and meaning.
SESSION_COLUMNS: Final = {
    "aerobic_kcal": ("kcal", "aerobic energy of the bout, gross"),
    "aerobic_kcal_min": ("kcal/min", "the same over the time it stands for"),
    "aerobic_net_kcal": ("kcal", "minus the baseline's; empty without a baseline"),
    "epoc_kcal": ("kcal", "uptake above the baseline after the bout; empty without a baseline"),
    "minutes": ("min", "time that the total stands for"),
    "minutes_excluded": ("min", "gaps left out"),
    "minutes_bridged": ("min", "gaps bridged by a straight line"),
    "vo2_l_min": ("L/min", "mean uptake over time"),
    "vo2_ml_kg_min": ("mL/kg/min", "the same a kilogram; empty without a body mass"),
    "rer": ("", "carbon dioxide over oxygen, both over the bout"),
    "hr_bpm": ("beats/min", "mean heart rate over time"),
    "share_time_rer_above_one": ("", "share of the time with a ratio above one, 0 to 1"),
    "body_mass_kg": ("kg", "of the file, else of the declared covariate"),
}


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How every session of a study is treated.

    Parameters
    ----------
    equation, rer_above_one, gaps, baseline
        As in :func:`~kbstudy.measures.energy.energy_expenditure`.
    protocol
        When there was exercise, as declared: ``"15:15 × 40 from 180 s"``.
    bout_by
        What else to go by (``"phase"``, ``"marker"``, ``"vo2"``, ``"hr"``). Without both, the whole recording counts.
    """

    equation: str
    rer_above_one: RerAboveOne = "cap"
    gaps: Gaps = "exclude"
    baseline: tuple[float, float] | float | None = None
    protocol: str | None = None
    bout_by: Source | None = None


@dataclass(frozen=True)
class Session:
    """A recording, the bout in it, and its energy.

    Parameters
    ----------
    recording, bout, budget
        What was measured, when the exercise was (``None``: the whole recording), and what it cost.
    rules
        What it was measured by.
    numbers
        Those of :data:`SESSION_COLUMNS`; NaN where one cannot be had.
    """

    recording: Recording
    bout: Bout | None
    budget: EnergyBudget
    rules: SessionRules
    numbers: dict[str, float]


def measure_session(recording: Recording, rules: SessionRules) -> Session:
    """The numbers of one session.

    Parameters
    ----------
    recording
        Gas exchange of one session.
    rules
        The same for every session of a study.

    Returns
    -------
    Session

    Raises
    ------
    DataError
        No bout, or more than one, in the recording; what :func:`~kbstudy.measures.energy.energy_expenditure` refuses.
    PlanError
        A rule that cannot be.

    Validated against
    -----------------
    ``energy_expenditure`` and the trapezoid rule on a recording with known means
    (``tests/measures/energy/test_session_numbers.py``).
    """
    bout = _one_bout(recording, rules)
    budget = budget_of(recording, bout, rules)
    return Session(recording, bout, budget, rules, _values(recording, budget, rules.gaps))


def budget_of(recording: Recording, bout: Bout | None, rules: SessionRules) -> EnergyBudget:
    """The energy of a bout (of the whole recording, if ``None``) by the rules of a study."""
    return energy_expenditure(
        recording,
        equation=rules.equation,
        rer_above_one=rules.rer_above_one,
        gaps=rules.gaps,
        start_s=None if bout is None else bout.start_s,
        end_s=None if bout is None else bout.end_s,
        baseline=rules.baseline,
    )


def _one_bout(recording: Recording, rules: SessionRules) -> Bout | None:
    if rules.protocol is None and rules.bout_by is None:
        return None
    bouts = find_bouts(recording, protocol=rules.protocol, by=rules.bout_by)
    if len(bouts) > 1:
        where = fmt.words([f"{bout.start_s:.0f} to {bout.end_s:.0f} s" for bout in bouts])
        what = f"{len(bouts)} bouts of exercise ({where}), and a session of a study is one"
        do = 'Declare when it was: protocol = "15:15 × 40 from 180 s". Work and rest in quick turn are one bout.'
        raise DataError(Problem(what, file=recording.file, do=do))
    return bouts[0]


def _values(recording: Recording, budget: EnergyBudget, gaps: Gaps) -> dict[str, float]:
    gas = read_gas(recording)
    window = (budget.start_s, budget.end_s)
    vo2 = gas.timeline.integral(gas.vo2, gaps, *window).mean
    vco2 = _mean_over_time(recording, "vco2_l_min", gaps, window)
    mass = math.nan if recording.body_mass_kg is None else recording.body_mass_kg
    return {
        "aerobic_kcal": budget.aerobic_kcal,
        "aerobic_kcal_min": budget.aerobic_kcal_min,
        "aerobic_net_kcal": budget.aerobic_net_kcal,
        "epoc_kcal": budget.epoc_kcal,
        "minutes": budget.minutes,
        "minutes_excluded": budget.minutes_excluded,
        "minutes_bridged": budget.minutes_bridged,
        "vo2_l_min": vo2,
        "vo2_ml_kg_min": 1000.0 * vo2 / mass,
        "rer": vco2 / vo2,
        "hr_bpm": _mean_over_time(recording, "hr_bpm", gaps, window),
        "share_time_rer_above_one": budget.share_time_rer_above_one,
        "body_mass_kg": mass,
    }


def _mean_over_time(recording: Recording, column: str, gaps: Gaps, window: tuple[float, float]) -> float:
    """The mean of a column over the window, each row weighing the time it stands for; zeros are no measurement."""
    if column not in recording.data:
        return math.nan
    values: FloatArray = recording.data[column].to_numpy(dtype="float64")
    known = values > 0
    times = recording.data["time_s"].to_numpy(dtype="float64")[known]
    if known.sum() < 2 or times[0] >= window[1] or times[-1] <= window[0]:
        return math.nan
    return float(Timeline.of(np.asarray(times), recording.gaps).integral(values[known], gaps, *window).mean)
