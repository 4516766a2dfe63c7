"""ZAN / nSpire raw files: sections [person], [parameter] and [Data]. Written after descriptions of the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Column, Device, Layout
from kbstudy.readers.gas_exchange.numbers import read_numbers
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, fold, shown

__all__ = ["ZAN"]

_SECTIONS: Final = ("[person]", "[parameter]", "[data]")
_BREATH: Final = re.compile(r"B\d+=")
_RAW: Final = {
    "time": ("zeit", "ms"),
    "vo2": ("vo2", "mL/min"),
    "vco2": ("vco2", "mL/min"),
    "hr": ("hr", "1/min"),
    "power": ("last", "W"),
    # km/h times 1000
    "speed": ("geschw.", "km/h*1000"),
}
_FLOW: Final = ("vin", "tin", "tex")


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        places = {fold(row[0]): number for number, row in reversed(list(enumerate(sheet.rows))) if row}
        if all(section in places for section in _SECTIONS):
            return _layout(sheet, places)
    return None


def _layout(sheet: Sheet, places: dict[str, int]) -> Layout | None:
    names = _names(sheet.rows[places["[parameter]"] + 1 : places["[data]"]])
    head = _head(sheet.rows[: places["[parameter]"]])
    places_of_breaths = [
        number for number in range(places["[data]"] + 1, len(sheet.rows)) if _is_breath(sheet.rows[number])
    ]
    # The number after B= is no parameter; the values after it are.
    rows: list[list[Cell]] = [list(sheet.rows[number][1 : len(names) + 1]) for number in places_of_breaths]
    if "zeit" not in names or "vo2" not in names or not rows:
        return None
    table, columns = _with_ventilation(rows, names)
    start, end = len(head), len(head) + 1
    cut = (end + len(rows) - 1, sheet.cut[1] - 1) if sheet.cut and sheet.cut[0] == places_of_breaths[-1] else None
    return Layout(
        Sheet("", [*head, [*names], *table], cut),
        start,
        end,
        end + len(table),
        columns,
        notes=_others(sheet, places["[data]"], len(rows)),
        numbers=tuple(number + 1 for number in places_of_breaths),
        ends_at_latest=True,
    )


def _others(sheet: Sheet, data: int, breaths: int) -> tuple[str, ...]:
    others = sum(any(map(shown, row)) for row in sheet.rows[data + 1 :]) - breaths
    return (f"{others} lines of [Data] are not breaths; left out",) if others else ()


def _names(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """The third field of the lines ``P=code,scale,name``."""
    return [fold(row[2]) for row in rows if len(row) > 2 and shown(row[0]).upper().startswith("P")]


def _head(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Lines ``gewicht=70`` as label and value; a mass in this section is in kilograms."""
    pairs = [shown(row[0]).partition("=") for row in rows if row]
    return [[f"{key} (kg)" if fold(key) == "gewicht" else key, value] for key, _, value in pairs]


def _is_breath(row: Sequence[Cell]) -> bool:
    return bool(row) and _BREATH.match(shown(row[0])) is not None


def _with_ventilation(rows: list[list[Cell]], names: list[str]) -> tuple[list[list[Cell]], dict[str, Column]]:
    """Columns in the device's units, and breathing rate, tidal volume and ventilation from its breath times."""
    columns = {key: Column(names.index(name), name, unit) for key, (name, unit) in _RAW.items() if name in names}
    if not all(name in names for name in _FLOW):
        return rows, columns
    width = len(names)
    volume, inhaled, exhaled = (read_numbers([_at(row, names.index(name)) for row in rows]).values for name in _FLOW)
    extended = []
    for row, litres, breath in zip(rows, volume / 1000, (inhaled + exhaled) / 60_000, strict=True):
        usable = breath > 0 and litres > 0
        flow: list[Cell] = [1 / breath, litres, litres / breath] if usable else ["", "", ""]
        extended.append([*row, *[""] * (width - len(row)), *flow])
    made = {"rf": "1/min", "vt": "L", "ve": "L/min"}
    columns |= {
        key: Column(width + place, f"{key} from Vin, tin, tex", unit) for place, (key, unit) in enumerate(made.items())
    }
    return extended, columns


def _at(row: Sequence[Cell], place: int) -> Cell:
    return row[place] if place < len(row) else ""


ZAN: Final = Device("zan", "ZAN / nSpire", "the lines [person], [parameter] and [Data]", _recognise, seen=False)
