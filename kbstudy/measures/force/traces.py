"""A force recording as arrays, checked; runs, windows and running integrals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.errors import DataError, Problem
from kbstudy.recording import Recording

__all__ = ["Bools", "Floats", "Force", "force_of", "running_integral", "runs", "spread_of_windows"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_READ: Final = "Read it with kb.read_force(path, sampling_hz=...)."


@dataclass(frozen=True)
class Force:
    """Time in s, force in N (total, and each plate where there are two), samples a second."""

    file: str
    time: Floats
    total: Floats
    plates: tuple[Floats, ...]
    hz: float

    def samples(self, seconds: float) -> int:
        """How many samples a time is, rounded."""
        return round(seconds * self.hz)

    def error(self, what: str, do: str = "") -> DataError:
        """An error about this file, for the caller to raise."""
        return DataError(Problem(what, file=self.file, do=do))


def force_of(recording: Recording, least_s: float) -> Force:
    """Take a trace from a recording.

    Raises
    ------
    DataError
        If it is no force recording, has no sampling rate, is shorter than ``least_s``, has holes, or its times do not
        fit its rate.
    """

    def refuse(what: str, do: str = "") -> DataError:
        return DataError(Problem(what, file=recording.file, do=do))

    if recording.kind != "force" or "force_n" not in recording.data:
        raise refuse(f'this is a recording of kind "{recording.kind}", not a force trace', _READ)
    if recording.sampling_hz is None:
        raise refuse("the recording has no sampling rate", _READ)
    time, total = (recording.data[name].to_numpy(dtype="float64") for name in ("time_s", "force_n"))
    hz = float(recording.sampling_hz)
    if len(total) < 2:
        raise refuse(
            "the trace has one sample" if len(total) else "the trace has no samples", "Export the whole trial."
        )
    if not (np.isfinite(time).all() and np.isfinite(total).all()):
        raise refuse("the trace has samples without a value", "A trace with holes cannot be integrated over time.")
    if not np.allclose(np.diff(time) * hz, 1.0, atol=1e-3):
        raise refuse(f"the times do not rise by 1/{hz:g} s a sample", "Samples are missing, or sampling_hz is wrong.")
    if len(total) < least_s * hz:
        length = len(total) / hz
        raise refuse(f"the trace lasts {length:.3g} s; at least {least_s:g} s are needed", "Export the whole trial.")
    plates = tuple(
        recording.data[name].to_numpy(dtype="float64")
        for name in ("force_1_n", "force_2_n")
        if name in recording.data and recording.data[name].notna().all()
    )
    return Force(recording.file, time, total, plates if len(plates) == 2 else (), hz)


def runs(inside: Bools, least: int) -> list[tuple[int, int]]:
    """First sample and end of every stretch of at least ``least`` samples that are true.

    Examples
    --------
    >>> runs(np.array([True, False, True, True, True]), 2)
    [(2, 5)]
    """
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def running_integral(values: Floats, hz: float) -> Floats:
    """Integral from the first sample on, by the trapezoid rule."""
    return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2.0) / hz])


def spread_of_windows(values: Floats, width: int) -> tuple[Floats, Floats]:
    """Mean and SD (n − 1) of every window of ``width`` samples, by the place of its first one."""
    # around its own mean, so that squares of large numbers do not cancel
    centre = values.mean()
    shifted = values - centre
    sums = np.concatenate([[0.0], np.cumsum(shifted)])
    squares = np.concatenate([[0.0], np.cumsum(shifted**2)])
    mean = (sums[width:] - sums[:-width]) / width
    variance = (squares[width:] - squares[:-width] - width * mean**2) / (width - 1)
    return mean + centre, np.sqrt(np.maximum(variance, 0.0))
