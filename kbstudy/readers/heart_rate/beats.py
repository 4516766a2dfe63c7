"""What every container of heart rate leads to: times, values, pauses, and what measured it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kbstudy.recording import Issue

__all__ = ["Beats", "Floats", "moment"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Beats:
    """Heart rate as a file has it.

    Parameters
    ----------
    seconds
        From the first row on, in the order of the file.
    bpm
        NaN where the file says that it did not measure.
    started
        Date and time of the first row, as the file has it.
    device, sensor
        What wrote the file; what measured, ``""`` if the file does not say.
    pauses
        Start and end, on the same clock as ``seconds``.
    """

    seconds: Floats
    bpm: Floats
    started: str = ""
    device: str = ""
    sensor: str = ""
    pauses: tuple[tuple[float, float], ...] = ()
    issues: tuple[Issue, ...] = field(default_factory=tuple)


def moment(text: str) -> dt.datetime | None:
    """A date with time in ISO 8601, in UTC where it does not say; ``None`` if the text is none.

    Examples
    --------
    >>> moment("2026-01-31T08:30:00.000Z") == moment("2026-01-31T08:30:00")
    True
    """
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
