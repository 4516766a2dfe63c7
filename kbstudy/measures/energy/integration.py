"""From a rate at each row to a total over time: every second counts the same, every stretch without data is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, did_you_mean
from kbstudy.measures.energy.equations import FloatArray

__all__ = ["Gaps", "Integral", "Timeline", "check_gaps", "check_window", "gap_limit", "integrate"]

Gaps = Literal["exclude", "bridge"]
_GAPS: Final = ("exclude", "bridge")
#: No mask stays quiet for so long between two breaths of somebody who exercises.
_GAP_SECONDS: Final = 20.0
#: For data in bins of time, which can be longer than that.
_GAP_INTERVALS: Final = 3.0


def gap_limit(time_s: FloatArray) -> float:
    """The longest interval between two rows that is not a gap: max(20 s, 3 × the median interval), in seconds.

    Rows with the same time have no interval between them, so a repeated row does not change the limit.

    Examples
    --------
    >>> gap_limit(np.array([0.0, 3.0, 6.0, 200.0])), gap_limit(np.array([0.0, 30.0, 60.0]))
    (20.0, 90.0)
    """
    intervals = np.diff(time_s)
    apart = intervals[intervals > 0]
    return max(_GAP_SECONDS, _GAP_INTERVALS * float(np.median(apart))) if len(apart) else _GAP_SECONDS


def check_gaps(gaps: str) -> None:
    """Raise PlanError unless this is a policy."""
    if gaps not in _GAPS:
        what = f'gaps="{gaps}" is not a policy{did_you_mean(str(gaps), _GAPS)}'
        do = 'Use "exclude" (nothing is assumed about a gap) or "bridge" (a straight line over it).'
        raise PlanError(Problem(what, do=do))


def check_window(start_s: float | None, end_s: float | None, first_s: float, last_s: float, name: str) -> None:
    """Raise PlanError unless a window is the right way round and has some of the recording in it."""
    start, end = (first_s if start_s is None else start_s), (last_s if end_s is None else end_s)
    within = f"The recording goes from {first_s:g} to {last_s:g} s."
    if not (math.isfinite(start) and math.isfinite(end)):
        raise PlanError(Problem(f"{name} from {start:g} to {end:g} s: both ends must be numbers", do=within))
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise PlanError(Problem(f"{name} starts at {start:g} s and ends at {end:g} s: nothing is in it", do=within))
    if start >= last_s or end <= first_s:
        raise PlanError(Problem(f"{name} from {start:g} to {end:g} s lies outside the recording", do=within))


@dataclass(frozen=True, slots=True)
class Integral:
    """A total, and the time it stands for.

    Parameters
    ----------
    total
        The integral of a rate per minute: kcal for kcal/min, L for L/min.
    minutes_covered
        Time between rows that are not further apart than the gap limit.
    minutes_bridged
        Time in gaps that the total includes, by a straight line; 0 if gaps are excluded.
    minutes_excluded
        Time in gaps that the total leaves out; 0 if gaps are bridged.
    row_mean_bias
        What it would do to the total over covered time to average rows and multiply by that time, as a share: +0.07 is
        7 % too much. Breathing is fastest when uptake is highest, so breaths are not a sample of time.
    """

    total: float
    minutes_covered: float
    minutes_bridged: float
    minutes_excluded: float
    row_mean_bias: float

    @property
    def minutes(self) -> float:
        """Time that the total stands for."""
        return self.minutes_covered + self.minutes_bridged

    @property
    def mean(self) -> float:
        """Total over its time; NaN if there is none."""
        return self.total / self.minutes if self.minutes > 0 else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The times of the rows, and which of the intervals between them are gaps.

    Gaps are found once in the whole recording, so that a part of it is treated as it is in the whole.

    Parameters
    ----------
    time_s
        Seconds; never falling.
    gap
        For each interval between two rows, whether it is a gap.
    limit_s
        The gap limit.
    """

    time_s: FloatArray
    gap: npt.NDArray[np.bool_]
    limit_s: float

    @classmethod
    def of(cls, time_s: npt.ArrayLike, known: Sequence[tuple[float, float]] = ()) -> Timeline:
        """Find the gaps: intervals above :func:`gap_limit`, and those that overlap a gap known from the file.

        Raises
        ------
        DataError
            Fewer than two rows; a time that is missing or falls.
        """
        times = np.asarray(time_s, dtype=float)
        _check_times(times)
        limit = gap_limit(times)
        gap = np.diff(times) > limit
        for start, end in known:
            gap |= (times[:-1] < end) & (times[1:] > start)
        return cls(times, gap, limit)

    @property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """Start and end of each gap, seconds."""
        where = np.flatnonzero(self.gap)
        return tuple((float(self.time_s[i]), float(self.time_s[i + 1])) for i in where)

    def edges(self, start_s: float | None, end_s: float | None) -> tuple[float, float]:
        """The window, inside the recording."""
        first, last = float(self.time_s[0]), float(self.time_s[-1])
        return first if start_s is None else max(start_s, first), last if end_s is None else min(end_s, last)

    def clipped(self, start_s: float | None, end_s: float | None) -> tuple[FloatArray, FloatArray]:
        """Start and end of the part of each interval that lies in the window; of no length if none does."""
        low, high = self.edges(start_s, end_s)
        begin = np.clip(self.time_s[:-1], low, high)
        return begin, np.maximum(np.clip(self.time_s[1:], low, high), begin)

    def weights(self, gaps: Gaps, start_s: float | None, end_s: float | None) -> FloatArray:
        """Minutes that each row stands for: half of the interval on either side of it, inside the window."""
        begin, end = self.clipped(start_s, end_s)
        middle = (self.time_s[:-1] + self.time_s[1:]) / 2
        used = ~self.gap | (gaps == "bridge")
        found = np.zeros(len(self.time_s))
        found[:-1] += np.maximum(np.minimum(end, middle) - begin, 0.0) * used
        found[1:] += np.maximum(end - np.maximum(begin, middle), 0.0) * used
        return found / 60.0

    def inside(self, start_s: float | None, end_s: float | None) -> npt.NDArray[np.bool_]:
        """The rows in the window, both ends included."""
        low, high = self.edges(start_s, end_s)
        return np.asarray((self.time_s >= low) & (self.time_s <= high))

    def areas(self, rate: FloatArray, start_s: float | None, end_s: float | None) -> tuple[FloatArray, FloatArray]:
        """For each interval the area under the straight line between its rows, and its minutes, inside the window."""
        begin, end = self.clipped(start_s, end_s)
        length = np.diff(self.time_s)
        slope = np.diff(rate) / np.where(length > 0, length, 1.0)
        at_middle = rate[:-1] + slope * ((begin + end) / 2 - self.time_s[:-1])
        minutes = (end - begin) / 60.0
        return at_middle * minutes, minutes

    def integral(
        self, rate: FloatArray, gaps: Gaps, start_s: float | None = None, end_s: float | None = None
    ) -> Integral:
        """The total of a rate per minute over a window; see :func:`integrate`."""
        area, minutes = self.areas(rate, start_s, end_s)
        covered, in_gaps = float(minutes[~self.gap].sum()), float(minutes[self.gap].sum())
        area_covered = float(area[~self.gap].sum())
        bridged = gaps == "bridge"
        return Integral(
            total=area_covered + float(area[self.gap].sum()) * bridged,
            minutes_covered=covered,
            minutes_bridged=in_gaps if bridged else 0.0,
            minutes_excluded=0.0 if bridged else in_gaps,
            row_mean_bias=_row_mean_bias(rate[self.inside(start_s, end_s)], covered, area_covered),
        )


