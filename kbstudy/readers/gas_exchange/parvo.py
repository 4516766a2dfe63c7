"""Parvo TrueOne: a quoted report around a framed table whose names take four rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kbstudy.readers.gas_exchange.layout import Column, Device, Layout, find_columns
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, fold

__all__ = ["PARVO"]

_COLUMNS: Final = {
    "time": ("time",),
    "vo2": ("vo2",),
    "vco2": ("vco2",),
    "vo2_kg": ("vo2/kg",),
    "rer": ("rer",),
    "ve": ("ve btps",),
    "ve_stpd": ("ve stpd", "ve"),
    "vt": ("vt",),
    "rf": ("rr",),
    "hr": ("hr",),
    "power": ("workr", "work"),
    "speed": ("speed",),
    "grade": ("grade",),
    "breath": ("breath#",),
}
_CONDITIONS: Final = frozenset({"stpd", "btps", "atps"})


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        for number in range(1, len(sheet.rows) - 2):
            if fold(sheet.cell(number, 0)).startswith("time") and _framed(sheet, number):
                return _layout(sheet, number)
    return None


def _framed(sheet: Sheet, header: int) -> bool:
    above = any(sheet.text(row, 0).startswith("=====") for row in range(max(header - 3, 0), header))
    below = any(sheet.text(row, 0).startswith("-----") for row in range(header + 1, header + 5))
    # a spreadsheet program takes a line of = for a broken formula
    return below and (above or not sheet.text(header, 0).casefold().removeprefix("time").strip())


def _layout(sheet: Sheet, header: int) -> Layout | None:
    rule = next(row for row in range(header + 1, header + 5) if sheet.text(row, 0).startswith("-----"))
    width = len(sheet.rows[header])
    names = [_name(sheet, header, rule, position) for position in range(width)]
    columns = {
        key: replace(column, unit=sheet.text(rule - 1, column.position))
        for key, column in find_columns(names, _COLUMNS).items()
    }
    if not {"time", "vo2"} <= set(columns):
        return None
    return Layout(
        sheet,
        header,
        rule + 1,
        len(sheet.rows),
        _known_ventilation(columns),
        unit_row=rule - 1,
        stops=True,
        events=_events(sheet, rule),
    )


def _name(sheet: Sheet, header: int, rule: int, position: int) -> Cell:
    """The name and the row below it joined, unless that row says the conditions: ``VE/`` and ``VO2`` are one name."""
    first = sheet.text(header, position)
    second = sheet.text(header + 1, position) if rule - header > 2 else ""
    if fold(second) in _CONDITIONS:
        return f"{first} {second}" if fold(first) == "ve" else first
    return first + second if fold(first) != "time" else first


def _known_ventilation(columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """A ventilation that says neither STPD nor BTPS in its name or unit is not used as either."""
    column = columns.get("ve_stpd")
    if column is None or "stpd" in fold(column.name) or "stpd" in column.unit.casefold():
        return columns
    rest = {key: value for key, value in columns.items() if key != "ve_stpd"}
    return {**rest, "ve": column} if "btps" in column.unit.casefold() else rest


def _events(sheet: Sheet, rule: int) -> tuple[tuple[float, str], ...]:
    """Minutes and text of the list under the word "Events"."""
    start = next((row for row in range(rule, len(sheet.rows)) if fold(sheet.cell(row, 0)) == "events"), None)
    found: list[tuple[float, str]] = []
    for row in range((start or len(sheet.rows)) + 1, len(sheet.rows)):
        minutes = _minutes(sheet.cell(row, 0))
        if minutes is None:
            break
        found.append((minutes, sheet.text(row, 1)))
    return tuple(found)


def _minutes(cell: Cell) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


PARVO: Final = Device(
    "parvo",
    "Parvo TrueOne",
    'a first cell that starts with "TIME", between a line of ===== and a line of -----',
    _recognise,
)
