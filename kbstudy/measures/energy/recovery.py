"""What exercise costs beside the oxygen used during it: rest to subtract, uptake after it, the lactate it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem
from kbstudy.measures.energy.equations import Equation, FloatArray, RerAboveOne
from kbstudy.measures.energy.gas import Gas
from kbstudy.measures.energy.integration import check_window
from kbstudy.measures.lactate import DOUBTFUL_RISE_MMOL_L, IMPOSSIBLE_RISE_MMOL_L, LACTATE_O2_ML_KG_MM, LACTATE_O2_RANGE
from kbstudy.recording import Recording

__all__ = [
    "KCAL_PER_LITRE_RECOVERY",
    "Baseline",
    "Epoc",
    "Lactate",
    "LactateEnergy",
    "find_baseline",
    "find_epoc",
    "lactate_energy",
]

#: Energy of a litre of oxygen after exercise and of the oxygen equivalent of lactate: 20.9 kJ, that is 5.00 kcal.
KCAL_PER_LITRE_RECOVERY: Final = 5.0
#: kg. Outside of this a body mass is in another unit or another person's field.
_MASSES: Final = (20.0, 300.0)
#: L/min. Nobody rests at that; a number above is in mL/kg/min or mL/min.
_LARGEST_BASELINE: Final = 2.0
#: Seconds over which uptake must have come down to the baseline.
_SPAN_SECONDS: Final = 30.0
_SHORT_BASELINE_SECONDS: Final = 60.0


# ---- baseline ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Baseline:
    """The uptake that counts as "without exercise", and where it comes from.

    Parameters
    ----------
    vo2_l_min
        L/min STPD.
    kcal_min
        Its energy: by the budget's equation where the baseline was recorded, at 5 kcal/L where it was named.
    source
        In words.
    note
        What to know about it.
    """

    vo2_l_min: float
    kcal_min: float
    source: str
    note: str = ""


def find_baseline(
    gas: Gas,
    named: float | tuple[float, float],
    equation: Equation,
    rer_above_one: RerAboveOne,
    start_s: float,
) -> Baseline:
    """The baseline from an uptake in L/min or from a window of the recording that ends before the exercise starts."""
    if isinstance(named, tuple | list):
        return _from_window(gas, (named[0], named[1]), equation, rer_above_one, start_s)
    if not 0 < named <= _LARGEST_BASELINE:
        what = f"baseline={named:g} is not a resting uptake in L/min"
        unit = f"Name one between 0 and {_LARGEST_BASELINE:g} L/min (mL/kg/min × kg / 1000)"
        do = f"{unit}, or a window (start_s, end_s) of the recording."
        raise PlanError(Problem(what, do=do))
    kcal = named * KCAL_PER_LITRE_RECOVERY
    return Baseline(float(named), kcal, f"named by the caller: {named:g} L/min, at {KCAL_PER_LITRE_RECOVERY:g} kcal/L")


def _from_window(
    gas: Gas, window: tuple[float, float], equation: Equation, rer_above_one: RerAboveOne, start_s: float
) -> Baseline:
    line = gas.timeline
    check_window(*window, float(line.time_s[0]), float(line.time_s[-1]), "the baseline")
    if window[1] > start_s:
        what = f"the baseline ends at {window[1]:g} s, after the exercise starts ({start_s:g} s)"
        do = "A baseline comes before the exercise: name start_s, or an earlier baseline, or an uptake in L/min."
        raise PlanError(Problem(what, do=do))
    oxygen = line.integral(gas.vo2, "exclude", *window)
    if oxygen.minutes_covered == 0:
        raise DataError(f"the baseline from {window[0]:g} to {window[1]:g} s has no data: it lies in a gap")
    energy = line.integral(equation.rate(gas.vo2, gas.vco2, rer_above_one=rer_above_one), "exclude", *window)
    seconds = oxygen.minutes_covered * 60
    note = f"The baseline is the mean of only {seconds:.0f} s." if seconds < _SHORT_BASELINE_SECONDS else ""
    source = f"mean from {window[0]:g} to {window[1]:g} s of the recording: {fmt.number(oxygen.mean, 3)} L/min"
    return Baseline(oxygen.mean, energy.mean, source, note)


# ---- the uptake after exercise -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Epoc:
    """Excess post-exercise oxygen consumption.

    Parameters
    ----------
    kcal
        Uptake above the baseline after exercise × 5 kcal/L; NaN if there is nothing to integrate.
    minutes, minutes_missing
        Time with and without data from the end of exercise to the return to baseline, or to where it was cut off.
    truncated
        Whether the recording ended, or the next bout began, before uptake was back; then ``kcal`` is too low.
    note
        What to know about it.
    """

    kcal: float = math.nan
    minutes: float = 0.0
    minutes_missing: float = 0.0
    truncated: bool = False
    note: str = ""


def find_epoc(gas: Gas, baseline: Baseline, start_s: float, end_s: float) -> Epoc:
    """Uptake above baseline from the end of exercise to the first 30 s whose mean is not above baseline.

    It ends earlier if the recording does, or if uptake rises again because the next bout has begun.
    """
    last = float(gas.timeline.time_s[-1])
    if last - end_s < _SPAN_SECONDS:
        note = f"No EPOC: the recording goes on for {max(last - end_s, 0):.0f} s after the exercise."
        return Epoc(note=note)
    exercise = gas.timeline.integral(gas.vo2, "exclude", start_s, end_s).mean
    until, cause = _recovery_end(gas, baseline.vo2_l_min, exercise, end_s)
    excess = gas.timeline.integral(gas.vo2 - baseline.vo2_l_min, "exclude", end_s, until)
    notes = [f"EPOC is truncated, so it is too low: {cause}"] if cause else []
    if excess.minutes_excluded:
        lost = fmt.number(excess.minutes_excluded, 1)
        notes.append(f"{lost} min of recovery without data are not in EPOC, which is too low by what they held.")
    kcal = excess.total * KCAL_PER_LITRE_RECOVERY
    return Epoc(kcal, excess.minutes_covered, excess.minutes_excluded, bool(cause), " ".join(notes))


def _recovery_end(gas: Gas, baseline: float, exercise: float, end_s: float) -> tuple[float, str]:
    """When recovery ends, and why it ended before uptake was back (empty if it was back)."""
    starts, means = _half_minutes(gas, end_s)
    back = _first(means <= baseline)
    halfway = (baseline + exercise) / 2
    low = _first(means < halfway)
    again = None if low is None else _first(means > halfway, after=low)
    if back is not None and (again is None or back < again):
        return float(starts[back]), ""
    if again is not None:
        lowest = float(starts[int(np.nanargmin(means[:again]))])
        half = f"to half of that of the exercise at {starts[again]:.0f} s"
        return lowest, f"uptake rose again before it was back, {half} (the next bout?)."
    last = float(gas.timeline.time_s[-1])
    minutes = fmt.number((last - end_s) / 60, 1)
    return last, f"uptake was still above baseline when the recording ended, {minutes} min after exercise."


def _half_minutes(gas: Gas, end_s: float) -> tuple[FloatArray, FloatArray]:
    """Means of the 30 s that follow the end of exercise, and of those that follow each row; NaN if a gap is in them."""
    line = gas.timeline
    rows = line.time_s[line.inside(end_s, None)]
    starts = np.unique(np.concatenate([[end_s], rows]))
    starts = starts[starts + _SPAN_SECONDS <= line.time_s[-1]]
    found = [line.integral(gas.vo2, "exclude", start, start + _SPAN_SECONDS) for start in starts.tolist()]
    return starts, np.array([math.nan if each.minutes_excluded else each.mean for each in found])


def _first(where: npt.NDArray[np.bool_], after: int = 0) -> int | None:
    found = np.flatnonzero(where[after:])
    return int(found[0]) + after if len(found) else None


# ---- lactate -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lactate:
    """Blood lactate before a bout and its peak after it.

    Parameters
    ----------
    rest_mmol_l, peak_mmol_l
        mmol/L, both from the same kind of blood (whole blood and plasma differ by about 30 %).

    Raises
    ------
    PlanError
        A value that is not a concentration, a peak below rest, a rise above 30 mmol/L.

    Examples
    --------
    >>> Lactate(rest_mmol_l=1.0, peak_mmol_l=9.5).rise_mmol_l
    8.5
    """

    rest_mmol_l: float
    peak_mmol_l: float

    def __post_init__(self) -> None:
        values = (self.rest_mmol_l, self.peak_mmol_l)
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise PlanError(f"lactate of {values[0]:g} and {values[1]:g} mmol/L are not both concentrations")
        if self.peak_mmol_l < self.rest_mmol_l:
            what = f"peak lactate {self.peak_mmol_l:g} is below rest {self.rest_mmol_l:g} mmol/L"
            raise PlanError(Problem(what, do="Only a net rise has an oxygen equivalent. Are the two swapped?"))
        if self.rise_mmol_l > IMPOSSIBLE_RISE_MMOL_L:
            what = f"lactate rises by {self.rise_mmol_l:g} mmol/L, which nobody survives"
            do = "Check the unit: mg/dL ÷ 9.01 = mmol/L. Peaks after all-out efforts are 15 to 25 mmol/L."
            raise PlanError(Problem(what, do=do))

    @property
    def rise_mmol_l(self) -> float:
        """Peak minus rest."""
        return self.peak_mmol_l - self.rest_mmol_l


@dataclass(frozen=True, slots=True)
class LactateEnergy:
    """Energy of a net rise in lactate: a total for a bout, never a rate."""

    kcal: float = math.nan
    low: float = math.nan
    high: float = math.nan
    note: str = ""


def lactate_energy(lactate: Lactate, recording: Recording) -> LactateEnergy:
    """Net rise × 3.0 (2.7 to 3.4) mL of oxygen a kilogram and mmol/L × body mass × 5 kcal/L.

    Raises
    ------
    PlanError
        The recording has no body mass, or one that cannot be.
    """
    litres_per_ml = lactate.rise_mmol_l * _body_mass(recording) / 1000.0
    kcal = litres_per_ml * KCAL_PER_LITRE_RECOVERY
    low, high = LACTATE_O2_RANGE
    doubt = f"A lactate rise of {lactate.rise_mmol_l:g} mmol/L is rarely seen: check both values."
    note = doubt if lactate.rise_mmol_l > DOUBTFUL_RISE_MMOL_L else ""
    return LactateEnergy(kcal * LACTATE_O2_ML_KG_MM, kcal * low, kcal * high, note)


def _body_mass(recording: Recording) -> float:
    mass = recording.body_mass_kg
    do = 'Add it: recording.with_(body_mass_kg=..., body_mass_source="..."). No body mass is ever assumed.'
    if mass is None:
        raise PlanError(Problem("lactate needs a body mass, and the recording has none", file=recording.file, do=do))
    if not _MASSES[0] <= mass <= _MASSES[1]:
        raise PlanError(Problem(f"a body mass of {mass:g} kg cannot be", file=recording.file, do=do))
    return mass


def excess_share(rer: FloatArray, weights: FloatArray) -> float:
    """The share of weights in rows with an RER above one, of those where RER is known; NaN if it is known nowhere."""
    known = np.isfinite(rer)
    total = float(weights[known].sum())
    return float(weights[known & (rer > 1.0)].sum()) / total if total > 0 else math.nan