def _row_mean_bias(rows: FloatArray, minutes: float, total: float) -> float:
    return float(rows.mean()) * minutes / total - 1.0 if len(rows) and total > 0 else math.nan


def _check_times(time_s: FloatArray) -> None:
    if len(time_s) < 2:
        what = f"{fmt.count(len(time_s), 'row')} with data: a total over time needs at least two"
        raise DataError(Problem(what, do="Check that the file has the columns and the stretch that are asked for."))
    if not np.isfinite(time_s).all():
        what = f"{fmt.count(int((~np.isfinite(time_s)).sum()), 'row')} without a time"
        raise DataError(Problem(what, column="time_s", do="Leave such rows out: they cannot be placed."))
    falls = np.flatnonzero(np.diff(time_s) < 0)
    if len(falls):
        before, after = time_s[falls[0]], time_s[falls[0] + 1]
        what = f"time falls {fmt.count(len(falls), 'time')}, first from {before:g} s to {after:g} s"
        do = "Sort the rows by time if they are shuffled; if the clock restarts, treat each part as its own recording."
        raise DataError(Problem(what, column="time_s", do=do))


def integrate(
    time_s: npt.ArrayLike,
    per_minute: npt.ArrayLike,
    *,
    gaps: Gaps = "exclude",
    start_s: float | None = None,
    end_s: float | None = None,
) -> Integral:
    """The total of a rate over time by the trapezoid rule: each row weighs as much as the time it stands for.

    Parameters
    ----------
    time_s
        Seconds, never falling; equal times are allowed.
    per_minute
        The rate at these times, per minute.
    gaps
        Intervals longer than :func:`gap_limit` are gaps. ``"exclude"``: they count neither in the total nor in its
        time. ``"bridge"``: a straight line is drawn over them.
    start_s, end_s
        The window; its edges are interpolated, except in a gap that is excluded. ``None``: first and last row.

    Returns
    -------
    Integral

    Raises
    ------
    DataError
        Times that fall or are missing, fewer than two rows, a rate that is not finite.
    PlanError
        Columns of different length, an unknown policy.

    When not to use
    ---------------
    For a force trace: there rows are a sample of time, and the number of rows a second is the issue.

    Notes
    -----
    There is no other way to a total in kbstudy. ``.row_mean_bias`` says what the mean of rows would have made of it:
    +5 to +28 % breath by breath, about zero for data in time bins.

    Bridging understates a gap if the row beside it is an artefact near zero, as it is when a mask comes off.

    Validated against
    -----------------
    Whole-file totals of a COSMED, a Cortex and a Parvo export (``tests/measures/energy/``).

    Examples
    --------
    >>> found = integrate([0, 60, 120, 420, 480], [4.0, 6.0, 6.0, 1.0, 1.0])
    >>> found.total, found.minutes_covered, found.minutes_excluded
    (12.0, 3.0, 5.0)
    >>> integrate([0, 60, 120, 420, 480], [4.0, 6.0, 6.0, 1.0, 1.0], gaps="bridge").total
    29.5
    """
    check_gaps(gaps)
    times, rate = np.asarray(time_s, dtype=float), np.asarray(per_minute, dtype=float)
    if times.shape != rate.shape or times.ndim != 1:
        raise PlanError(f"times and rates must be columns of one length, not {times.shape} and {rate.shape}")
    if not np.isfinite(rate).all():
        what = f"{fmt.count(int((~np.isfinite(rate)).sum()), 'row')} without a finite rate"
        do = "Leave such rows out; the time beside them then counts as a gap if it is long."
        raise DataError(Problem(what, do=do))
    timeline = Timeline.of(times)
    check_window(start_s, end_s, float(times[0]), float(times[-1]), "the window")
    return timeline.integral(rate, gaps, start_s, end_s)
