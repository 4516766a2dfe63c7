"""VO2 Master: comma-separated text or a spreadsheet; no carbon dioxide. Written after descriptions of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_with_named_units
from kbstudy.readers.gas_exchange.sheet import Sheet

__all__ = ["VO2_MASTER"]

_COLUMNS: Final = {
    "time": ("time[s]",),
    "vo2": ("vo2[ml/min]",),
    "vo2_kg": ("vo2[ml/kg/min]",),
    "ve": ("ve[l/min]",),
    "vt": ("tv[l]",),
    "rf": ("rf[bpm]",),
    "hr": ("hr[bpm]",),
    "power": ("power[watts]",),
    "energy": ("calories[kcal/hr]",),
}


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        layout = layout_with_named_units(sheet, _COLUMNS, ("time", "vo2"))
        if layout is not None:
            # sensors that were not selected are exported as 0
            return layout.with_(absent_if_zero=("power", "energy"))
    return None


VO2_MASTER: Final = Device(
    "vo2_master", "VO2 Master", 'a header row with "Time[s]" and "VO2[mL/min]"', _recognise, seen=False
)
