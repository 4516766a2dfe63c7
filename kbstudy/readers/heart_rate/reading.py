"""The reader of heart-rate files."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.readers.guards import check_size
from kbstudy.readers.heart_rate.artefacts import ARTEFACTS, artefacts
from kbstudy.readers.heart_rate.beats import Beats, Floats
from kbstudy.readers.heart_rate.fit import is_fit, read_fit
from kbstudy.readers.heart_rate.table import Columns, check_columns, read_heart_rate_table
from kbstudy.readers.heart_rate.tcx import is_tcx, read_tcx
from kbstudy.readers.source import Source, open_source
from kbstudy.recording import Issue, Recording

__all__ = ["read_heart_rate"]

#: Intervals longer than this, and than three usual ones, are gaps.
_GAP_S: Final = 20.0
_GAPS_TOLD: Final = 5
#: Longest activity, in seconds: a week. Longer ones are a damaged clock.
_LONGEST_S: Final = 7 * 86_400.0


def read_heart_rate(path: str | os.PathLike[str], *, columns: Columns | None = None) -> Recording:
    r"""Read the heart rate of a watch, a strap or a sports platform.

    Parameters
    ----------
    path
        A TCX or FIT file, or a table (CSV) with a column of time and one of heart rate. What it is, is decided by its
        content.
    columns
        For a table whose names do not tell: ``{"time": ("Elapsed", "s"), "hr": "Puls"}``; a name, or a name and a unit.

    Returns
    -------
    Recording
        ``kind="heart_rate"``: ``time_s`` from the first row on; ``hr_raw_bpm`` as recorded; ``artefact``, empty for a
        value that can be; ``hr_bpm``, missing where there is an artefact. Pauses and gaps are in ``gaps``. The share of
        artefacts is the first of the ``issues``.

    Raises
    ------
    ReadError
        If the file is damaged, has no heart rate, or the unit of its times is not known.
    PlanError
        If ``columns`` cannot be.

    When not to use
    ---------------
    For intervals between beats (RR) and their variability. To estimate energy without the person's own line of heart
    rate and oxygen uptake. Wrist sensors lose contact in grip and wrist extension, as in kettlebell snatches.

    Notes
    -----
    **Artefacts** are marked by the signal alone: 0, 255 or no value; outside 30 to 230 bpm; a change of more than 25
    bpm a second; the same value for more than 30 s. They are marked, not mended.

    **Identity.** Names, positions and serial numbers are not read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ride.csv"
    ...     _ = file.write_text("Time (s),HR (bpm)\n0,121\n1,122\n2,0\n3,124\n")
    ...     recording = read_heart_rate(file)
    ...     print(recording.data["hr_bpm"].tolist())
    ...     print(recording.issues[0])
    [121.0, 122.0, nan, 124.0]
    file: artefacts: 1/4 (25%) of the values (1 not measured); taken as missing, kept in hr_raw_bpm
    """
    said = check_columns(columns)
    check_size(path)
    source = open_source(path)
    if is_fit(source.data):
        beats = read_fit(source)
    elif is_tcx(source.data):
        beats = read_tcx(source)
    else:
        beats = read_heart_rate_table(source, said)
    return _recording(source, beats)


def _recording(source: Source, beats: Beats) -> Recording:
    seconds, bpm, issues = _ordered(source, beats)
    marks = artefacts(seconds, bpm)
    kept = np.where([mark == "" for mark in marks], bpm, np.nan)
    if not np.isfinite(kept).any():
        what = f"none of the {len(bpm)} heart rates can be ({_counted(marks)})"
        raise source.error(
            what, "Check that the sensor had contact, and that the column is heart rate in beats a minute."
        )
    gaps = _gaps(seconds, beats)
    data = {"time_s": seconds, "hr_bpm": kept, "hr_raw_bpm": bpm, "artefact": marks}
    told = [_share(marks), *issues, *beats.issues, *_about_pauses(gaps, beats), _about_sensor(beats)]
    return Recording(
        data=pd.DataFrame(data),
        kind="heart_rate",
        file=source.name,
        device=beats.device or "unknown device",
        averaging=_spacing(seconds),
        issues=tuple(told),
        gaps=gaps,
        sha256=hashlib.sha256(source.data).hexdigest(),
        started=beats.started,
    )


def _ordered(source: Source, beats: Beats) -> tuple[Floats, Floats, list[Issue]]:
    """In the order of time, one value a time."""
    issues = []
    seconds, bpm = beats.seconds, beats.bpm
    if np.ptp(seconds) > _LONGEST_S:
        what = f"the times span {np.ptp(seconds) / 86_400:.0f} days"
        raise source.error(what, "The clock of the device is damaged, or several activities stand in one file.")
    falls = int((np.diff(seconds) < 0).sum())
    if falls:
        order = np.argsort(seconds, kind="stable")
        seconds, bpm = seconds[order], bpm[order]
        issues.append(Issue(f"the time falls {fmt.count(falls, 'time')}", "sorted by time"))
        seconds = seconds - seconds[0]
    again = np.diff(seconds, prepend=-1.0) == 0
    if again.any():
        issues.append(Issue("the same time twice", "the first one kept", count=int(again.sum())))
    return seconds[~again], bpm[~again], issues


def _counted(marks: list[str]) -> str:
    counts = Counter(mark for mark in marks if mark)
    return ", ".join(f"{counts[mark]} {mark}" for mark in ARTEFACTS if mark in counts)


def _share(marks: list[str]) -> Issue:
    bad = sum(mark != "" for mark in marks)
    if not bad:
        return Issue(f"artefacts: {fmt.percent(0, len(marks))} of the values", "nothing left out")
    what = f"artefacts: {fmt.percent(bad, len(marks))} of the values ({_counted(marks)})"
    return Issue(what, "taken as missing, kept in hr_raw_bpm")


def _gaps(seconds: Floats, beats: Beats) -> tuple[tuple[float, float], ...]:
    """Pauses, and intervals that are much longer than usual; overlapping ones once."""
    steps = np.diff(seconds)
    limit = max(_GAP_S, 3.0 * float(np.median(steps))) if len(steps) else _GAP_S
    long = [(float(seconds[n]), float(seconds[n + 1])) for n in np.flatnonzero(steps > limit)]
    merged: list[tuple[float, float]] = []
    for start, end in sorted([*long, *beats.pauses]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _about_pauses(gaps: tuple[tuple[float, float], ...], beats: Beats) -> list[Issue]:
    told = []
    for start, end in gaps[:_GAPS_TOLD]:
        paused = any(a < end and b > start for a, b in beats.pauses)
        kind = "the device was paused" if paused else "no data"
        told.append(Issue(f"{kind} from {start:g} s to {end:g} s ({end - start:.0f} s)", "listed as a gap"))
    if len(gaps) > _GAPS_TOLD:
        told.append(Issue(f"{len(gaps) - _GAPS_TOLD} more gaps", "listed as gaps"))
    return told


def _about_sensor(beats: Beats) -> Issue:
    if beats.sensor:
        return Issue(f"measured by {beats.sensor}", "noted")
    return Issue("the file does not say whether a strap or the wrist measured", "find out; the wrist is less exact")


def _spacing(seconds: Floats) -> str | float:
    steps = np.diff(seconds)
    if not len(steps):
        return "irregular"
    median = float(np.median(steps))
    even = median > 0 and float(np.mean(np.abs(steps - median) <= 0.15 * median)) >= 0.8
    return round(median, 1) if even and median >= 0.1 else "irregular"
