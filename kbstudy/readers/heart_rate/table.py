"""Tables of time and heart rate: CSV exports of watches and platforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.readers.gas_exchange.clock import read_clock
from kbstudy.readers.gas_exchange.layout import split_unit
from kbstudy.readers.gas_exchange.numbers import read_numbers
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, fold, shown
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.heart_rate.beats import Beats, Floats, moment
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["Columns", "check_columns", "read_heart_rate_table"]

Columns: TypeAlias = Mapping[str, str | tuple[str, str]]

_TIME: Final = frozenset(
    {"time", "t", "seconds", "secs", "sec", "timestamp", "elapsed time", "elapsed", "zeit", "temps", "tiempo", "tid"}
    | {"time_s", "date time", "datetime", "time_ms", "time (clock)"}
)
_HEART: Final = frozenset(
    {"hr", "heart rate", "heartrate", "heart_rate", "hr_bpm", "bpm", "pulse", "puls", "hf", "fc", "herzfrequenz"}
    | {"fréquence cardiaque", "frecuencia cardiaca", "heart rate bpm"}
)
_UNITS_IN_NAMES: Final = {"seconds": "s", "secs": "s", "sec": "s", "time_s": "s", "time_ms": "ms"}
_WITHIN: Final = 40
_SAY: Final = 'Say it: columns = {"time": ("Time", "s"), "hr": "HR"}; "min" and "ms" are possible too.'


def check_columns(columns: Columns | None) -> dict[str, tuple[str, str]]:
    """Check what a user says about columns: a name, or a name and a unit.

    Raises
    ------
    PlanError
        If the keys are not ``time`` and ``hr``.
    """
    said = {key: (value, "") if isinstance(value, str) else value for key, value in (columns or {}).items()}
    for key in said:
        if key not in ("time", "hr"):
            raise PlanError(Problem(f'columns has no key "{key}"{did_you_mean(str(key), ("time", "hr"))}', do=_SAY))
    if said and len(said) != 2:
        raise PlanError(Problem('columns needs both "time" and "hr"', do=_SAY))
    return said


def read_heart_rate_table(source: Source, said: Mapping[str, tuple[str, str]]) -> Beats:
    """The first table with a column of time and one of heart rate.

    Raises
    ------
    ReadError
        If there is none, or the unit of the times is not known.
    """
    for sheet in load_sheets(source):
        for row in range(min(len(sheet.rows), _WITHIN)):
            places = _places(sheet.rows[row], said)
            if places is not None:
                return _read(source, sheet, row, *places, said)
    wanted = " and ".join(f'"{name}"' for name, _ in said.values()) or "time and heart rate"
    what = f"no row with names for {wanted} was found"
    raise source.error(what, f"TCX, FIT and tables with a header row are read. {_SAY}")


def _places(cells: Sequence[Cell], said: Mapping[str, tuple[str, str]]) -> tuple[int, int] | None:
    names = [fold(cell) for cell in cells]
    bare = [fold(split_unit(shown(cell))[0]) for cell in cells]
    if said:
        wanted = [fold(said[key][0]) for key in ("time", "hr")]
        found = [names.index(name) if name in names else None for name in wanted]
    else:
        found = [_first(names, bare, known) for known in (_TIME, _HEART)]
    time, heart = found
    return (time, heart) if time is not None and heart is not None else None


def _first(names: Sequence[str], bare: Sequence[str], known: frozenset[str]) -> int | None:
    return next((place for place in range(len(names)) if names[place] in known or bare[place] in known), None)


def _read(
    source: Source, sheet: Sheet, header: int, time: int, heart: int, said: Mapping[str, tuple[str, str]]
) -> Beats:
    name = sheet.text(header, time)
    unit = (said["time"][1] if said else "") or split_unit(name)[1] or _UNITS_IN_NAMES.get(fold(name), "")
    cells = [sheet.column(place, header + 1, len(sheet.rows)) for place in (time, heart)]
    seconds, started, odd = _times(source, cells[0], name, unit, header)
    numbers = read_numbers(cells[1])
    issues = [
        Issue(f'time "{text[:30]}" cannot be read', "row left out", header + 2 + place) for place, text in odd[:1]
    ]
    if numbers.odd:
        place, text = numbers.odd[0]
        issues.append(Issue(f'heart rate "{text[:30]}" is no number', "left out", header + 2 + place, len(numbers.odd)))
    there = np.isfinite(seconds) & np.isfinite(numbers.values)
    empty = int((np.isfinite(seconds) & ~np.isfinite(numbers.values)).sum()) - len(numbers.odd)
    if empty > 0:
        issues.append(Issue("a row has no heart rate", "left out", count=empty))
    if not there.any():
        raise source.error("no row has both a time and a heart rate", _SAY, row=header + 1)
    first = float(seconds[there][0])
    return Beats(seconds[there] - first, numbers.values[there], started, "table", issues=tuple(issues))


def _times(
    source: Source, cells: Sequence[Cell], name: str, unit: str, header: int
) -> tuple[Floats, str, Sequence[tuple[int, str]]]:
    """Seconds, the date and time of the first row if there is one, and cells that are no time."""
    moments = [moment(cell) if isinstance(cell, str) and "-" in cell else None for cell in cells]
    dated = [each for each in moments if each is not None]
    if dated:
        start = dated[0]
        seconds = np.array([np.nan if each is None else (each - start).total_seconds() for each in moments])
        odd = [(n, shown(cells[n])) for n, each in enumerate(moments) if each is None and shown(cells[n])]
        return seconds, start.isoformat(), odd
    clock = read_clock(cells, unit)
    if clock is None:
        what = f'the times in column "{name}" are plain numbers without a known unit'
        raise source.error(what, _SAY, row=header + 2)
    return clock.seconds, "", clock.odd
