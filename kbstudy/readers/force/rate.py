"""The sampling rate: from a time column, from the head of a file, from the caller; never from nowhere."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from kbstudy.errors import PlanError, Problem
from kbstudy.readers.force.trace import Floats, Stated
from kbstudy.readers.gas_exchange.numbers import parse_number
from kbstudy.readers.source import Source

__all__ = ["HIGHEST_HZ", "LOWEST_HZ", "Clock", "check_given", "read_clock", "settled", "stated_in"]

#: Rates that a force plate can have.
LOWEST_HZ: Final = 10.0
HIGHEST_HZ: Final = 100_000.0
_GIVE: Final = (
    "Give it: sampling_hz = 1000. Force alone does not tell it: jump heights by flight time and by impulse both change "
    "with its square, so that a wrong rate passes every check among them."
)
_WORDS: Final = re.compile(
    r"(?:sampl\w*|analog\w*|abtast\w*|capture)[ _-]*(?:rate|freq\w*|per second)?|frequen\w*|fr[ée]quen\w*|\brate",
    re.IGNORECASE,
)
_STATED: Final = re.compile(rf"(?:{_WORDS.pattern})[^\d\n]{{0,30}}?(\d[\d.,]*)\s*(khz|hz|/s|samples)?", re.IGNORECASE)
_IS_RATE: Final = re.compile(r"rate|freq|fr[ée]q|hz|per second|samples/s", re.IGNORECASE)


@dataclass(frozen=True)
class Clock:
    """What a time column says: its rate, if that is clear, and the time of the first sample."""

    stated: Stated | None
    start_s: float = 0.0
    unclear: str = ""


def check_given(sampling_hz: float | None) -> None:
    """Refuse a rate that no force plate has.

    Raises
    ------
    PlanError
    """
    if sampling_hz is None:
        return
    fine = isinstance(sampling_hz, int | float | np.number) and not isinstance(sampling_hz, bool)
    if not (fine and LOWEST_HZ <= sampling_hz <= HIGHEST_HZ):
        what = f"sampling_hz = {sampling_hz!r} is no sampling rate of a force plate"
        raise PlanError(Problem(what, do=f"It is in samples a second, from {LOWEST_HZ:g} to {HIGHEST_HZ:,.0f}."))


def stated_in(head: list[str]) -> tuple[tuple[Stated, ...], str]:
    """Rates that the lines above the numbers state.

    Returns
    -------
    tuple
        The rate if it is one; a sentence if there are several that differ, so that none is used.

    Examples
    --------
    >>> stated_in(["Subject: A", "Sampling Rate (Hz):,1000"])[0][0].hz
    1000.0
    """
    found: dict[float, int] = {}
    for number, line in enumerate(head):
        for match in _STATED.finditer(line):
            hz = _hz(match[1], match[2] or "")
            if hz is not None and _IS_RATE.search(match[0]):
                found.setdefault(hz, number + 1)
    if len(found) > 1:
        rates = ", ".join(f"{hz:g} Hz in row {row}" for hz, row in found.items())
        return (), f"the file states several rates ({rates}), so that none of them was used"
    return tuple(Stated(hz, f"row {row} of the file") for hz, row in found.items()), ""


def _hz(number: str, unit: str) -> float | None:
    text = number.rstrip(".,")
    value = parse_number(text)
    value = parse_number(text, ",") if value is None else value
    if value is None:
        return None
    value *= 1000.0 if unit.casefold() == "khz" else 1.0
    return value if LOWEST_HZ <= value <= HIGHEST_HZ else None


def read_clock(source: Source, times: Floats, name: str, unit: str, decimals: int, first_row: int) -> Clock:
    """What a column of times says.

    Parameters
    ----------
    times
        As they stand in the file.
    unit
        ``"s"``, ``"ms"``, or ``""`` if the file does not say. Without a unit a column that counts 0, 1, 2 … counts
        samples or milliseconds, and nothing is taken from it.
    decimals
        How many the file shows: times are rounded to them.

    Raises
    ------
    ReadError
        If time falls, stands still or leaps: samples are missing or doubled.
    """
    if len(times) < 2:
        return Clock(None)
    step = float(times[-1] - times[0]) / (len(times) - 1)
    rounding = 10.0**-decimals
    _check_steps(source, times, step, rounding, name, first_row)
    factor = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}.get(unit.strip().casefold())
    if factor is None:
        factor = _factor(step)
    if factor is None:
        what = f'column "{name}" rises by {step:.4g} a row and does not say in which unit; it may count samples'
        return Clock(None, unclear=what)
    hz, within = 1.0 / (step * factor), rounding / (step * (len(times) - 1))
    if not LOWEST_HZ <= hz <= HIGHEST_HZ:
        what = f'column "{name}" would mean {hz:.4g} samples a second, which is no rate of a force plate'
        return Clock(None, unclear=what)
    whole = float(round(hz))
    hz = whole if abs(whole - hz) <= hz * within + 1e-6 * hz else hz
    return Clock(Stated(hz, f'column "{name}"', max(0.005, within)), float(times[0]) * factor)


def _factor(step: float) -> float | None:
    """Seconds, where only seconds give a rate that exists; a whole step of 1 counts something else."""
    return 1.0 if 1.0 / HIGHEST_HZ <= step <= 1.0 / LOWEST_HZ else None


def _check_steps(source: Source, times: Floats, step: float, rounding: float, name: str, first_row: int) -> None:
    steps = np.diff(times)
    bad = (steps < -1e-12) | (np.abs(steps - step) > 0.5 * abs(step) + 1.01 * rounding)
    if step <= 0 or bad.any():
        place = int(bad.argmax()) + 1 if bad.any() else 1
        what = f'column "{name}" goes from {times[place - 1]:g} to {times[place]:g}; the mean step is {step:.4g}'
        do = "Samples are missing or doubled, or two trials stand in one file. Export one trial without holes."
        raise source.error(what, do, row=first_row + place)


def settled(source: Source, given: float | None, stated: tuple[Stated, ...], unclear: str) -> tuple[float, str]:
    """The one sampling rate, and where it comes from.

    Raises
    ------
    ReadError
        If there is none, or two that contradict each other.
    """
    for number, one in enumerate(stated):
        for other in stated[number + 1 :]:
            if not _same(one.hz, other.hz, max(one.within, other.within)):
                what = f"{one.source} means {one.hz:.6g} Hz and {other.source} means {other.hz:.6g} Hz"
                raise source.error(what, "The file contradicts itself; ask who recorded it, and mend the file.")
        if given is not None and not _same(one.hz, given, one.within):
            what = f"sampling_hz = {given:g} contradicts the file: {one.source} means {one.hz:.6g} Hz"
            raise source.error(what, "Leave sampling_hz out, or find out which of the two is wrong.")
    if stated:
        return stated[0].hz, stated[0].source
    if given is not None:
        return float(given), "given by the caller"
    what = "the file does not carry its sampling rate" + (f": {unclear}" if unclear else "")
    raise source.error(what, _GIVE)


def _same(one: float, other: float, within: float) -> bool:
    return math.isclose(one, other, rel_tol=within)
