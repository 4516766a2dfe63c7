"""Heart rate on a regular clock, and its summary over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem
from kbstudy.recording import Issue, Recording

__all__ = ["HOLD_S", "HeartRateSummary", "resample_heart_rate", "summarise_heart_rate"]

#: How long a value is taken to hold, in seconds, if nothing newer comes. Watches write only when heart rate changes.
HOLD_S: Final = 10.0
_MOST_ROWS: Final = 5_000_000


@dataclass(frozen=True)
class HeartRateSummary:
    """Heart rate over a stretch of time.

    Parameters
    ----------
    mean_bpm
        Over time: a value counts for as long as it holds.
    max_bpm
        The highest value that is no artefact.
    minutes, minutes_covered
        From the first to the last row, and the part of it with a value.
    artefact_share
        Of the values; NaN for a recording without marks.
    hold_s
        How long a value was taken to hold.
    """

    mean_bpm: float
    max_bpm: float
    minutes: float
    minutes_covered: float
    artefact_share: float
    hold_s: float

    def sentence(self) -> str:
        """The findings in words."""
        share = (
            "" if math.isnan(self.artefact_share) else f"; {100 * self.artefact_share:.0f}% of values were artefacts"
        )
        return (
            f"Heart rate {fmt.number(self.mean_bpm, 0)} bpm on average and {fmt.number(self.max_bpm, 0)} bpm at most, "
            f"over {fmt.number(self.minutes_covered, 1)} of {fmt.number(self.minutes, 1)} min{share}."
        )


def resample_heart_rate(recording: Recording, *, every_s: float = 1.0, hold_s: float = HOLD_S) -> Recording:
    """Heart rate at regular times: the last value, as long as it is not older than ``hold_s``.

    Parameters
    ----------
    recording
        From :func:`kbstudy.read_heart_rate`.
    every_s
        Seconds between rows.
    hold_s
        Age, in seconds, up to which a value stands for now. Beyond it, and in pauses, heart rate is missing. Nothing is
        interpolated: a straight line over minutes would invent a course.

    Returns
    -------
    Recording
        ``time_s, hr_bpm``; its first issue says how much is missing.

    Raises
    ------
    DataError
        If the recording has no heart rate.
    PlanError
        If ``every_s`` or ``hold_s`` cannot be.

    Examples
    --------
    >>> data = pd.DataFrame({"time_s": [0.0, 2.0, 20.0], "hr_bpm": [120.0, 124.0, 130.0]})
    >>> recording = Recording(data, "heart_rate", "walk.csv", "example", averaging="irregular")
    >>> resample_heart_rate(recording, every_s=5, hold_s=10).data["hr_bpm"].tolist()
    [120.0, 124.0, 124.0, nan, 130.0]
    """
    time, bpm = _kept(recording)
    if not (0 < every_s <= 3600 and 0 < hold_s <= 3600):
        raise PlanError(f"every_s = {every_s:g} and hold_s = {hold_s:g} must be above 0 and at most 3600 s")
    first, last = float(recording.data["time_s"].iloc[0]), float(recording.data["time_s"].iloc[-1])
    rows = math.floor((last - first) / every_s + 1e-9) + 1
    if rows > _MOST_ROWS:
        raise PlanError(f"every_s = {every_s:g} would make {rows:,} rows; at most {_MOST_ROWS:,} are made")
    grid = first + every_s * np.arange(rows)
    before = np.searchsorted(time, grid + 1e-9, side="right") - 1
    fits = (before >= 0) & (grid - time[np.maximum(before, 0)] <= hold_s + 1e-9)
    for start, end in recording.gaps:
        fits &= ~((grid > start) & (grid < end) & (time[np.maximum(before, 0)] <= start))
    values = np.where(fits, bpm[np.maximum(before, 0)], np.nan)
    missing = Issue(
        f"resampled every {every_s:g} s by the last value, at most {hold_s:g} s old",
        f"missing in {fmt.percent(int(np.isnan(values).sum()), rows)} of the rows",
    )
    data = pd.DataFrame({"time_s": grid, "hr_bpm": values})
    return recording.with_(data=data, averaging=float(every_s), issues=(missing, *recording.issues))


def summarise_heart_rate(recording: Recording, *, hold_s: float = HOLD_S) -> HeartRateSummary:
    """Mean over time, maximum, and how much of the time and of the values could be used.

    Parameters
    ----------
    recording
        From :func:`kbstudy.read_heart_rate`; ``recording.between(start_s, end_s)`` for a part of it.
    hold_s
        Age, in seconds, up to which a value stands for now.

    Raises
    ------
    DataError
        If the recording has no heart rate.

    Examples
    --------
    >>> data = pd.DataFrame({"time_s": [0.0, 30.0, 60.0], "hr_bpm": [100.0, 140.0, 140.0]})
    >>> recording = Recording(data, "heart_rate", "bins.csv", "example", averaging=30.0)
    >>> print(summarise_heart_rate(recording, hold_s=30).sentence())
    Heart rate 120 bpm on average and 140 bpm at most, over 1.0 of 1.0 min.
    """
    time, bpm = _kept(recording)
    ends = recording.data["time_s"].to_numpy(dtype="float64")
    following = np.append(time[1:], max(float(ends[-1]), float(time[-1])))
    held = np.minimum(following - time, hold_s)
    for start, end in recording.gaps:
        inside = (time <= start) & (following >= end)
        held[inside] = np.minimum(held[inside], np.maximum(start - time[inside], 0.0))
    covered = float(held.sum())
    marks = recording.data.get("artefact")
    return HeartRateSummary(
        mean_bpm=float((held * bpm).sum() / covered) if covered > 0 else float(bpm.mean()),
        max_bpm=float(bpm.max()),
        minutes=recording.minutes,
        minutes_covered=covered / 60.0,
        artefact_share=math.nan if marks is None else float((marks != "").mean()),
        hold_s=hold_s,
    )


def _kept(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Times and values that are no artefacts."""
    if "hr_bpm" not in recording.data or not recording.data["hr_bpm"].notna().any():
        do = "Read it with kb.read_heart_rate(path)."
        raise DataError(Problem("the recording has no heart rate", file=recording.file, do=do))
    there = recording.data["hr_bpm"].notna()
    time, bpm = (recording.data.loc[there, name].to_numpy(dtype="float64") for name in ("time_s", "hr_bpm"))
    return time, bpm
