"""Calibre: a separated text file whose header cells carry their units. Written after descriptions of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_with_named_units
from kbstudy.readers.gas_exchange.numbers import parse_number
from kbstudy.readers.gas_exchange.sheet import Sheet, fold

__all__ = ["CALIBRE"]

_COLUMNS: Final = {
    "time": ("timer (s)", "timer(s)"),
    "vo2": ("vo2 (slpm)", "vo2(slpm)"),
    "vco2": ("vco2 (slpm)", "vco2(slpm)"),
    "rer": ("rer",),
    "ve": ("minute volume (l/min)",),
    "rf": ("respiratory rate (breaths/min)",),
    "vt": ("tidal volume (l)",),
    "hr": ("hr (bpm)",),
}
_MASS: Final = "body weight (kg)"


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        layout = layout_with_named_units(sheet, _COLUMNS, ("time", "vo2", "vco2"))
        if layout is not None:
            return layout.with_(mass_kg=_mass(layout))
    return None


def _mass(layout: Layout) -> float | None:
    """The body mass stands in every row; it counts if all rows agree."""
    names = [fold(cell) for cell in layout.sheet.rows[layout.header]]
    if _MASS not in names:
        return None
    cells = layout.sheet.column(names.index(_MASS), layout.first, layout.last)
    numbers = {parse_number(cell) if isinstance(cell, str) else cell for cell in cells if cell != ""}
    only = next(iter(numbers)) if len(numbers) == 1 else None
    return only if isinstance(only, float) and only > 0 else None


CALIBRE: Final = Device(
    "calibre", "Calibre", 'a header row with "Timer (s)", "VO2 (slpm)" and "VCO2 (slpm)"', _recognise, seen=False
)
