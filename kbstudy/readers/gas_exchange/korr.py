"""KORR CardioCoach: names and units in the first two rows, time first. Written after descriptions of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_at, locate, unit_row_below
from kbstudy.readers.gas_exchange.sheet import Sheet
from kbstudy.readers.gas_exchange.units import is_clock, unit_text

__all__ = ["CARDIOCOACH"]

_COLUMNS: Final = {
    "time": ("time",),
    "vo2": ("vo2",),
    "vco2": ("vco2",),
    "vo2_kg": ("vo2/kg",),
    "rer": ("rer", "rq"),
    "ve": ("ve",),
    "vt": ("vt",),
    "rf": ("rr", "rf", "bf"),
    "hr": ("hr",),
}


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, _COLUMNS, ("time", "vo2", "ve"), within=1)
        if found is None or found[1]["time"].position != 0 or "'" in found[1]["vo2"].name:
            continue
        if unit_row_below(sheet, *found):
            layout = layout_at(sheet, *found)
            unit = layout.columns["time"].unit
            if is_clock(unit) or unit_text(unit) in {"", "min", "sec", "s", "m:ss"}:
                return layout
    return None


CARDIOCOACH: Final = Device(
    "korr_cardiocoach",
    "KORR CardioCoach",
    'the names "Time", "VO2" and "VE" in row 1, the time first, and their units in row 2',
    _recognise,
    seen=False,
)
