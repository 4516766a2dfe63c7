"""One clock for the whole file: falls of the time explained or refused, gaps, and how rows were averaged."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Timeline", "averaging", "find_gaps", "one_clock"]

Floats = NDArray[np.float64]
Notes: TypeAlias = tuple[tuple[int, str], ...]

#: A fall by about this many seconds is a clock without hours, or without days, that started again.
_WRAPS: Final = (3600.0, 86_400.0)
_LONGEST_STEP: Final = 300.0
#: A clock that restarts begins again within this many seconds of zero.
_RESTART: Final = 60.0
#: Runs of rows in order that are shorter than this on average are rows in disorder, not parts of a file.
_SHORT_RUN: Final = 3.0
#: Share of intervals that must be like the median for rows to be bins.
_REGULAR: Final = 0.8
#: Seconds between breaths at rest, at most.
_SLOWEST_BREATH: Final = 8.0


@dataclass(frozen=True)
class Timeline:
    """Seconds on one clock, the order of the rows, and what was decided (place of the row and sentence)."""

    seconds: Floats
    order: NDArray[np.intp]
    notes: Notes = ()
    refused: tuple[int, str] | None = None


def one_clock(seconds: Floats) -> Timeline:
    """Explain every fall of the time.

    Parameters
    ----------
    seconds
        As read, without missing values, in the order of the file.

    Returns
    -------
    Timeline
        A fall of about an hour or a day is a clock that wrapped. A fall to nearly zero is a clock that restarts with
        a phase: the new part is put after the row before it. Single rows out of order are sorted, equal times stay in
        the order of the file. Long parts that overlap are ``refused``.

    Examples
    --------
    >>> one_clock(np.array([3590.0, 3595.0, 1.0, 4.0])).seconds.tolist()
    [3590.0, 3595.0, 3601.0, 3604.0]
    """
    falls = np.flatnonzero(np.diff(seconds) < 0) + 1
    order = np.arange(len(seconds))
    if not len(falls):
        return Timeline(seconds, order)
    in_runs = len(falls) == 1 or len(seconds) / (len(falls) + 1) >= _SHORT_RUN
    fixed, notes = _explained(seconds, falls) if in_runs else (seconds, ())
    left = np.flatnonzero(np.diff(fixed) < 0) + 1
    if not len(left):
        return Timeline(fixed, order, notes)
    return _few_out_of_order(fixed, left, notes) if in_runs else _sorted(fixed, left, notes)


def _sorted(seconds: Floats, falls: NDArray[np.intp], notes: Notes) -> Timeline:
    what = f"the time falls {len(falls)} times, first from {seconds[falls[0] - 1]:g} s to {seconds[falls[0]]:g} s"
    note = f"{what}: the rows are out of order; sorted by time, equal times in the order of the file"
    return Timeline(seconds, np.argsort(seconds, kind="stable"), (*notes, (int(falls[0]), note)))


def _explained(seconds: Floats, falls: NDArray[np.intp]) -> tuple[Floats, Notes]:
    fixed, notes = seconds.copy(), []
    for place in map(int, falls):
        before, now = float(seconds[place - 1]), float(seconds[place])
        fall = f"the time falls from {before:g} s to {now:g} s"
        wrap = next((wrap for wrap in _WRAPS if wrap - _LONGEST_STEP <= before - now <= wrap), None)
        if wrap is not None:
            fixed[place:] += wrap
            notes.append((place, f"{fall}: the clock wrapped; {wrap:g} s added"))
        elif _restarts(seconds, place):
            fixed[place:] += float(fixed[place - 1]) - float(fixed[place]) + now
            notes.append((place, f"{fall}: it restarts here; continued from the row before"))
    return fixed, tuple(notes)


def _restarts(seconds: Floats, place: int) -> bool:
    """A fall to nearly zero after which the time goes on from there: one late row does not go on."""
    before, now = seconds[place - 1], seconds[place]
    return bool(0 <= now <= min(_RESTART, before / 4) and (seconds[place : place + 2] < before).all())


def _few_out_of_order(seconds: Floats, falls: NDArray[np.intp], notes: Notes) -> Timeline:
    """One row a fall that stands in the wrong place is put back; a second recording that overlaps is refused."""
    misplaced = len(seconds) - _longest_in_order(seconds)
    again = _repeats(np.sort(seconds)) > _repeats(seconds)  # two parts have the same times
    if misplaced <= len(falls) and not again:
        return _sorted(seconds, falls, notes)
    place = int(falls[0])
    late = int((seconds < np.maximum.accumulate(seconds)).sum())
    what = f"the time falls from {seconds[place - 1]:g} s to {seconds[place]:g} s and {late} rows overlap earlier ones"
    return Timeline(seconds, np.arange(len(seconds)), notes, refused=(place, what))


def _longest_in_order(seconds: Floats) -> int:
    """How many rows are left if as few as possible are taken out so that the time never falls."""
    ends: list[float] = []
    for second in seconds.tolist():
        place = bisect_right(ends, second)
        ends[place : place + 1] = [second]
    return len(ends)


def _repeats(seconds: Floats) -> int:
    return int((np.diff(seconds) == 0).sum())


def find_gaps(seconds: Floats) -> tuple[tuple[float, float], ...]:
    """Start and end of every interval longer than 20 s and than three times the median interval."""
    steps = np.diff(seconds)
    if not len(steps):
        return ()
    limit = max(20.0, 3.0 * float(np.median(steps)))
    return tuple((float(seconds[n]), float(seconds[n + 1])) for n in np.flatnonzero(steps > limit))


def averaging(seconds: Floats, rf: Floats | None = None, breath: Floats | None = None) -> str | float:
    """``"breath"``, the length of the bins in seconds, or ``"irregular"``.

    Parameters
    ----------
    seconds
        In order.
    rf
        Breaths a minute of each row. An interval that lasts one breath is a breath.
    breath
        Number of the breath, if the file counts them: it settles the question.

    Examples
    --------
    >>> averaging(np.arange(0.0, 300.0, 15.0)), averaging(np.array([0.0, 3.1, 5.0, 9.0]), np.array([20.0, 20, 25, 16]))
    (15.0, 'breath')
    """
    steps = np.diff(seconds)
    if len(steps) < 2:
        return "irregular"
    breaths = _breaths_a_row(steps, rf, breath)
    if breaths is not None and 0.7 <= breaths < 1.4:
        return "breath"
    median = float(np.median(steps))
    even = float(np.mean(np.abs(steps - median) <= max(0.15 * median, 0.5 if breaths is None else 1.05)))
    if even >= _REGULAR and (breaths is not None or median > 0):
        return round(median, 0) if median >= 2 else round(median, 1)
    # without a breathing rate, uneven rows closer than breaths at rest can only be breaths
    return "breath" if breaths is None and median < _SLOWEST_BREATH else "irregular"


def _breaths_a_row(steps: Floats, rf: Floats | None, breath: Floats | None) -> float | None:
    if breath is not None and np.isfinite(breath).all():
        return float(np.median(np.diff(breath)))
    if rf is None or not np.isfinite(rf[1:]).any():
        return None
    return float(np.nanmedian(steps * rf[1:] / 60.0))
