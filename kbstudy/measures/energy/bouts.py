"""When somebody exercised, in a recording without a column of load."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, did_you_mean
from kbstudy.measures.energy.change_points import changes, time_bins
from kbstudy.measures.energy.equations import FloatArray
from kbstudy.measures.energy.gas import read_gas
from kbstudy.measures.energy.protocols import Protocol
from kbstudy.recording import Recording

__all__ = ["Bout", "Source", "find_bouts"]

Source = Literal["protocol", "phase", "marker", "vo2", "hr"]

#: Seconds. Shorter rests belong to the bout: gas exchange does not follow them.
_SHORT_REST: Final = 60.0
#: Seconds. Uptake and heart rate lag behind work, and a change is placed to 15 s.
_TOLERANCE: Final = 60.0
#: The highest level must be so many times the lowest to speak of work and rest.
_CONTRAST: Final = {"vo2": 1.5, "hr": 1.15}
#: Where a bout starts and what makes it one, as shares of the way from the lowest level to the highest.
_RISEN: Final = 0.25
_HIGH: Final = 0.5

_NOTHING: Final = ("0", "0.0", "-", "–", "nan", "None")
_WORK: Final = re.compile(r"exerc|belastung|effort|work|load|interval|arbeit|esfuerzo", re.IGNORECASE)
_NO_WORK: Final = re.compile(
    r"rest\b|resting|ruhe|none|recov|erholung|nachbelast|vorstart|refere|baseline|warm|erwärm|repos|récup|cool|pause",
    re.IGNORECASE,
)
_START: Final = re.compile(r"\b(start|begin|beginn|anfang)", re.IGNORECASE)
_STOP: Final = re.compile(r"\b(stop|end|ende|finish)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bout:
    """One stretch of exercise; work and rest in quick turn are one.

    Parameters
    ----------
    start_s, end_s
        Seconds of the recording's clock.
    by
        What it was taken from: ``"protocol"``, ``"phase"``, ``"marker"``, ``"vo2"`` or ``"hr"``.
    label
        The phase, the markers or the protocol.
    notes
        How it was found if that matters, and where another source disagrees.
    confirmed_by
        The other sources that place it within 60 s.
    """

    start_s: float
    end_s: float
    by: Source
    label: str = ""
    notes: tuple[str, ...] = ()
    confirmed_by: tuple[Source, ...] = ()

    @property
    def minutes(self) -> float:
        """How long."""
        return (self.end_s - self.start_s) / 60.0

    def __str__(self) -> str:
        label = f" ({self.label})" if self.label else ""
        sure = f", confirmed by {fmt.words(self.confirmed_by)}" if self.confirmed_by else ""
        head = f"{self.start_s:.0f} to {self.end_s:.0f} s, by {self.by}{label}{sure}."
        return " ".join([head, *self.notes])


def find_bouts(
    recording: Recording,
    *,
    protocol: Protocol | str | Sequence[Protocol | str] | None = None,
    by: Source | None = None,
) -> tuple[Bout, ...]:
    """When exercise took place.

    Parameters
    ----------
    recording
        Gas exchange.
    protocol
        What was declared, for example ``"15:15 × 40 from 300 s"``, or several of these.
    by
        What to go by. ``None``: the first that there is of protocol, phase, marker, VO2, heart rate.

    Returns
    -------
    tuple of Bout
        In order of time. Every other source that the recording has is compared: a bout names those that place its start
        and end within 60 s, and its notes say where one does not.

    Raises
    ------
    PlanError
        An unknown source, ``by="protocol"`` without one, a protocol that cannot be read.
    DataError
        The recording does not have what was asked for, or no work in it; a protocol outside the recording.

    When not to use
    ---------------
    Where an ergometer's load was recorded: that says when work was done. To tell intervals of less than a minute apart:
    uptake does not follow them.

    Notes
    -----
    **Phase**: each run of one phase whose name says work (else: does not say rest, warm-up or recovery).
    **Marker**: from each "start" to the next "stop"; markers without such words: the time between one and the next.
    **Protocol**: from its start to the end of its last work. In all three, rests of up to 60 s belong to the bout.

    **VO2, heart rate**: means of 15 s, cut into levels by binary segmentation: where a cut into two levels of at least
    60 s lowers the sum of squares most, as long as it does so by more than ``6 σ² log n``, σ from the median absolute
    difference of neighbours. A bout holds at least one level in the upper half between the lowest and the highest; it
    starts where levels before rise above a quarter of that. So a bout is placed half a minute late or so, and the first
    steps of a slow ramp are lost.

    References
    ----------
    Scott & Knott 1974, doi:10.2307/2529204 (binary segmentation)

    Validated against
    -----------------
    The event log of a Parvo export with five intervals of 5 min, and the 6-min steps of a COSMED export
    (``tests/measures/energy/``).

    Examples
    --------
    >>> time = np.arange(0.0, 1200.0, 5.0)
    >>> vo2 = np.where((time >= 300) & (time < 900), 2.4, 0.4) + 0.05 * np.sin(time)
    >>> data = pd.DataFrame({"time_s": time, "vo2_l_min": vo2})
    >>> recording = Recording(data, "gas_exchange", "made_up.csv", "example")
    >>> for bout in find_bouts(recording, protocol="15:15 × 20 from 300 s"):
    ...     print(bout)
    300 to 885 s, by protocol (15:15 × 20 from 300 s), confirmed by vo2.
    """
    finders = _finders(recording, protocol)
    if by is not None and by not in finders:
        what = f'by="{by}" is not a source of bouts{did_you_mean(str(by), list(finders))}'
        raise PlanError(Problem(what, do=f"Use one of: {', '.join(finders)}."))
    if by == "protocol" and protocol is None:
        raise PlanError('by="protocol" needs a protocol, for example protocol="15:15 × 40 from 300 s"')
    found = {source: finder() for source, finder in finders.items()}
    chosen = by or next((source for source, bouts in found.items() if bouts), None)
    if chosen is None or not found[chosen]:
        raise DataError(_nothing(recording, chosen))
    others = {source: bouts for source, bouts in found.items() if bouts and source != chosen}
    return tuple(_checked(bout, others) for bout in found[chosen])


def _nothing(recording: Recording, source: Source | None) -> Problem:
    what = f"no exercise found by {source or 'phase, marker, VO2 or heart rate'}"
    do = 'Declare what was done: protocol="15:15 × 40 from 300 s", or "1200:0 × 1 from 300 s" for 20 minutes on end.'
    return Problem(what, file=recording.file, do=do)


def _finders(
    recording: Recording, protocol: Protocol | str | Sequence[Protocol | str] | None
) -> dict[Source, Callable[[], list[Bout]]]:
    return {
        "protocol": lambda: _by_protocol(recording, protocol),
        "phase": lambda: _merged(_by_phase(recording)),
        "marker": lambda: _merged(_by_marker(recording)),
        "vo2": lambda: _by_vo2(recording),
        "hr": lambda: _by_hr(recording),
    }


# ---- what was declared -------------------------------------------------------------------------------------------


def _by_protocol(recording: Recording, protocol: Protocol | str | Sequence[Protocol | str] | None) -> list[Bout]:
    if protocol is None:
        return []
    given = [protocol] if isinstance(protocol, Protocol | str) else list(protocol)
    parts = [Protocol.parse(part) if isinstance(part, str) else part for part in given]
    time = recording.data["time_s"]
    outside = [part for part in parts if part.start_s < time.min() or part.end_s > time.max()]
    if outside:
        span = f"the recording goes from {time.min():g} to {time.max():g} s"
        what = f'"{outside[0]}" ends at {outside[0].end_s:g} s; {span}'
        do = "Check the start, and that both use the same clock."
        raise DataError(Problem(what, file=recording.file, do=do))
    bouts = [Bout(part.start_s, part.end_s, "protocol", str(part)) for part in parts]
    return sorted(bouts, key=lambda bout: bout.start_s)


# ---- what the file says ------------------------------------------------------------------------------------------


def _texts(recording: Recording, column: str) -> list[tuple[float, str]]:
    """Time and text of each row; a zero is what devices write for nothing. Empty if no row has a text."""
    if column not in recording.data:
        return []
    values = recording.data[column]
    pairs = zip(recording.data["time_s"], values, strict=True)
    texts = [(float(time), "" if pd.isna(value) else str(value).strip()) for time, value in pairs]
    texts = [(time, "" if text in _NOTHING else text) for time, text in texts]
    return texts if any(text for _, text in texts) else []


def _by_phase(recording: Recording) -> list[Bout]:
    texts = _texts(recording, "phase")
    names = {text for _, text in texts}
    works = {name for name in names if _WORK.search(name) and not _NO_WORK.search(name)}
    if not works and len(names) > 1:  # one phase from the first row to the last, of no telling name, says nothing
        works = {name for name in names if name and not _NO_WORK.search(name)}
    bouts: list[Bout] = []
    for number, (time, text) in enumerate(texts):
        if text not in works:
            continue
        if number and texts[number - 1][1] == text:
            bouts[-1] = replace(bouts[-1], end_s=time)
        else:
            bouts.append(Bout(time, time, "phase", text))
    return [bout for bout in bouts if bout.end_s > bout.start_s]


def _by_marker(recording: Recording) -> list[Bout]:
    marks = [(time, text) for time, text in _texts(recording, "marker") if text]
    if any(_START.search(text) for _, text in marks):
        return _starts_to_stops(marks, float(recording.data["time_s"].iloc[-1]))
    note = "The markers do not say what is work: these are the stretches from one to the next."
    pairs = pairwise(marks)
    return [Bout(a, b, "marker", f"{first} – {second}", (note,)) for (a, first), (b, second) in pairs if b > a]


def _starts_to_stops(marks: list[tuple[float, str]], last: float) -> list[Bout]:
    bouts: list[Bout] = []
    begun: tuple[float, str] | None = None
    for time, text in marks:
        if begun and _STOP.search(text):
            bouts.append(Bout(begun[0], time, "marker", begun[1]))
            begun = None
        if not begun and _START.search(text):
            begun = (time, text)
    if begun and last > begun[0]:
        bouts.append(Bout(begun[0], last, "marker", begun[1], ("No stop was marked: it ends with the recording.",)))
    return bouts


def _merged(bouts: list[Bout]) -> list[Bout]:
    """Bouts with short rests between them are one."""
    groups: list[list[Bout]] = []
    for bout in bouts:
        near = groups and 0 < bout.start_s - groups[-1][-1].end_s <= _SHORT_REST
        (groups[-1].append(bout) if near else groups.append([bout]))
    return [_one(group) for group in groups]


def _one(group: list[Bout]) -> Bout:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return first
    note = f"{len(group)} stretches of work with rests of up to {_SHORT_REST:.0f} s are one bout."
    return replace(first, end_s=last.end_s, notes=(*first.notes, note))


# ---- what the body says ------------------------------------------------------------------------------------------


def _by_vo2(recording: Recording) -> list[Bout]:
    gas = read_gas(recording)
    return _by_levels(gas.timeline.time_s, gas.vo2, "vo2", gas.timeline.gaps)


def _by_hr(recording: Recording) -> list[Bout]:
    if "hr_bpm" not in recording.data:
        return []
    rows = recording.data[recording.data["hr_bpm"] > 0]
    return _by_levels(rows["time_s"].to_numpy(float), rows["hr_bpm"].to_numpy(float), "hr", recording.gaps)


def _by_levels(
    time: FloatArray, values: FloatArray, by: Literal["vo2", "hr"], gaps: Sequence[tuple[float, float]]
) -> list[Bout]:
    edges, means = time_bins(time, values)
    cuts = changes(means)
    if not cuts:
        return []
    levels = np.array([means[a:b].mean() for a, b in pairwise(cuts)])
    if levels.max() < _CONTRAST[by] * levels.min():
        return []
    bounds = [*edges[cuts[:-1]].tolist(), float(time[-1])]
    bouts = [Bout(bounds[a], bounds[b], by) for a, b in _runs(levels)]
    return [replace(bout, notes=(*_coarse(time), *_edge_in_gap(bout, gaps))) for bout in bouts]


def _coarse(time: FloatArray) -> tuple[str, ...]:
    apart = float(np.median(np.diff(time)))
    return (f"The rows are {apart:.0f} s apart, so its start and end are no better than that.",) if apart > 20 else ()


def _runs(levels: FloatArray) -> list[tuple[int, int]]:
    """First level and the one after the last, of each run of high levels with the rise before it."""
    share = (levels - levels.min()) / np.ptp(levels)
    high = np.flatnonzero(np.diff(np.concatenate([[0], share > _HIGH, [0]]).astype(int)))
    found: list[tuple[int, int]] = []
    for first, after in zip(high[::2].tolist(), high[1::2].tolist(), strict=True):
        earlier = found[-1][1] if found else 0
        while first > earlier and _RISEN < share[first - 1] < share[first]:
            first -= 1
        found.append((first, after))
    return found


def _edge_in_gap(bout: Bout, gaps: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    edges = [("start", bout.start_s), ("end", bout.end_s)]
    return tuple(f"Its {name} lies in a gap without data." for name, at in edges if any(a < at < b for a, b in gaps))


# ---- one against another -----------------------------------------------------------------------------------------


def _checked(bout: Bout, others: dict[Source, list[Bout]]) -> Bout:
    """The bout with the sources that confirm it, and what the others say."""
    said = {source: _disagreement(bout, source, bouts) for source, bouts in others.items()}
    notes = tuple(text for text in said.values() if text)
    return replace(bout, notes=bout.notes + notes, confirmed_by=tuple(source for source in said if not said[source]))


def _disagreement(bout: Bout, source: Source, bouts: list[Bout]) -> str:
    """What another source says if it says otherwise."""
    near = [other for other in bouts if other.start_s < bout.end_s and other.end_s > bout.start_s]
    if not near:
        return f"By {source}, there is no exercise in this stretch."
    if len(near) > 1:
        return f"By {source}, these are {len(near)} bouts."
    start, end = near[0].start_s - bout.start_s, near[0].end_s - bout.end_s
    if max(abs(start), abs(end)) <= _TOLERANCE:
        return ""
    return f"By {source}, it goes from {near[0].start_s:.0f} to {near[0].end_s:.0f} s."
