"""Which heart rates cannot be: judged by the signal alone, marked and never mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kbstudy.readers.heart_rate.beats import Floats

__all__ = ["ARTEFACTS", "HIGHEST_BPM", "LOWEST_BPM", "artefacts"]

LOWEST_BPM: Final = 30.0
HIGHEST_BPM: Final = 230.0
#: Beats a minute that heart rate can change in a second.
FASTEST_CHANGE: Final = 25.0
#: Seconds of one and the same value, in at least so many rows, after which contact was probably lost.
LONGEST_FLAT_S: Final = 30.0
_FLAT_ROWS: Final = 8
_FLAT_STEP_S: Final = 10.0
#: What devices write for "not measured".
_NOT_MEASURED: Final = (0.0, 255.0)

#: The marks, and what each means.
ARTEFACTS: Final = {
    "not measured": "0, 255 or no value: the device did not measure",
    "out of range": f"below {LOWEST_BPM:g} or above {HIGHEST_BPM:g} bpm",
    "jump": f"a change of more than {FASTEST_CHANGE:g} bpm a second from the last value that was kept",
    "flat": f"the same value for more than {LONGEST_FLAT_S:g} s: contact was probably lost",
}


def artefacts(seconds: Floats, bpm: Floats) -> list[str]:
    """The mark of every value, ``""`` for those that can be.

    Parameters
    ----------
    seconds
        In order.
    bpm
        NaN where nothing was measured.

    Examples
    --------
    >>> artefacts(np.array([0.0, 1, 2, 3]), np.array([120.0, 0, 180, 123]))
    ['', 'not measured', 'jump', '']
    """
    marks = ["not measured" if _is_missing(value) else "" for value in bpm]
    for place, value in enumerate(bpm):
        if not marks[place] and not LOWEST_BPM <= value <= HIGHEST_BPM:
            marks[place] = "out of range"
    _mark_jumps(seconds, bpm, marks)
    for first, last in _flat_runs(seconds, bpm, marks):
        # the first value of the run was measured
        marks[first + 1 : last + 1] = ["flat"] * (last - first)
    return marks


def _is_missing(value: float) -> bool:
    return bool(np.isnan(value)) or value in _NOT_MEASURED


def _mark_jumps(seconds: Floats, bpm: Floats, marks: list[str]) -> None:
    kept: int | None = None
    for place, mark in enumerate(marks):
        if mark:
            continue
        if kept is not None:
            since = max(float(seconds[place] - seconds[kept]), 1.0)
            if abs(bpm[place] - bpm[kept]) > FASTEST_CHANGE * since:
                marks[place] = "jump"
                continue
        kept = place


def _flat_runs(seconds: Floats, bpm: Floats, marks: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(bpm) + 1):
        goes_on = (
            place < len(bpm)
            and not marks[place]
            and not marks[start]
            and bpm[place] == bpm[start]
            and seconds[place] - seconds[place - 1] <= _FLAT_STEP_S
        )
        if not goes_on:
            if place - start >= _FLAT_ROWS and seconds[place - 1] - seconds[start] > LONGEST_FLAT_S:
                yield start, place - 1
            start = place
