"""Cells that hold a time, in every way devices write one, to seconds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.readers.gas_exchange.numbers import MISSING_WORDS, parse_number, read_numbers
from kbstudy.readers.gas_exchange.sheet import Cell, shown
from kbstudy.readers.gas_exchange.units import conversion, is_clock

__all__ = ["Clock", "read_clock"]

_CLOCK: Final = re.compile(r"([+-]?)(\d{1,4}):(\d{1,2})(?::(\d{1,2}))?(?:[.,](\d{1,6}))?", re.ASCII)
_EPOCH: Final = dt.datetime(1899, 12, 31)
_DAY: Final = 86_400.0
#: Longest interval, in seconds, that a device puts between two rows of one session.
_LONGEST_BIN: Final = 300.0


@dataclass(frozen=True)
class Clock:
    """A column of times in seconds, NaN where there is none; ``odd`` as in :class:`Numbers`; ``notes`` as sentences."""

    seconds: NDArray[np.float64]
    odd: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()


def read_clock(cells: Sequence[Cell], unit: str) -> Clock | None:
    """Read a column of times.

    Parameters
    ----------
    cells
        Excel times, durations, numbers, or text such as ``0:31``, ``00:00:04,8`` or ``65:10``.
    unit
        As the file writes it. A clock format (``mm:ss``) with numbers means fractions of a day.

    Returns
    -------
    Clock or None
        ``None`` if the times are plain numbers and nothing says in which unit.

    Examples
    --------
    >>> read_clock([" 0:31", "65:10", "00:00:04,8"], "min").seconds.tolist()
    [31.0, 3910.0, 4.8]
    >>> read_clock(["0.5", "1"], "min").seconds.tolist()
    [30.0, 60.0]
    """
    factor = _DAY if is_clock(unit) else conversion("time", unit)
    numbers = read_numbers([cell if _is_plain(cell) else "" for cell in cells])
    if factor is None and np.isfinite(numbers.values).any():
        return None
    seconds = numbers.values * (factor or 1.0)
    odd = []
    for place, cell in enumerate(cells):
        if np.isnan(seconds[place]):
            seconds[place] = _seconds(cell)
            if np.isnan(seconds[place]) and shown(cell).casefold() not in MISSING_WORDS:
                odd.append((place, shown(cell)))
    seconds, notes = _minutes_kept_as_hours(cells, seconds)
    return Clock(seconds, tuple(odd), notes)


def _is_plain(cell: Cell) -> bool:
    return isinstance(cell, float) or (isinstance(cell, str) and ":" not in cell)


def _seconds(cell: Cell) -> float:
    if isinstance(cell, dt.datetime):
        # 1899-12-30 and -31 are day 0 of spreadsheets; a real date counts from its own midnight
        naive = cell.replace(tzinfo=None)
        return (naive - _EPOCH).total_seconds() % _DAY if naive.year > 1901 else (naive - _EPOCH).total_seconds()
    if isinstance(cell, dt.timedelta):
        return cell.total_seconds()
    if isinstance(cell, dt.time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    return _text_seconds(cell) if isinstance(cell, str) else np.nan


def _text_seconds(text: str) -> float:
    match = _CLOCK.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if match is None:
        return np.nan
    sign, first, second, third, rest = match.groups()
    parts = [int(first), int(second)] + ([int(third)] if third else [])
    if any(part > 59 for part in parts[1:]):
        return np.nan
    whole = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    value = whole + (parse_number(f"0.{rest}") or 0.0 if rest else 0.0)
    return -value if sign == "-" else float(value)


def _minutes_kept_as_hours(
    cells: Sequence[Cell], seconds: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """``00:21`` (21 s) stored as 21 minutes: a spreadsheet read mm:ss as hh:mm, and every time has no seconds."""
    typed = [isinstance(cell, dt.time | dt.timedelta | dt.datetime) or shown(cell).count(":") == 2 for cell in cells]
    known = seconds[np.isfinite(seconds)]
    if sum(typed) < 3 or len(known) != sum(typed) or (known % 60 != 0).any():
        return seconds, ()
    steps = np.diff(known)
    regular = np.ptp(steps) == 0 and steps[0] <= _LONGEST_BIN
    # Bins of one, two ... minutes are all alike; breaths are not.
    if regular or np.median(np.abs(steps)) < 60:
        return seconds, ()
    note = (
        "every time has whole minutes and unequal or very long steps: minutes and seconds stored as hours and minutes"
    )
    return seconds / 60, (note,)
