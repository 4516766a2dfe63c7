"""The highest oxygen uptake, which depends on how breaths are averaged; and by how much."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, did_you_mean
from kbstudy.measures.energy.equations import FloatArray
from kbstudy.measures.energy.gas import Gas, read_gas
from kbstudy.recording import Recording

__all__ = ["Peak", "averaging_sensitivity", "vo2_peak"]

Method = Literal["rolling", "bin"]
_METHODS: Final = ("rolling", "bin")
_SECONDS: Final = (15.0, 30.0, 60.0)


@dataclass(frozen=True)
class Peak:
    """The highest mean VO2 over a window of time.

    Parameters
    ----------
    vo2_l_min
        L/min STPD; NaN if no stretch without a gap is long enough.
    ml_kg_min
        The same for the body mass of the recording; NaN if that is not known.
    start_s, end_s
        The window it was reached in.
    method, seconds
        How breaths were averaged.
    note
        What to know about it.
    simulated
        Whether the recording is made up.
    """

    vo2_l_min: float
    ml_kg_min: float
    start_s: float
    end_s: float
    method: Method
    seconds: float
    note: str = ""
    simulated: bool = False

    def sentence(self) -> str:
        """In words, with how it was averaged."""
        relative = "" if math.isnan(self.ml_kg_min) else f" ({fmt.number(self.ml_kg_min, 1)} mL/kg/min)"
        how = f"{self.seconds:g}-s {'rolling mean over time' if self.method == 'rolling' else 'bins of time'}"
        when = f"from {fmt.number(self.start_s, 0)} to {fmt.number(self.end_s, 0)} s"
        stamp = "[SIMULATED] " if self.simulated else ""
        text = f"{stamp}Highest VO2 {fmt.number(self.vo2_l_min, 3)} L/min{relative}, {how}, reached {when}."
        return f"{text} {self.note}".strip()

    def __str__(self) -> str:
        return self.sentence()

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.sentence())}</p>"


def vo2_peak(recording: Recording, *, method: Method = "rolling", seconds: float = 30.0) -> Peak:
    """The highest mean oxygen uptake over ``seconds``, weighted by time; no window contains a gap.

    Parameters
    ----------
    recording
        Gas exchange.
    method
        ``"rolling"``: the highest of all windows of that length, wherever they start (found exactly, not on a grid).
        ``"bin"``: windows one after the other from the first row; what is left at the end of a stretch is not used.
    seconds
        Length of the window.

    Returns
    -------
    Peak

    Raises
    ------
    PlanError
        An unknown method, a length that is not positive.
    DataError
        No stretch without a gap is as long as the window; see also :func:`~kbstudy.measures.energy.energy_expenditure`
        for what is refused in a recording.

    When not to use
    ---------------
    As "VO2max" without a plateau or a verification bout: a peak is what was reached. To compare with a paper that
    averaged otherwise: see :func:`averaging_sensitivity` for what that is worth.

    Notes
    -----
    VO2 is a straight line between rows. The mean is over time, not over breaths: a mean of the breaths in a window is
    higher when fast breaths have a high uptake. A rolling peak is never below the one in bins of the same length.

    References
    ----------
    Robergs, Dwyer & Astorino 2010, doi:10.2165/11319670-000000000-00000 (recommendations for processing breath data)

    Validated against
    -----------------
    30-s rolling peaks of a COSMED, a Cortex and a Parvo export (``tests/measures/energy/``).

    Examples
    --------
    >>> from kbstudy.recording import Recording
    >>> time = np.arange(0.0, 301.0, 5.0)
    >>> data = pd.DataFrame({"time_s": time, "vo2_l_min": 1.0 + 2.0 * np.minimum(time, 240.0) / 240.0})
    >>> print(vo2_peak(Recording(data, "gas_exchange", "ramp.csv", "example", body_mass_kg=75.0)))
    Highest VO2 3.000 L/min (40.0 mL/kg/min), 30-s rolling mean over time, reached from 240 to 270 s.
    """
    _check_question(method, seconds)
    gas = read_gas(recording)
    found = _peak(gas, method, seconds, recording)
    if math.isnan(found.vo2_l_min):
        what = f"no stretch without a gap is {seconds:g} s long"
        raise DataError(Problem(what, file=recording.file, do="Use a shorter window."))
    return found


def averaging_sensitivity(recording: Recording) -> pd.DataFrame:
    """The highest VO2 by method and length of averaging, with the times it can be labelled with.

    Parameters
    ----------
    recording
        Gas exchange.

    Returns
    -------
    pandas.DataFrame
        Columns ``method`` (rolling, bin), ``seconds`` (15, 30, 60), ``vo2_l_min``, ``ml_kg_min``, ``start_s``,
        ``middle_s``, ``end_s`` (the three labels in use for a window) and ``note``. NaN where no stretch without a gap
        is long enough.

    When not to use
    ---------------
    To pick the highest: choose the averaging before the data are seen, and report it.

    Examples
    --------
    >>> from kbstudy.recording import Recording
    >>> time = np.arange(0.0, 301.0, 5.0)
    >>> data = pd.DataFrame({"time_s": time, "vo2_l_min": 1.0 + np.sin(time / 100.0) ** 2})
    >>> found = averaging_sensitivity(Recording(data, "gas_exchange", "waves.csv", "example"))
    >>> found[["method", "seconds", "vo2_l_min"]].round(3)
        method  seconds  vo2_l_min
    0  rolling     15.0      1.998
    1  rolling     30.0      1.992
    2  rolling     60.0      1.970
    3      bin     15.0      1.998
    4      bin     30.0      1.986
    5      bin     60.0      1.965
    """
    gas = read_gas(recording)
    peaks = [_peak(gas, method, seconds, recording) for method in _METHODS for seconds in _SECONDS]
    columns = ["method", "seconds", "vo2_l_min", "ml_kg_min", "start_s", "middle_s", "end_s", "note"]
    rows = [{**vars(peak), "middle_s": (peak.start_s + peak.end_s) / 2} for peak in peaks]
    return pd.DataFrame(rows, columns=columns)


def _check_question(method: str, seconds: float) -> None:
    if method not in _METHODS:
        what = f'method="{method}" is not a way of averaging{did_you_mean(str(method), _METHODS)}'
        raise PlanError(Problem(what, do=f"Use one of: {', '.join(_METHODS)}."))
    if not (math.isfinite(seconds) and seconds > 0):
        raise PlanError(f"seconds={seconds:g} is not a length of time")


def _peak(gas: Gas, method: Method, seconds: float, recording: Recording) -> Peak:
    time = gas.timeline.time_s
    found = [
        (_rolling if method == "rolling" else _bins)(time[part], gas.vo2[part], seconds, float(time[0]))
        for part in _stretches(gas)
    ]
    best, start = max((peak for peak in found if not math.isnan(peak[0])), default=(math.nan, math.nan))
    mass = recording.body_mass_kg
    return Peak(
        vo2_l_min=best,
        ml_kg_min=math.nan if mass is None else best * 1000.0 / mass,
        start_s=start,
        end_s=start + seconds,
        method=method,
        seconds=seconds,
        note=_resolution(gas, seconds),
        simulated=recording.simulated,
    )


def _resolution(gas: Gas, seconds: float) -> str:
    apart = np.diff(gas.timeline.time_s)
    typical = float(np.median(apart[apart > 0])) if (apart > 0).any() else math.nan
    if 1.5 * typical <= seconds:
        return ""
    return f"The file's rows are {typical:.3g} s apart, so {seconds:g} s average hardly anything."


def _stretches(gas: Gas) -> list[slice]:
    """The rows between gaps."""
    cuts = [0, *(np.flatnonzero(gas.timeline.gap) + 1), len(gas.vo2)]
    return [slice(int(a), int(b)) for a, b in pairwise(cuts) if b - a > 1]


class _Curve:
    """A line through the rows of one stretch, its integral in L/min × s, and its value on either side of a jump."""

    def __init__(self, time: FloatArray, vo2: FloatArray) -> None:
        self.time, self.vo2 = time, vo2
        self.length = np.diff(time)
        self.slope = np.diff(vo2) / np.where(self.length > 0, self.length, 1.0)
        area = self.length * (vo2[1:] + vo2[:-1]) / 2
        self.sum = np.concatenate([[0.0], np.cumsum(area)])

    def _interval(self, at: FloatArray, side: Literal["left", "right"]) -> FloatArray:
        return np.clip(np.searchsorted(self.time, at, side=side) - 1, 0, len(self.length) - 1)

    def integral(self, at: FloatArray) -> FloatArray:
        i = self._interval(at, "right")
        h = at - self.time[i]
        return np.asarray(self.sum[i] + h * self.vo2[i] + self.slope[i] * h * h / 2)

    def value(self, at: FloatArray, side: Literal["left", "right"]) -> FloatArray:
        i = self._interval(at, side)
        return np.asarray(self.vo2[i] + self.slope[i] * (at - self.time[i]))


def _rolling(time: FloatArray, vo2: FloatArray, seconds: float, _first: float) -> tuple[float, float]:
    """The highest mean and its start.

    Between the times at which an end of the window meets a row, the mean is a parabola of the start: its top is where
    the uptake is the same at both ends.
    """
    last = time[-1] - seconds
    if last < time[0]:
        return math.nan, math.nan
    curve = _Curve(time, vo2)
    knots = np.unique(np.clip(np.concatenate([time, time - seconds]), time[0], last))
    starts = np.concatenate([knots, _tops(curve, knots, seconds)])
    means = (curve.integral(starts + seconds) - curve.integral(starts)) / seconds
    best = int(np.argmax(means))
    return float(means[best]), float(starts[best])


def _tops(curve: _Curve, knots: FloatArray, seconds: float) -> FloatArray:
    left, right = knots[:-1], knots[1:]
    rise = curve.value(left + seconds, "right") - curve.value(left, "right")
    fall = curve.value(right + seconds, "left") - curve.value(right, "left")
    top = (rise > 0) & (fall < 0)
    share = rise[top] / (rise[top] - fall[top])
    return np.asarray(left[top] + share * (right - left)[top])


def _bins(time: FloatArray, vo2: FloatArray, seconds: float, first: float) -> tuple[float, float]:
    """The highest mean of whole bins, counted from the first row of the recording, and its start."""
    low = math.ceil((time[0] - first) / seconds - 1e-9)
    high = math.floor((time[-1] - first) / seconds + 1e-9)
    if high <= low:
        return math.nan, math.nan
    edges = np.clip(first + seconds * np.arange(low, high + 1), time[0], time[-1])
    means = np.diff(_Curve(time, vo2).integral(edges)) / seconds
    best = int(np.argmax(means))
    return float(means[best]), float(edges[best])
